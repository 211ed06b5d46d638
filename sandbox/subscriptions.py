"""Who of a tenant is told of what: kept apart from its rows, so that a tenant that is reset is still listened to."""

import sqlite3
from dataclasses import dataclass

Subscription = tuple[str, str, str, str]
"""id, url, events with blanks between, createdAt"""
_COLUMNS = "id, url, events, created_at"


@dataclass(frozen=True, slots=True)
class Subscriptions:
    """Those of one tenant, by its number in the database that they are kept in."""

    connection: sqlite3.Connection
    number: int

    def all(self) -> list[Subscription]:
        sql = f"SELECT {_COLUMNS} FROM subscriptions WHERE tenant = ? ORDER BY created_at, id"  # noqa: S608  (columns)
        return self.connection.execute(sql, (self.number,)).fetchall()

    def add(self, one: Subscription) -> None:
        sql = f"INSERT INTO subscriptions (tenant, {_COLUMNS}) VALUES (?, ?, ?, ?, ?)"  # noqa: S608  (columns)
        self.connection.execute(sql, (self.number, *one))

    def remove(self, key: str) -> bool:
        sql = "DELETE FROM subscriptions WHERE tenant = ? AND id = ?"
        return self.connection.execute(sql, (self.number, key)).rowcount > 0
