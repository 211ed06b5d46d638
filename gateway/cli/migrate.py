"""`gateway migrate`."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from gateway.cli.failures import NOT_FOUND, REFUSED, Failure
from gateway.cli.options import as_json, configured, print_json
from gateway.cli.teaching import Taught

if TYPE_CHECKING:
    from gateway.config import Settings


@click.command("migrate", cls=Taught, examples=("gateway migrate", "gateway migrate --to 0013"))
@click.option("--to", "wanted", metavar="LAYOUT", help="Take the database back to this layout. [default: the newest]")
@as_json
@configured
def command(settings: Settings, wanted: str | None, as_json: bool) -> None:
    """Bring the database to the newest layout, as every start does; or back to an older one, with `--to`.

    The release before works with the newer layout: going back to it needs none of this. On the way back is lost what newer layouts
    alone can hold, so save the database first, and stop every gateway.
    """
    from gateway import factories
    from gateway.cli.context import running
    from gateway.observe import logs
    from gateway.stores.sql import migrate

    logs.configure("error", sys.stderr.buffer)
    url, known = factories.sql_url(settings), migrate.known()
    live = running(settings)
    before = migrate.layout(url, timeout=settings.stores.sql_timeout)
    if wanted is None:
        migrate.migrate(url, timeout=settings.stores.sql_timeout)
    elif wanted not in known:
        raise Failure(f"there is no layout {wanted}: they are {known[0]} to {known[-1]}", NOT_FOUND)
    elif before is not None and before not in known:
        raise Failure(f"its layout {before} is a later release's: take it back with that one", REFUSED)
    elif before is None:
        raise Failure("the database is empty", NOT_FOUND)
    elif live is not None:
        raise Failure("a gateway runs on it: stop every gateway first", REFUSED)
    else:
        migrate.take_back(url, wanted)
    now = migrate.layout(url, timeout=settings.stores.sql_timeout)
    if as_json:
        print_json({"layout": now, "before": before, "newest": known[-1]})
    elif now == before:
        click.echo(f"The database has the layout {now} already.")
    else:
        click.echo(f"The database has the layout {now} now; before it was {before or 'empty'}.")
