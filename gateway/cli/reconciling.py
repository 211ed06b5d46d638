"""`gateway webhooks reconcile`: a time in which events were missed, as only an operator knows."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from gateway.cli.context import CliContext, with_context
from gateway.cli.options import as_json, configured, print_facts, print_json
from gateway.cli.teaching import Taught

if TYPE_CHECKING:
    from gateway.config import Settings
    from gateway.stores.sql.webhook_registrations import Gap

_MOMENT = click.DateTime(["%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%dT%H:%MZ", "%Y-%m-%d"])


@click.command(
    "reconcile",
    cls=Taught,
    examples=("gateway webhooks reconcile --tenant Acme --since 2026-11-02T09:00Z --until 2026-11-02T10:30Z",),
)
@click.option("--tenant", required=True, metavar="TENANT", help="Its id, with or without biz_, or its name.")
@click.option("--since", required=True, type=_MOMENT, metavar="MOMENT", help="From when, in UTC.")
@click.option("--until", type=_MOMENT, metavar="MOMENT", help="Until when, in UTC; now, when left out.")
@as_json
@configured
def reconcile(settings: Settings, tenant: str, since: datetime, until: datetime | None, as_json: bool) -> None:
    """Have what was created in a time looked for, and told of once, where nobody told of it.

    The couriers do it within a minute. Only creations can be found in what is there now; nothing else is guessed.
    """
    from gateway.stores.sql import webhook_registrations
    from gateway.webhooks.reconciling import ASKED

    begin, end = since.replace(tzinfo=UTC), until.replace(tzinfo=UTC) if until else datetime.now(UTC)
    if begin >= end:
        raise click.BadParameter("lies before --since", param_hint="--until")

    async def work(context: CliContext) -> Gap:
        named = (await context.tenant(tenant)).id
        return await context.sql.run(webhook_registrations.add_gap, named, ASKED, begin, end)

    gap = with_context(settings, work)
    told = {"tenant": gap.tenant_id, "since": gap.since, "until": gap.until}
    if as_json:
        print_json(told)
        return
    print_facts(told)
    click.echo("\nThe couriers look for it within a minute; `gateway webhooks registrations` shows when they have.")
