"""How people name things to a command."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Final

from gateway.cli.failures import NOT_FOUND, USAGE, Failure

TENANT: Final = "biz_"
TOKEN: Final = "tok_"  # noqa: S105 - the beginning of an id


def named(tenant: str, known: Iterable[tuple[str, str]]) -> str:
    """The internal id of the tenant of this internal id, public id (`biz_…`) or exact name, among `known` ids and names.

    Failure for none, or for several of one name.
    """
    found = [internal_id for internal_id, name in known if tenant.removeprefix(TENANT) == internal_id or tenant == name]
    if len(found) == 1:
        return found[0]
    if found:
        raise Failure(f"several tenants are called {tenant}: name one by its id", USAGE)
    raise Failure(f"there is no tenant {tenant}. `gateway tenants list` shows those there are.", NOT_FOUND)


def state(revoked_at: datetime | None, expires_at: datetime) -> str:
    """What has become of a token or a grant."""
    if revoked_at is not None:
        return "revoked"
    return "expired" if expires_at <= datetime.now(UTC) else "active"
