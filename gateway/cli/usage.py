"""`gateway usage`."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import click

from gateway.cli.database import Database, reading
from gateway.cli.options import as_json, print_json, print_table
from gateway.cli.teaching import Taught
from gateway.stores.listings import USAGE


@click.command(
    "usage",
    cls=Taught,
    examples=(
        "gateway usage --contract 2026-06-01",
        "gateway usage --contract 2026-06-01 --days 7 --tenant Acme --json",
    ),
)
@click.option("--contract", required=True, metavar="DATE", help="The dated contract, such as 2026-06-01.")
@click.option(
    "--days", type=click.IntRange(1, 400), default=90, show_default=True, help="How far back, today included."
)
@click.option("--tenant", metavar="TENANT", help="Only this tenant's: its id, with or without biz_, or its name.")
@as_json
@reading
def command(database: Database, contract: str, days: int, tenant: str | None, as_json: bool) -> None:
    """Show who still asks under a contract, how much, and when last: whom to tell before its sunset."""
    since = (datetime.now(UTC) - timedelta(days=days - 1)).date().isoformat()
    rows = database.rows(USAGE, contract=contract, since=since, tenant=database.tenant_id(tenant))
    if as_json:
        print_json({"contract": contract, "since": since, "usage": rows})
        return
    head = ("TENANT", "KIND", "NAME", "USER", "REQUESTS", "LAST")
    print_table(
        head,
        [
            (row["tenant_id"], row["kind"], row["name"], row["user_email"], row["requests"], row["last_day"])
            for row in rows
        ],
    )
