"""`gateway webhooks lanes`, `purge` and `test`: how the queues stand, how one is emptied, and whether a receiver answers."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

import click

from gateway.cli.context import CliContext, with_context
from gateway.cli.failures import REFUSED, UNAVAILABLE, Failure
from gateway.cli.options import as_json, configured, print_facts, print_json, print_table
from gateway.cli.teaching import Taught
from gateway.cli.webhook_lookup import TENANT, audited, endpoint_of

if TYPE_CHECKING:
    from gateway.config import Settings
    from gateway.stores.sql import Session
    from gateway.stores.sql.webhook_lanes import Look

_STATES: Final = ("idle", "leased", "blocked", "cursor", "disabled")
_TRIED: Final = 25.0  # seconds: an attempt may take 20


@click.command("lanes", cls=Taught, examples=("gateway webhooks lanes --state blocked",))
@TENANT
@click.option("--state", type=click.Choice(_STATES), help="Only those.")
@as_json
@configured
def lanes(settings: Settings, tenant: str | None, state: str | None, as_json: bool) -> None:
    """List the queues of subscriptions, those with the most to do first: what waits, who delivers, what is blocked until when."""
    from gateway.stores.sql import webhook_clock, webhook_lanes

    async def work(context: CliContext) -> list[dict[str, object]]:
        named = (await context.tenant(tenant)).id if tenant else None

        def looked(session: Session) -> list[dict[str, object]]:
            now = webhook_clock.now(session)
            return [_shown(each, now) for each in webhook_lanes.looks(session, now, named)]

        return [each for each in await context.sql.read(looked) if state in (None, each["state"])]

    rows = with_context(settings, work)
    if as_json:
        print_json({"lanes": rows})
        return
    names = (
        "webhook_id",
        "tenant",
        "host",
        "state",
        "waiting",
        "behind",
        "due_at",
        "blocked_until",
        "failing_since",
        "courier",
    )
    print_table([name.replace("_", " ").upper() for name in names], [[row[name] for name in names] for row in rows])


@click.command("purge", cls=Taught, examples=("gateway webhooks purge whk_…",))
@click.argument("webhook_id", metavar="ID")
@as_json
@configured
def purge(settings: Settings, webhook_id: str, as_json: bool) -> None:
    """Cancel everything that waits for a subscription; its owner reads that it was purged. A replay can bring it back."""
    from gateway.stores.sql import webhook_endpoints

    async def work(context: CliContext) -> int:
        def purged(session: Session) -> int:
            endpoint = endpoint_of(session, webhook_id)
            audited(session, context, endpoint, "purge")
            return webhook_endpoints.purge(session, endpoint.id, "purged", datetime.now(UTC))

        return await context.sql.run(purged)

    count = with_context(settings, work)
    if as_json:
        print_json({"cancelled": count})
    else:
        click.echo(f"{count} deliveries are cancelled.")


@click.command("test", cls=Taught, examples=("gateway webhooks test whk_…",))
@click.argument("webhook_id", metavar="ID")
@as_json
@configured
def test(settings: Settings, webhook_id: str, as_json: bool) -> None:
    """Send a webhook.test now and say what came back. Exit status 5 when it was not taken, 3 for one that is not delivered to."""
    from gateway.problems import Conflicting
    from gateway.stores.sql import webhook_deliveries
    from gateway.webhooks.resending import Resending

    async def work(context: CliContext) -> dict[str, object]:
        endpoint = await context.sql.read(endpoint_of, webhook_id)
        try:
            delivery = await Resending(context.sql).test(endpoint, "", _TRIED)
        except Conflicting as refused:
            raise Failure(f"{webhook_id} is {endpoint.status}: resume it first", REFUSED) from refused
        attempts = await context.sql.read(webhook_deliveries.attempts, delivery.id)
        last = attempts[-1] if attempts else None
        return {
            "id": f"dlv_{delivery.id}",
            "status": delivery.status,
            "reason": delivery.reason,
            "status_code": last.status if last else None,
            "error": last.error if last else None,
            "ms": last.ms if last else None,
        }

    told = with_context(settings, work)
    if as_json:
        print_json(told)
    else:
        print_facts(told)
    if told["status"] != "delivered":
        raise click.exceptions.Exit(UNAVAILABLE)


def _shown(each: Look, now: int) -> dict[str, object]:
    from gateway.stores.sql import webhook_clock

    def moment(at: int | None) -> datetime | None:
        return webhook_clock.moment(at) if at else None

    return {
        "webhook_id": f"whk_{each.endpoint_id}",
        "tenant": each.tenant_id,
        "host": each.host,
        "state": each.state,
        "waiting": each.waiting,
        "behind": each.behind,
        "due_at": moment(each.next_due),
        "blocked_until": moment(each.blocked_until) if each.blocked_until > now else None,
        "failing_since": moment(each.failing_since),
        "courier": each.leased_by,
        "epoch": each.epoch,
    }
