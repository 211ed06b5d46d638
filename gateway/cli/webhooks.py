"""`gateway webhooks …`: who is told of what, what became of it, and what can be done about it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from gateway.cli.context import CliContext, with_context
from gateway.cli.failures import REFUSED, UNAVAILABLE, Failure
from gateway.cli.options import as_json, configured, print_facts, print_json, print_table
from gateway.cli.reconciling import reconcile
from gateway.cli.registrations import registrations
from gateway.cli.teaching import Taught
from gateway.cli.webhook_dead import dead
from gateway.cli.webhook_lanes import lanes, purge, test
from gateway.cli.webhook_lookup import TENANT, audited, endpoint_of, span

if TYPE_CHECKING:
    from gateway.config import Settings
    from gateway.stores.sql import Session
    from gateway.stores.sql.webhook_endpoints import Endpoint, Health


@click.group("webhooks")
def command() -> None:
    """Look at webhook subscriptions and their deliveries, and help them along."""


@command.command("list", cls=Taught, examples=("gateway webhooks list --tenant Acme",))
@TENANT
@as_json
@configured
def list_(settings: Settings, tenant: str | None, as_json: bool) -> None:
    """List subscriptions with how they go. Of an URL only the host is shown: the rest may be secret."""
    from gateway.stores.sql import tenants, webhook_endpoints

    async def work(context: CliContext) -> list[tuple[Endpoint, Health]]:
        named = (await context.tenant(tenant)).id if tenant else None
        ids = [named] if named else [each.id for each in await context.sql.read(tenants.list)]
        found = [each for one in ids for each in await context.sql.read(webhook_endpoints.of_tenant, one)]
        health = await context.sql.read(webhook_endpoints.health, [each.id for each in found])
        return [(each, health[each.id]) for each in found]

    found = with_context(settings, work)
    if as_json:
        print_json({"webhooks": [_shown(*each) for each in found]})
        return
    rows = [
        (
            f"whk_{e.id}",
            e.tenant_id,
            e.url_host,
            len(e.events),
            e.status,
            e.reason,
            h.backlog,
            h.succeeded_at,
            h.failing_since,
        )
        for e, h in found
    ]
    print_table(("ID", "TENANT", "HOST", "TYPES", "STATUS", "REASON", "BACKLOG", "LAST SUCCESS", "FAILING SINCE"), rows)


@command.command("show", cls=Taught, examples=("gateway webhooks show whk_…",))
@click.argument("webhook_id", metavar="ID")
@as_json
@configured
def show(settings: Settings, webhook_id: str, as_json: bool) -> None:
    """Show one subscription."""
    from gateway.stores.sql import webhook_endpoints

    async def work(context: CliContext) -> dict[str, object]:
        endpoint = await context.sql.read(endpoint_of, webhook_id)
        health = await context.sql.read(webhook_endpoints.health, [endpoint.id])
        return _shown(endpoint, health[endpoint.id])

    found = with_context(settings, work)
    print_json(found) if as_json else print_facts(found)


@command.command("deliveries", cls=Taught, examples=("gateway webhooks deliveries whk_… --status dead",))
@click.argument("webhook_id", metavar="ID")
@click.option(
    "--status", type=click.Choice(("pending", "delivered", "dead", "withheld", "cancelled")), help="Only those."
)
@click.option("--limit", default=25, show_default=True, type=click.IntRange(1, 1000), help="So many, the newest first.")
@as_json
@configured
def deliveries(settings: Settings, webhook_id: str, status: str | None, limit: int, as_json: bool) -> None:
    """List what was sent to a subscription, and what became of it."""
    from gateway.stores.sql import webhook_deliveries

    async def work(context: CliContext) -> list[dict[str, object]]:
        endpoint = await context.sql.read(endpoint_of, webhook_id)
        page = await context.sql.read(webhook_deliveries.page, endpoint.id, status=status, limit=limit)
        return [asdict(each) | {"id": f"dlv_{each.id}", "event_id": f"evt_{each.event_id}"} for each in page]

    found = with_context(settings, work)
    if as_json:
        print_json({"deliveries": found})
        return
    names = ("id", "event_type", "status", "reason", "attempts", "last_status", "next_attempt_at", "created_at")
    print_table([name.replace("_", " ").upper() for name in names], [[each[name] for name in names] for each in found])


@command.command(
    "replay",
    cls=Taught,
    examples=("gateway webhooks replay whk_… --since 24h", "gateway webhooks replay whk_… --since 7d --all"),
)
@click.argument("webhook_id", metavar="ID")
@click.option("--since", default="24h", show_default=True, metavar="AGE", help="How far back, such as 30m, 24h or 7d.")
@click.option("--type", "types", multiple=True, metavar="TYPE", help="Only this type; may be given again.")
@click.option("--all", "everything", is_flag=True, help="What was delivered as well.")
@as_json
@configured
def replay(
    settings: Settings, webhook_id: str, since: str, types: tuple[str, ...], everything: bool, as_json: bool
) -> None:
    """Deliver events once more, behind what comes."""
    from gateway.stores.sql import webhook_replays

    age = span(since)

    async def work(context: CliContext) -> dict[str, object]:
        endpoint = await context.sql.read(endpoint_of, webhook_id)
        now = datetime.now(UTC)

        def begun(session: Session) -> webhook_replays.Replay:
            only: webhook_replays.Only = "all" if everything else "undelivered"
            made = webhook_replays.begin(session, endpoint.id, now - age, now, types, only, now)
            if made is None:
                raise Failure("a replay of this subscription is under way; there is one at a time", REFUSED)
            audited(session, context, endpoint, "replay")
            return made

        made = await context.sql.run(begun)
        return {"id": f"whr_{made.id}", "events": made.total, "since": made.since, "until": made.until}

    found = with_context(settings, work)
    if as_json:
        print_json(found)
    else:
        click.echo(f"{found['id']}: {found['events']} events are looked at, and sent where they are wanted again.")


@command.command("pause", cls=Taught, examples=("gateway webhooks pause whk_…",))
@click.argument("webhook_id", metavar="ID")
@configured
def pause(settings: Settings, webhook_id: str) -> None:
    """Send nothing to a subscription until it is resumed; nothing is lost."""
    from gateway.stores.sql import webhook_endpoints

    _change(
        settings,
        webhook_id,
        "pause",
        lambda s, e: webhook_endpoints.stop(s, e.id, "paused", "operator", datetime.now(UTC)),
    )
    click.echo(f"{webhook_id} is paused.")


@command.command("resume", cls=Taught, examples=("gateway webhooks resume whk_…",))
@click.argument("webhook_id", metavar="ID")
@click.option("--from-now", is_flag=True, help="Without what it missed.")
@configured
def resume(settings: Settings, webhook_id: str, from_now: bool) -> None:
    """Deliver again to a subscription that was paused or disabled, with what it missed."""
    from gateway.stores.sql import webhook_endpoints

    _change(
        settings, webhook_id, "resume", lambda s, e: webhook_endpoints.resume(s, e.id, not from_now, datetime.now(UTC))
    )
    click.echo(f"{webhook_id} is enabled.")


for each in (registrations, reconcile, dead, lanes, purge, test):
    command.add_command(each)


@command.command("vet", cls=Taught, examples=("gateway webhooks vet https://hooks.example.com/in",))
@click.argument("url")
@as_json
@configured
def vet(settings: Settings, url: str, as_json: bool) -> None:
    """Say whether a URL may be called, what it resolves to, and which rule refuses it. Exit status 3 when it may not."""
    import asyncio

    from gateway.cli.vetting import judged

    refused, found = asyncio.run(judged(settings, url))
    if as_json:
        print_json({"allowed": refused is None, "rule": refused, "addresses": found})
    else:
        print_table(("ADDRESS", "VERDICT"), [list(each.values()) for each in found])
        click.echo(f"refused: {refused}" if refused else "It may be called.")
    if refused:
        raise click.exceptions.Exit(REFUSED)


@command.command(
    "listen", cls=Taught, examples=("gateway webhooks listen --forward-to http://localhost:3000/in --token gw_pat_…",)
)
@click.option("--forward-to", required=True, metavar="URL", help="Where your program listens.")
@click.option(
    "--token", required=True, envvar="GATEWAY_TOKEN", help="An access token with webhook.read. [env: GATEWAY_TOKEN]"
)
@click.option("--api", metavar="URL", help="The API. [default: the gateway of this data directory]")
@click.option("--secret", metavar="WHSEC", help="What to sign with; made up when left out.")
@click.option("--count", type=click.IntRange(1), help="Stop after so many events.")
@configured
def listen(
    settings: Settings, forward_to: str, token: str, api: str | None, secret: str | None, count: int | None
) -> None:
    """Post events to your own machine as they come, signed: no address of it need be reachable from outside."""
    from gateway.cli.context import running
    from gateway.cli.listening import Listening

    if api is None:
        live = running(settings)
        if live is None:
            raise Failure("no gateway runs on this data directory: name the API with --api", UNAVAILABLE)
        api = settings.brands[0].origin(live.public_port)
    Listening(settings, api, token, forward_to, secret).run(count)


def _change(settings: Settings, webhook_id: str, action: str, work: Callable[[Session, Endpoint], object]) -> None:
    async def done(context: CliContext) -> None:
        def write(session: Session) -> None:
            endpoint = endpoint_of(session, webhook_id)
            work(session, endpoint)
            audited(session, context, endpoint, action)

        await context.sql.run(write)

    with_context(settings, done)


def _shown(endpoint: Endpoint, health: Health) -> dict[str, object]:
    kept = {
        name: value
        for name, value in asdict(endpoint).items()
        if name not in ("url_sealed", "headers_sealed", "template_id")
    }
    return kept | {"id": f"whk_{endpoint.id}"} | asdict(health)
