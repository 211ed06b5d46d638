"""The database as listings read it: at once where it is the embedded one, through everything else where it has to be."""

from __future__ import annotations

import functools
import os
import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gateway.cli.failures import NOT_FOUND, Failure
from gateway.cli.naming import named
from gateway.cli.options import Command, located
from gateway.stores.listings import TENANTS, Listing, Row, of_file

if TYPE_CHECKING:
    from gateway.config import Settings


class Database:
    """What a deployment has stored.

    The embedded database is read from its file, which takes a tenth of a second, loading included. Another one is reached as
    every command reaches it; so is one that cannot be read, or whose layout is an older release's, to be told or mended there.
    """

    def __init__(self, config: Path | None, data_dir: Path | None) -> None:
        from gateway.config.places import embedded_database

        self._config = config
        self._data_dir = data_dir
        self._file = embedded_database(config, os.environ, data_dir)
        self._settings: Settings | None = None

    def rows(self, listing: Listing, **values: object) -> list[Row]:
        """The rows of the listing. Raises as `with_context` does."""
        if self._file is not None:
            try:
                return of_file(self._file, listing, values)
            except sqlite3.Error:
                self._file = None
        return self._through_context(listing, values)

    def one(self, listing: Listing, what: str, name: str, where: str, **values: object) -> Row:
        """The only row of the listing; Failure says that there is no `what` of this name, and `where` to look."""
        found = self.rows(listing, **values)
        if not found:
            raise Failure(f"there is no {what} {name}. `gateway {where}` shows those there are.", NOT_FOUND)
        return found[0]

    def tenant_id(self, tenant: str | None) -> str | None:
        """The internal id of the tenant that somebody has named; None for None, which stands for all tenants."""
        if tenant is None:
            return None
        return named(tenant, [(row["id"], row["name"]) for row in self.rows(TENANTS)])

    def _through_context(self, listing: Listing, values: dict[str, object]) -> list[Row]:
        from gateway.cli.context import CliContext, with_context
        from gateway.config import load
        from gateway.stores.sql import listing as general

        if self._settings is None:
            self._settings = load(self._config, os.environ, {"server.data_dir": self._data_dir})

        async def work(context: CliContext) -> list[Row]:
            return await context.sql.read(general.rows, listing, values)

        return with_context(self._settings, work)


def reading(command: Command) -> Command:
    """Give a command `--config` and `--data-dir`, and hand it the Database as its first argument."""

    @located
    @functools.wraps(command)
    def with_database(config: Path | None, data_dir: Path | None, **arguments: Any) -> Any:
        return command(Database(config, data_dir), **arguments)

    return with_database  # type: ignore[return-value]
