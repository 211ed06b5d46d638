"""Tenants and users of one database. Who exists there never changes while the sandbox runs; roles and activity may, so they are read each time."""

import sqlite3
import time
from dataclasses import dataclass
from typing import Any

from sandbox.moments import render_instant
from sandbox.scene import Row, Workspace

ROLES = ("owner", "admin", "manager", "member", "viewer")


@dataclass(frozen=True, slots=True)
class Tenant:
    number: int
    id: str
    name: str
    api_key: str
    workspace: Workspace


_USERS = (
    "SELECT u.id, t.id, u.email, u.name, u.role, u.active, u.created_at, u.updated_at, u.password"
    " FROM users u JOIN tenants t ON t.number = u.tenant"
)
_MEMBERS = ("id", "tenantId", "email", "name", "role", "active", "createdAt", "updatedAt", "password")


class Directory:
    """named: the id of the only tenant, where the rows were seeded under another one's."""

    def __init__(self, connection: sqlite3.Connection, named: str | None = None) -> None:
        self._connection = connection
        self._named = named
        self.refresh()

    def refresh(self) -> None:
        found = self._connection.execute(
            "SELECT number, id, name, api_key, currency, tax_rate, closed_through, negative_stock FROM tenants ORDER BY number"
        )
        tenants = [
            Tenant(number, tenant_id, name, api_key, Workspace(currency, tax_rate, closed, bool(negative)))
            for number, tenant_id, name, api_key, currency, tax_rate, closed, negative in found
        ]
        self.by_key = {tenant.api_key: tenant for tenant in tenants}
        self.by_id = {tenant.id: tenant for tenant in tenants}
        self._tenant_of = dict(self._connection.execute("SELECT id, tenant FROM users"))

    def employs(self, tenant: Tenant, user_id: str) -> bool:
        return self._tenant_of.get(user_id) == tenant.number

    def user(self, condition: str, value: str) -> Row | None:
        """The user whose `id` or `email` (the condition) is the value, as the services show users, with `password` added."""
        # An address is the same in whatever case it is typed.
        folded = " COLLATE NOCASE" if condition == "email" else ""
        found = self._connection.execute(f"{_USERS} WHERE u.{condition} = ?{folded}", (value,)).fetchone()
        return self._shown(found) if found is not None else None

    def users(self, tenant: Tenant) -> list[Row]:
        found = self._connection.execute(f"{_USERS} WHERE u.tenant = ?", (tenant.number,))
        return [self._shown(one) for one in found]

    def _shown(self, found: tuple[Any, ...]) -> Row:
        user = dict(zip(_MEMBERS, found, strict=True))
        return user | {"tenantId": self._named or user["tenantId"], "active": bool(user["active"])}

    def remember_session(self, token: str, user_id: str) -> None:
        self._connection.execute("INSERT INTO sessions (token, user_id) VALUES (?, ?)", (token, user_id))

    def session_user(self, token: str) -> Row | None:
        found = self._connection.execute("SELECT user_id FROM sessions WHERE token = ?", (token,)).fetchone()
        return self.user("id", found[0]) if found is not None else None


def credentials(connection: sqlite3.Connection) -> dict[str, Any]:
    """What a person or a script needs to sign in anywhere: see README.md, `credentials`."""
    tenants = [
        {
            "business_id": tenant_id,
            "name": name,
            "api_key": api_key,
            "users": [
                {"email": email, "password": password, "role": role, "user_id": user_id}
                for email, password, role, user_id in connection.execute(
                    "SELECT email, password, role, id FROM users WHERE tenant = ? ORDER BY number", (number,)
                )
            ],
        }
        for number, tenant_id, name, api_key in connection.execute(
            "SELECT number, id, name, api_key FROM tenants ORDER BY number"
        ).fetchall()
    ]
    return {"tenants": tenants}


def change_user(connection: sqlite3.Connection, email: str, column: str, value: str | int) -> bool:
    """Sets `role` or `active` of a user; False when nobody has that address."""
    now = render_instant(time.time_ns() // 1_000_000)
    changed = connection.execute(
        f"UPDATE users SET {column} = ?, updated_at = ? WHERE email = ?",  # noqa: S608  (a column's name)
        (value, now, email),
    )
    return changed.rowcount == 1
