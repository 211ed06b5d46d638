"""What operators list, as plain SQL that both databases understand: read through whichever driver is at hand.

The library of `gateway.stores.sql` takes longer to load than all else that a listing needs. A SQLite file is read here, with
what Python brings along; any other database with the same texts through a session (`gateway/stores/sql/listing.py`).
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

Row = dict[str, Any]

_PATIENCE: Final = 5.0  # seconds


@dataclass(frozen=True, slots=True)
class Listing:
    """A query, and which of its columns are more than they look: `moments`, `words` (a text of several), `documents` (JSON)."""

    sql: str
    moments: frozenset[str] = frozenset()
    words: frozenset[str] = frozenset()
    documents: frozenset[str] = frozenset()

    def row(self, found: Mapping[str, Any]) -> Row:
        """A row as a driver gives it, in types of Python; moments in UTC."""
        return dict(self._values(found))

    def _values(self, found: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
        for name, value in found.items():
            if value is None:
                yield name, None
            elif name in self.moments:
                yield name, _moment(value)
            elif name in self.words:
                yield name, tuple(value.split())
            elif name in self.documents and isinstance(value, str):
                yield name, json.loads(value)
            else:
                yield name, value


def _moment(value: str | datetime) -> datetime:
    moment = datetime.fromisoformat(value) if isinstance(value, str) else value
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


_TIMES: Final = frozenset({"created_at", "expires_at", "revoked_at", "last_used_at"})

TENANTS: Final = Listing(
    "SELECT id, name, created_at, plan FROM tenants WHERE removed_at IS NULL AND mode = 'live' ORDER BY name, id",
    frozenset({"created_at"}),
)
TOKENS: Final = Listing(
    "SELECT id, kind, name, tenant_id, user_email, scopes, display_prefix, created_at, expires_at, revoked_at, "
    "revoked_reason, last_used_at, rotated_to FROM tokens "
    "WHERE (CAST(:tenant AS TEXT) IS NULL OR tenant_id = :tenant) AND (CAST(:id AS TEXT) IS NULL OR id = :id) "
    "ORDER BY created_at DESC, id DESC",
    _TIMES,
    frozenset({"scopes"}),
)
USAGE: Final = Listing(
    "SELECT u.tenant_id, CASE WHEN g.id IS NULL AND e.id IS NULL THEN 'token' ELSE 'app' END AS kind, "
    "COALESCE(c.name, e.client_id, (SELECT t.name FROM tokens t WHERE t.family = u.principal ORDER BY t.created_at DESC LIMIT 1)) AS name, "
    "COALESCE(g.user_email, e.user_email, (SELECT t.user_email FROM tokens t WHERE t.family = u.principal LIMIT 1)) AS user_email, "
    "u.principal, SUM(u.requests) AS requests, MAX(CAST(u.day AS TEXT)) AS last_day "
    "FROM usage u LEFT JOIN grants g ON g.id = u.principal LEFT JOIN clients c ON c.id = g.client_id "
    "LEFT JOIN external_clients e ON e.id = u.principal "
    "WHERE (CAST(:contract AS TEXT) IS NULL OR u.contract = :contract) AND CAST(u.day AS TEXT) >= :since "
    "AND (CAST(:tenant AS TEXT) IS NULL OR u.tenant_id = :tenant) "
    "GROUP BY u.tenant_id, u.principal, g.id, g.user_email, c.name, e.id, e.client_id, e.user_email "
    "ORDER BY requests DESC, u.principal"
)
MARKS: Final = Listing(
    "SELECT principal, kind, name, SUM(requests) AS requests, MAX(CAST(day AS TEXT)) AS last_day FROM usage_marks "
    "WHERE (CAST(:contract AS TEXT) IS NULL OR contract = :contract) AND CAST(day AS TEXT) >= :since "
    "AND (CAST(:tenant AS TEXT) IS NULL OR tenant_id = :tenant) "
    "GROUP BY principal, kind, name ORDER BY principal, kind, name"
)
CLIENTS: Final = Listing(
    "SELECT id, name, redirect_uris, scopes, auth_method, logo_uri, client_uri, origin, document_url, created_at, disabled_at "
    "FROM clients WHERE CAST(:id AS TEXT) IS NULL OR id = :id ORDER BY created_at, id",
    frozenset({"created_at", "disabled_at"}),
    frozenset({"scopes"}),
    frozenset({"redirect_uris"}),
)
CLIENT_SECRETS: Final = Listing(
    "SELECT display_prefix, created_at FROM client_secrets WHERE client_id = :id AND revoked_at IS NULL "
    "ORDER BY created_at DESC, id",
    frozenset({"created_at"}),
)
GRANTS: Final = Listing(
    "SELECT g.id, g.client_id, g.tenant_id, g.user_email, g.scopes, g.created_at, g.expires_at, g.revoked_at, g.revoked_reason, "
    "(SELECT max(t.last_used_at) FROM tokens t WHERE t.family = g.id AND t.kind = 'app') AS last_used_at FROM grants g "
    "WHERE (CAST(:tenant AS TEXT) IS NULL OR g.tenant_id = :tenant) "
    "AND (CAST(:client AS TEXT) IS NULL OR g.client_id = :client) ORDER BY g.created_at DESC, g.id",
    _TIMES,
    frozenset({"scopes"}),
)
EXTERNAL: Final = Listing(
    "SELECT id, issuer, client_id, tenant_id, user_id, user_email, created_at, revoked_at, revoked_reason FROM external_clients "
    "WHERE CAST(:tenant AS TEXT) IS NULL OR tenant_id = :tenant ORDER BY created_at DESC, id",
    frozenset({"created_at", "revoked_at"}),
)
AUDIT: Final = Listing(
    "SELECT id, at, tenant_id, actor, action, subject, address, detail FROM audit "
    "WHERE id > :after AND (CAST(:tenant AS TEXT) IS NULL OR tenant_id = :tenant) ORDER BY id DESC LIMIT :count",
    frozenset({"at"}),
    documents=frozenset({"detail"}),
)


def of_file(database: Path, listing: Listing, values: Mapping[str, object]) -> list[Row]:
    """The rows of a SQLite file, which is not changed. `sqlite3.Error` where it cannot be read, or has an older layout."""
    place = f"{database.absolute().as_uri()}?mode=ro"
    with closing(sqlite3.connect(place, _PATIENCE, uri=True)) as connection:
        connection.row_factory = sqlite3.Row
        return [listing.row(dict(row)) for row in connection.execute(listing.sql, values)]
