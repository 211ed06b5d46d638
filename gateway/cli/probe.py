"""`gateway probe`: what the live services of this deployment answer, and the configuration that follows from it."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from gateway.cli.context import CliContext, with_context
from gateway.cli.failures import NOT_FOUND, REFUSED, UNAVAILABLE, USAGE, Failure
from gateway.cli.options import as_json, configured, print_json, print_table

if TYPE_CHECKING:
    from adapters.core.compile.scopes import Scopes
    from gateway.auth.users import User
    from gateway.config import Runtime, Settings
    from gateway.probing.findings import Report, Sight
    from gateway.stores.sql import tenants

_RECENT = 20


@click.command("probe")
@click.option("--service", help="Only this service. [default: all that serve resources]")
@click.option(
    "--tenant",
    "named",
    metavar="TENANT",
    help="In whose name: an id, with or without biz_, or a name. [default: the first registered, of whose users one has a token]",
)
@click.option("--allow-writes", is_flag=True, help="Also make, change and delete a record of each resource.")
@as_json
@configured
def command(settings: Settings, service: str | None, named: str | None, allow_writes: bool, as_json: bool) -> None:
    """Ask the live services which declared operations they answer, and print the lines for config.yaml.

    Only reads are sent, unless --allow-writes: then each resource gets a record named "gateway probe, to be deleted", which is
    changed and deleted again; whatever watches the service sees that happen. Where nothing can delete it none is made.
    """
    from gateway import factories
    from gateway.deployment import catalogue
    from gateway.probing.asking import Unanswered, probe
    from gateway.probing.service import Named, Service

    known = catalogue(settings)
    askable = tuple(dict.fromkeys(resource.upstream.service for resource in known.resources))
    if service is not None and service not in askable:
        raise Failure(f"no resource is served by {service}: there are {', '.join(askable)}", USAGE)
    wanted = [name for name in settings.services if name in askable and service in (None, name)]
    if not wanted:
        raise Failure(f"the service {service or ' or '.join(askable)} is not configured", USAGE)

    async def work(context: CliContext) -> tuple[str, list[Report], list[Failure]]:
        served = [name for name in settings.services if name in askable]
        async with context.facts(*served, "auth") as facts, AsyncExitStack() as opened:
            tenant, user = await asking(context, facts, named, known.scopes, any_will_do=not allow_writes)
            reports, failures = [], []
            services: dict[str, Service] = {}
            for name in served:
                pool = factories.pool(settings, factories.live(facts), name)
                services[name] = Service(name, pool, _headers(context, facts, name, tenant, user), services)
                opened.push_async_callback(services[name].aclose)
            for name in wanted:
                asked = services[name]
                try:
                    declared = settings.services[name].operations
                    acting = Named(user.id, exists=True) if user is not None else None
                    reports.append(
                        await probe(asked, name, known, declared, settings.ids, writes=allow_writes, acting=acting)
                    )
                except Unanswered as reason:
                    failures.append(Failure(f"services.{name} {reason}", UNAVAILABLE))
            who = f"{tenant.name} ({tenant.id})" + (f" as {user.email}, {user.role}" if user else ", no user")
            return who, reports, failures

    who, reports, failures = with_context(settings, work)
    if as_json and (reports or not failures):
        print_json({"asked_for": who, "services": [asdict(report) for report in reports]})
    elif reports:
        _tell(who, reports)
    left = [record for report in reports for record in report.left]
    if left:
        failures.append(Failure(f"could not be deleted, please do it by hand: {'; '.join(left)}", UNAVAILABLE))
    if failures:
        raise Failure("; ".join(failure.line for failure in failures), failures[0].code)


async def asking(
    context: CliContext, facts: Runtime, named: str | None, scopes: Scopes, *, any_will_do: bool
) -> tuple[tenants.Tenant, User | None]:
    """The tenant to ask for, and on whose behalf, as in `user_of`. Of those that are registered, the first that has such a user."""
    found = await tenants_of(context, named, any_will_do=any_will_do)
    for tenant in found[:_RECENT]:
        if (user := await user_of(context, facts, tenant.id, scopes)) is not None:
            return tenant, user
    return found[0], None


async def tenants_of(context: CliContext, named: str | None, *, any_will_do: bool) -> Sequence[tenants.Tenant]:
    """The tenants that may be asked for, at least one. Writing into the first of several would be a surprise, so it must then be named."""
    from gateway.stores.sql import tenants

    if named is not None:
        return (await context.tenant(named),)
    found = await context.sql.read(tenants.list)
    if not found:
        raise Failure("no tenant is registered: `gateway tenants add` does that", NOT_FOUND)
    if len(found) > 1 and not any_will_do:
        raise Failure("several tenants are registered: say with --tenant whose data may be written to", REFUSED)
    return found


async def user_of(context: CliContext, facts: Runtime, tenant_id: str, scopes: Scopes) -> User | None:
    """The user with the most powers of those who have tokens; None when nobody has, or the auth service cannot be asked."""
    from gateway import factories
    from gateway.auth.scopes import allowed
    from gateway.auth.users import IdentityUnavailable
    from gateway.stores.sql import tokens

    recent = await context.sql.read(tokens.list, tenant_id, limit=_RECENT)
    found: list[User] = []
    identity = factories.identity(context.settings, factories.live(facts))
    try:
        for user_id in dict.fromkeys(token.user_id for token in recent):
            user = await identity.user(tenant_id, user_id)
            found += [user] if user is not None and user.active else []
    except IdentityUnavailable:
        return None
    finally:
        await identity.aclose()
    return max(found, key=lambda user: len(allowed(scopes, user.role, context.settings.roles)), default=None)


def _headers(context: CliContext, facts: Runtime, name: str, tenant: tenants.Tenant, user: User | None) -> bytes:
    """The lines of a call as the gateway would send it."""
    from gateway.auth.identity_lines import identity_lines
    from gateway.keys.tenant_keys import open_tenant_key
    from gateway.upstream import line

    key = facts.service_keys.get(name, "")
    if context.settings.services[name].credentials == "tenant_key":
        if tenant.api_key_sealed is None:
            raise Failure(f"the tenant {tenant.id} has no API key: `gateway tenants add --replace` stores one", USAGE)
        key = open_tenant_key(context.keys, tenant.id, tenant.api_key_sealed)
    request_id = line(b"X-Request-Id", f"probe-{uuid.uuid4().hex}".encode())
    if user is None:
        business = line(b"X-Business-Id", tenant.id.encode())
        return line(b"Authorization", b"Bearer " + key.encode()) + business + request_id
    role = line(b"X-User-Role", user.role.encode("ascii", "replace"))
    return identity_lines(key, tenant.id, user.id) + role + request_id


def _tell(who: str, reports: Sequence[Report]) -> None:
    for report in reports:
        click.echo(f"The service {report.service}, asked for {who}.\n")
        print_table(
            ("RESOURCE", "ROWS", "LIST", "RECORD", "PAGING", "SEARCH", "NAMES AND IDS"),
            [_seen(s) for s in report.sights],
        )
        click.echo("")
        print_table(
            ("OPERATION", "CALL", "VERDICT", "NOTE"),
            [(each.operation, each.call, each.verdict.value, each.note) for each in report.findings],
        )
        click.echo(f"\n{_counted(report)}\n")
        click.echo("\n".join(lines(report)))


def _seen(sight: Sight) -> tuple[object, ...]:
    search = {None: None, True: "structured", False: "no"}[sight.structured_search]
    parts_ = [
        f"{word} {', '.join(names)}"
        for word, names in (("lacks", sight.never), ("also has", sight.strange), ("ids:", sight.misfits))
        if names
    ]
    return (
        sight.resource,
        sight.rows,
        sight.list_envelope,
        sight.record_envelope,
        sight.paging,
        search,
        "; ".join(parts_) or None,
    )


def _counted(report: Report) -> str:
    from gateway.probing.findings import Verdict

    verdicts = [finding.verdict for finding in report.findings]
    parts_ = [f"{verdicts.count(verdict)} {verdict.value}" for verdict in Verdict if verdict in verdicts]
    hint = " (--allow-writes asks those too)" if Verdict.NOT_ASKED in verdicts else ""
    return f"{len(verdicts)} operations: {', '.join(parts_)}{hint}."


def lines(report: Report) -> list[str]:
    """What to put in the place of `operations` under the service in config.yaml."""
    head = f"# config.yaml: in the place of `operations` under services.{report.service}"
    if not report.config:
        return [head, "    operations: {}"]
    entries = [f"      {name}: {_flow(entry)}" for name, entry in report.config.items()]
    return [head, "    operations:", *entries]


def _flow(entry: dict[str, Any]) -> str:
    import yaml

    return yaml.safe_dump(entry, default_flow_style=True, width=1000).strip()
