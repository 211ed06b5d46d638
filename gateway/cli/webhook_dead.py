"""`gateway webhooks dead`: deliveries that were given up, and how they are brought after all."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from gateway.cli.context import CliContext, with_context
from gateway.cli.options import as_json, configured, print_json, print_table
from gateway.cli.teaching import Taught
from gateway.cli.webhook_lookup import TENANT, audited, endpoint_of, span

if TYPE_CHECKING:
    from gateway.config import Settings
    from gateway.stores.sql import Session
    from gateway.stores.sql.webhook_deliveries import Delivery

_WEBHOOK = click.option("--webhook", metavar="ID", help="Only those of this subscription.")
_SINCE = click.option(
    "--since", default="24h", show_default=True, metavar="AGE", help="How far back, such as 30m or 7d."
)
_AT_ONCE = 500


@click.group("dead")
def dead() -> None:
    """Deliveries that were given up and have not arrived since."""


@dead.command("list", cls=Taught, examples=("gateway webhooks dead list --tenant Acme --since 7d",))
@TENANT
@_WEBHOOK
@_SINCE
@click.option(
    "--limit", default=100, show_default=True, type=click.IntRange(1, 1000), help="So many, the newest first."
)
@as_json
@configured
def list_(settings: Settings, tenant: str | None, webhook: str | None, since: str, limit: int, as_json: bool) -> None:
    """List them with why."""

    async def work(context: CliContext) -> tuple[Delivery, ...]:
        return await _dead(context, tenant, webhook, datetime.now(UTC) - span(since), limit)

    rows = [_shown(each) for each in with_context(settings, work)]
    if as_json:
        print_json({"dead": rows})
        return
    names = ("id", "webhook_id", "event_type", "reason", "attempts", "last_status", "created_at")
    print_table([name.replace("_", " ").upper() for name in names], [[row[name] for name in names] for row in rows])


@dead.command(
    "replay",
    cls=Taught,
    examples=("gateway webhooks dead replay --since 7d", "gateway webhooks dead replay --webhook whk_…"),
)
@TENANT
@_WEBHOOK
@_SINCE
@as_json
@configured
def replay(settings: Settings, tenant: str | None, webhook: str | None, since: str, as_json: bool) -> None:
    """Send them once more, each as a new delivery with the same webhook-id. What is paused or disabled has them when it is resumed."""
    from gateway.stores.sql import webhook_deliveries, webhook_endpoints

    beginning = datetime.now(UTC) - span(since)

    async def work(context: CliContext) -> int:
        sent = 0
        # Whoever was brought is dead no more, so that each look finds the next.
        while batch := await _dead(context, tenant, webhook, beginning, _AT_ONCE):

            def again(session: Session, batch: tuple[Delivery, ...] = batch) -> int:
                made = [webhook_deliveries.redeliver(session, each.id, datetime.now(UTC)) for each in batch]
                for endpoint in webhook_endpoints.some(session, {each.endpoint_id for each in batch}).values():
                    audited(session, context, endpoint, "replay")
                return sum(each is not None for each in made)

            done = await context.sql.run(again)
            sent += done
            if not done or len(batch) < _AT_ONCE:
                break
        return sent

    count = with_context(settings, work)
    if as_json:
        print_json({"sent": count})
    else:
        click.echo(f"{count} deliveries are on their way once more." if count else "There are none.")


async def _dead(
    context: CliContext, tenant: str | None, webhook: str | None, since: datetime, limit: int
) -> tuple[Delivery, ...]:
    from gateway.stores.sql import webhook_deliveries

    tenant_id = (await context.tenant(tenant)).id if tenant else None
    endpoint_id = (await context.sql.read(endpoint_of, webhook)).id if webhook else None
    return await context.sql.read(
        webhook_deliveries.dead, since, tenant_id=tenant_id, endpoint_id=endpoint_id, limit=limit
    )


def _shown(each: Delivery) -> dict[str, object]:
    return {
        "id": f"dlv_{each.id}",
        "webhook_id": f"whk_{each.endpoint_id}",
        "event_id": f"evt_{each.event_id}",
        "event_type": each.event_type,
        "reason": each.reason,
        "attempts": each.attempts,
        "last_status": each.last_status,
        "created_at": each.created_at,
        "settled_at": each.settled_at,
    }
