"""`gateway tenants …`: the workspaces this gateway serves, and the internal API key of each."""

from __future__ import annotations

import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gateway.cli.context import CliContext, with_context
from gateway.cli.database import Database, reading
from gateway.cli.failures import REFUSED, USAGE, Failure
from gateway.cli.options import as_json, configured, print_facts, print_json, print_table
from gateway.cli.teaching import Taught
from gateway.stores.listings import TENANTS, Row

if TYPE_CHECKING:
    from gateway.config import Settings
    from gateway.stores.sql import Session, tenants


@click.group("tenants")
def command() -> None:
    """Register tenants, list, show, change and remove them."""


@command.command("add", cls=Taught, examples=("gateway tenants add clx… --name Acme --api-key-file key",))
@click.argument("business_id", metavar="BUSINESS_ID")
@click.option("--name", required=True, help="The name people see.")
@click.option(
    "--api-key-file",
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    help="Where the internal API key is. [default: standard input]",
)
@click.option("--replace", is_flag=True, help="Give a registered tenant this name and key.")
@click.option("--untried", is_flag=True, help="Store the key without asking the services whether they take it.")
@as_json
@configured
def add(
    settings: Settings,
    business_id: str,
    name: str,
    api_key_file: Path | None,
    replace: bool,
    untried: bool,
    as_json: bool,
) -> None:
    """Register a tenant. Its internal API key is stored sealed; it comes from a file or standard input, never from an argument.

    The services that are called with it are asked once whether they take it. A key that one refuses is not stored; one that
    does not answer is named, and the key is stored all the same.
    """
    from adapters import ids
    from gateway.process import first_start
    from gateway.stores.sql import tenants

    key = _key(api_key_file)
    business_id = business_id.removeprefix(ids.TENANT.prefix)

    async def work(context: CliContext) -> tenants.Tenant:
        if not untried:
            await _try(context, business_id, key)

        def write(session: Session) -> tenants.Tenant:
            if not replace and tenants.get(session, business_id) is not None:
                raise Failure(f"the tenant {business_id} is registered already; --replace changes it", REFUSED)
            return first_start.register(session, context.keys, business_id, name, key, actor=context.actor)

        return await context.sql.run(write)

    added = with_context(settings, work)
    if as_json:
        print_json(_described(added))
    else:
        click.echo(f"{added.id} ({added.name}) is registered.")


@command.command("list")
@as_json
@reading
def list_(database: Database, as_json: bool) -> None:
    """List the registered tenants."""
    found = database.rows(TENANTS)
    if as_json:
        print_json({"tenants": [_listed(tenant) for tenant in found]})
    else:
        rows = [(tenant["id"], tenant["name"], tenant["plan"], tenant["created_at"]) for tenant in found]
        print_table(("BUSINESS_ID", "NAME", "PLAN", "SINCE"), rows)


@command.command("show")
@click.argument("tenant", metavar="TENANT")
@as_json
@configured
def show(settings: Settings, tenant: str, as_json: bool) -> None:
    """Show a tenant, and the limits that hold for it."""
    from gateway.config.plans import Plan, of_plan

    async def work(context: CliContext) -> tenants.Tenant:
        return await context.tenant(tenant)

    found = with_context(settings, work)
    limits = of_plan(settings.limits, settings.plans, found.plan)
    told = {name: getattr(limits, name).model_dump() for name in Plan.model_fields}
    if as_json:
        print_json({**_described(found), "limits": told})
        return
    print_facts({**_described(found), **{f"limits.{name}": _in_words(limit) for name, limit in told.items()}})


@command.command("set", cls=Taught, examples=("gateway tenants set Acme --plan scale",))
@click.argument("tenant", metavar="TENANT")
@click.option("--plan", metavar="PLAN", help="One of `plans` in the configuration.")
@click.option("--no-plan", is_flag=True, help="Give it back the limits of every tenant.")
@as_json
@configured
def set_(settings: Settings, tenant: str, plan: str | None, no_plan: bool, as_json: bool) -> None:
    """Change a tenant's plan, and so its limits, at once on every worker."""
    from gateway.stores.sql import audit, tenants, tokens
    from gateway.stores.sql.audit import Event

    if (plan is None) is not no_plan:
        raise Failure("say --plan PLAN or --no-plan", USAGE)
    if plan is not None and plan not in settings.plans:
        known = ", ".join(sorted(settings.plans)) or "none are configured"
        raise Failure(f"there is no plan {plan} in the configuration ({known})", REFUSED)

    async def work(context: CliContext) -> tenants.Tenant:
        before, now = await context.tenant(tenant), datetime.now(UTC)

        def write(session: Session) -> tuple[tuple[str, int], ...]:
            tenants.set_plan(session, before.id, plan)
            detail = {"plan": plan, "before": before.plan}
            subject = f"tenant:{before.id}"
            event = Event(
                at=now, tenant_id=before.id, actor=context.actor, action="tenant.plan", subject=subject, detail=detail
            )
            audit.append(session, event)
            return tokens.renew(session, before.id, now)

        for token_id, generation in await context.sql.run(write):
            await context.announce(before.id, token_id, generation)
        return replace(before, plan=plan)

    changed = with_context(settings, work)
    if as_json:
        print_json(_described(changed))
    else:
        click.echo(f"{changed.id} ({changed.name}) has " + (f"the plan {plan}." if plan else "no plan."))


