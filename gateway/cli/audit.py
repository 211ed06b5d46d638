"""`gateway audit …`: who did what."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from gateway.cli.context import Desk, at_desk
from gateway.cli.options import as_json, configured, print_json, print_table

if TYPE_CHECKING:
    from gateway.config import Settings
    from gateway.stores.sql import audit


@click.group("audit")
def command() -> None:
    """The append-only record of what was changed, when and by whom."""


@command.command("tail")
@click.option("-n", "count", type=click.IntRange(1, 10_000), default=20, show_default=True, help="How many entries.")
@click.option("--tenant", metavar="TENANT", help="Only this tenant's: its id, with or without biz_, or its name.")
@as_json
@configured
def tail(settings: Settings, count: int, tenant: str | None, as_json: bool) -> None:
    """Show the newest entries, the newest last."""
    from gateway.stores.sql import audit

    async def work(desk: Desk) -> Sequence[audit.Event]:
        return await desk.sql.read(audit.tail, await desk.tenant_id(tenant), limit=count)

    found = at_desk(settings, work)
    if as_json:
        print_json({"entries": found})
        return
    print_table(
        ("AT", "ACTOR", "ACTION", "SUBJECT", "TENANT"),
        [(entry.at, entry.actor, entry.action, entry.subject, entry.tenant_id) for entry in found],
    )
