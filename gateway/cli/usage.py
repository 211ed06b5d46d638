"""`gateway usage`."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import click

from gateway.cli.database import Database, reading
from gateway.cli.options import as_json, print_json, print_table
from gateway.cli.teaching import Taught
from gateway.stores.listings import MARKS, USAGE


@click.command(
    "usage",
    cls=Taught,
    examples=(
        "gateway usage",
        "gateway usage --contract 2026-06-01",
        "gateway usage --contract 2026-06-01 --days 7 --tenant Acme --json",
    ),
)
@click.option("--contract", metavar="DATE", help="Only under this dated contract, such as 2026-06-01.")
@click.option(
    "--days", type=click.IntRange(1, 400), default=90, show_default=True, help="How far back, today included."
)
@click.option("--tenant", metavar="TENANT", help="Only this tenant's: its id, with or without biz_, or its name.")
@as_json
@reading
def command(database: Database, contract: str | None, days: int, tenant: str | None, as_json: bool) -> None:
    """Show who asks, how much, and when last; under one contract: whom to tell before its sunset.

    Of the changes that came after the contract, those are named that somebody still has to make, each with the day of the last
    request that had to do with it. Whom a limit with `shadow: true` would have refused is shown with how often.
    """
    since = (datetime.now(UTC) - timedelta(days=days - 1)).date().isoformat()
    asked = {"contract": contract, "since": since, "tenant": database.tenant_id(tenant)}
    rows, marks = database.rows(USAGE, **asked), database.rows(MARKS, **asked)
    for row in rows:
        for kind, told, name in (("shadow", "shadowed", "policy"), ("change", "changes", "change")):
            row[told] = [
                {name: mark["name"], "requests": mark["requests"], "last_day": mark["last_day"]}
                for mark in marks
                if (mark["principal"], mark["kind"]) == (row["principal"], kind)
            ]
    if as_json:
        print_json({"contract": contract, "since": since, "usage": rows})
        return
    head = ("TENANT", "KIND", "NAME", "USER", "REQUESTS", "LAST", "IN SHADOW", "STILL USES")
    print_table(
        head,
        [
            (
                row["tenant_id"],
                row["kind"],
                row["name"],
                row["user_email"],
                row["requests"],
                row["last_day"],
                ", ".join(f"{each['policy']} {each['requests']}" for each in row["shadowed"]) or None,
                ", ".join(f"{each['change']} ({each['last_day']})" for each in row["changes"]) or None,
            )
            for row in rows
        ],
    )
