"""`gateway audit …`: who did what."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import suppress
from typing import Final

import click

from gateway.cli.database import Database, reading
from gateway.cli.options import as_json, print_json, print_json_line, print_row, print_table
from gateway.cli.teaching import Taught
from gateway.stores.listings import AUDIT, Row

_HEAD: Final = ("AT", "ACTOR", "ACTION", "SUBJECT", "TENANT")
_WIDTHS: Final = (16, 24, 20, 32, 25)
_LOOK: Final = 1.0  # seconds
_MOST: Final = 10_000


@click.group("audit")
def command() -> None:
    """The append-only record of what was changed, when and by whom."""


@command.command(
    "tail",
    cls=Taught,
    examples=("gateway audit tail -n 50", "gateway audit tail -f --tenant Acme", "gateway audit tail -f --json | jq ."),
)
@click.option("-n", "count", type=click.IntRange(1, _MOST), default=20, show_default=True, help="How many entries.")
@click.option("-f", "--follow", is_flag=True, help="Go on with what comes, until Ctrl-C; with --json a line an entry.")
@click.option("--tenant", metavar="TENANT", help="Only this tenant's: its id, with or without biz_, or its name.")
@as_json
@reading
def tail(database: Database, count: int, follow: bool, tenant: str | None, as_json: bool) -> None:
    """Show the newest entries, the newest last."""
    tenant_id = database.tenant_id(tenant)
    found = _newest(database, tenant_id, count)
    if not follow:
        if as_json:
            print_json({"entries": found})
        else:
            print_table(_HEAD, [_cells(entry) for entry in found])
        return
    if not as_json:
        print_row(_HEAD, _WIDTHS)
    with suppress(KeyboardInterrupt):
        for entry in _followed(database, tenant_id, found):
            print_json_line(entry) if as_json else print_row(_cells(entry), _WIDTHS)


def _newest(database: Database, tenant: str | None, count: int, after: int = 0) -> list[Row]:
    return database.rows(AUDIT, tenant=tenant, count=count, after=after)[::-1]


def _followed(database: Database, tenant: str | None, found: list[Row]) -> Iterator[Row]:
    last = 0
    while True:
        for entry in found:
            last = entry["id"]
            yield entry
        time.sleep(_LOOK)
        found = _newest(database, tenant, _MOST, last)


def _cells(entry: Row) -> tuple[object, ...]:
    return entry["at"], entry["actor"], entry["action"], entry["subject"], entry["tenant_id"]