@command.command(
    "remove", cls=Taught, examples=("gateway tenants remove Acme", "gateway tenants remove biz_clx… --force")
)
@click.argument("tenant", metavar="TENANT")
@click.option("--force", is_flag=True, help="Even when tokens, grants, apps and webhooks end with it.")
@as_json
@configured
def remove(settings: Settings, tenant: str, force: bool, as_json: bool) -> None:
    """Serve nobody of a tenant any more, at once. Its API key is forgotten; what its users did stays in listings and audit.

    Its tokens, what its users granted to apps, the apps that they registered and its webhooks end. `tenants add` registers it anew.
    """
    from gateway.oauth import departure

    async def work(context: CliContext) -> tuple[tenants.Tenant, dict[str, int]]:
        leaving, now = await context.tenant(tenant), datetime.now(UTC)
        living = (await context.sql.read(departure.living, leaving.id, now)).counts
        if any(living.values()) and not force:
            raise Failure(f"{_told(living)} of {leaving.name} would end. --force ends them.", REFUSED)
        await context.sql.run(departure.remove, leaving.id, actor=context.actor, now=now)
        ended, announced = await context.sql.run(departure.end, leaving.id, actor=context.actor, now=now)
        for each in announced:
            await context.announce(each.tenant_id, each.token_id, each.generation)
        return leaving, ended.counts

    left, ended = with_context(settings, work)
    if as_json:
        print_json({**_described(left), "ended": ended})
    else:
        click.echo(f"{left.id} ({left.name}) is removed, with {_told(ended)}.")


def _told(counts: dict[str, int]) -> str:
    names = {"tokens": "tokens", "grants": "grants to apps", "apps": "apps of its own", "webhooks": "webhooks"}
    return ", ".join(f"{counts[kind]} {name}" for kind, name in names.items())


async def _try(context: CliContext, business_id: str, key: str) -> None:
    from gateway.deployment import catalogue
    from gateway.probing.tenant_key import tried
    from gateway.process import runtime_facts

    facts = context.live or runtime_facts.runtime(context.settings, "", None, 0)
    said = await tried(context.settings, facts, catalogue(context.settings).resources, business_id, key)
    if refusing := [name for name, word in said.items() if word == "refused"]:
        raise Failure(
            f"this key is refused by {', '.join(f'services.{name}' for name in refusing)} for {business_id}. "
            "--untried stores it all the same.",
            REFUSED,
        )
    for name, word in said.items():
        if word != "taken":
            click.echo(f"gateway: services.{name} could not be asked about the key ({word}).", err=True)


def _key(file: Path | None) -> str:
    if file is not None:
        key = file.read_text()
    elif sys.stdin.isatty():
        key = click.prompt("Internal API key", hide_input=True, err=True)
    else:
        key = sys.stdin.read()
    key = key.strip()
    if not key or not key.isascii() or not key.isprintable():
        raise Failure("the internal API key must be printable ASCII, and not empty", USAGE)
    return key


def _listed(tenant: Row) -> dict[str, object]:
    return {
        "business_id": tenant["id"],
        "name": tenant["name"],
        "plan": tenant["plan"],
        "created_at": tenant["created_at"],
    }


def _described(tenant: tenants.Tenant) -> dict[str, object]:
    return {"business_id": tenant.id, "name": tenant.name, "plan": tenant.plan, "created_at": tenant.created_at}


def _in_words(limit: dict[str, Any]) -> str:
    burst = "" if limit["burst"] is None else f", {limit['burst']} at once"
    return f"{limit['quota']} in {limit['window']:.0f} s{burst}" + (", in shadow" if limit["shadow"] else "")
