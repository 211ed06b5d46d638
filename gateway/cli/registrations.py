"""`gateway webhooks registrations`: our own subscriptions with the settings service."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from gateway.cli.context import CliContext, with_context
from gateway.cli.failures import UNAVAILABLE, Failure
from gateway.cli.options import as_json, configured, print_json, print_table
from gateway.cli.teaching import Taught

if TYPE_CHECKING:
    from gateway.config import Settings


@click.command(
    "registrations",
    cls=Taught,
    examples=("gateway webhooks registrations", "gateway webhooks registrations --rotate Acme"),
)
@click.option("--tenant", metavar="TENANT", help="Only this tenant's: its id, with or without biz_, or its name.")
@click.option("--rotate", metavar="TENANT", help="Give this tenant's a new URL; the old one is heard for a day.")
@as_json
@configured
def registrations(settings: Settings, tenant: str | None, rotate: str | None, as_json: bool) -> None:
    """List our subscriptions with the settings service, and times in which events may have been missed."""
    from gateway.stores.sql import webhook_registrations

    async def work(context: CliContext) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
        if rotate is not None:
            await _rotated(context, (await context.tenant(rotate)).id)
        named = (await context.tenant(tenant)).id if tenant else None
        known = await context.sql.read(webhook_registrations.all_of_them)
        gaps = await context.sql.read(webhook_registrations.gaps, named)
        rows = [
            {
                "tenant": e.tenant_id,
                "state": e.state,
                "since": e.created_at,
                "checked_at": e.checked_at,
                "heard_at": e.heard_at,
            }
            for e in known
            if named in (None, e.tenant_id)
        ]
        return rows, [
            {
                "tenant": e.tenant_id,
                "reason": e.reason,
                "since": e.since,
                "until": e.until,
                "reconciled_at": e.reconciled_at,
            }
            for e in gaps
        ]

    found, gaps = with_context(settings, work)
    if as_json:
        print_json({"registrations": found, "gaps": gaps})
        return
    print_table(("TENANT", "STATE", "SINCE", "CHECKED", "HEARD"), [list(each.values()) for each in found])
    if gaps:
        click.echo()
        print_table(("GAP OF", "REASON", "SINCE", "UNTIL", "RECONCILED"), [list(each.values()) for each in gaps])


async def _rotated(context: CliContext, tenant_id: str) -> None:
    from contextlib import AsyncExitStack
    from dataclasses import replace

    from gateway.deployment import catalogue
    from gateway.webhooks.assembling import registrar
    from gateway.webhooks.registering import Unregistered

    async with AsyncExitStack() as stack:
        facts = await stack.enter_async_context(context.facts("settings"))
        if context.live is not None:
            facts = replace(facts, ingest_url=context.live.ingest_url)
        keeping = registrar(context.settings, catalogue(context.settings), facts, context.sql, context.keys, stack)
        try:
            await keeping.rotate(tenant_id)
        except Unregistered as error:
            raise Failure(f"the settings service could not be told: {error}", UNAVAILABLE) from error
