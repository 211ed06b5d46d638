"""Tenants and users. Who exists never changes while the sandbox runs; roles and activity may, so they are read each time."""

import sqlite3
from dataclasses import dataclass
from typing import Any

ROLES = ("owner", "admin", "manager", "member", "viewer")


@dataclass(frozen=True, slots=True)
class Tenant:
    number: int
    id: str
    name: str
    api_key: str


class Directory:
    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self.refresh()

    def refresh(self) -> None:
        found = self._connection.execute("SELECT number, id, name, api_key FROM tenants ORDER BY number")
        tenants = [Tenant(*row) for row in found]
        self.by_key = {tenant.api_key: tenant for tenant in tenants}
        self.by_id = {tenant.id: tenant for tenant in tenants}
        self._tenant_of = dict(self._connection.execute("SELECT id, tenant FROM users"))

    def employs(self, tenant: Tenant, user_id: str) -> bool:
        return self._tenant_of.get(user_id) == tenant.number

    def user(self, condition: str, value: str) -> dict[str, Any] | None:
        """The user whose `id` or `email` (the condition) is the value, as the services show users, with `password` added."""
        found = self._connection.execute(
            "SELECT u.id, t.id, u.email, u.name, u.role, u.active, u.password FROM users u JOIN tenants t"  # noqa: S608  (a column's name)
            f" ON t.number = u.tenant WHERE u.{condition} = ?",
            (value,),
        ).fetchone()
        if found is None:
            return None
        key, tenant_id, email, name, role, active, password = found
        return {
            "id": key,
            "tenantId": tenant_id,
            "email": email,
            "name": name,
            "role": role,
            "active": bool(active),
            "password": password,
        }

    def remember_session(self, token: str, user_id: str) -> None:
        self._connection.execute("INSERT INTO sessions (token, user_id) VALUES (?, ?)", (token, user_id))

    def session_user(self, token: str) -> dict[str, Any] | None:
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
    changed = connection.execute(f"UPDATE users SET {column} = ? WHERE email = ?", (value, email))  # noqa: S608  (a column's name)
    return changed.rowcount == 1
