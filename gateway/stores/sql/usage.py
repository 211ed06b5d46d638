"""How much was asked, day by day: added to in batches, read by the console.

A principal is what stays the same while tokens come and go: the first of a chain of rotated tokens, or an app's grant.
"""

from collections.abc import Collection
from datetime import date
from typing import Any, Literal, NamedTuple, TypeAlias

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from gateway.stores.sql import external_clients
from gateway.stores.sql.inserting import insert_of
from gateway.stores.sql.models import TokenRow
from gateway.stores.sql.oauth_models import ClientRow, GrantRow
from gateway.stores.sql.usage_models import MarkRow, UsageRow

_KEY = ("principal", "day", "contract", "outcome")
_MARK_KEY = ("principal", "day", "contract", "kind", "name")

Mark: TypeAlias = tuple[Literal["shadow", "change", "tool"], str]
"""What a request met: a limit in shadow that would have refused it, a change of its contract that it made use of, or the tool of
agents that it was the first request of.
"""


class Count(NamedTuple):
    """Requests of one principal on one day (UTC) with one outcome: ``ok``, ``refused``, ``limited`` or ``failed``.

    ``contract`` is empty for what was refused before a contract was chosen.
    """

    principal: str
    day: date
    contract: str
    outcome: str
    tenant_id: str
    user_id: str
    requests: int


class Marked(NamedTuple):
    """Requests of one principal on one day that met something: see ``Mark``."""

    principal: str
    day: date
    contract: str
    kind: str
    name: str
    tenant_id: str
    requests: int


class Total(NamedTuple):
    """A sum of requests under a heading: a day, a principal or a contract."""

    of: Any
    outcome: str
    requests: int


class Named(NamedTuple):
    """A principal in words: the name of a token or app, whose it is, and the newest token while that is a person's own."""

    name: str
    user_email: str
    kind: str
    token_id: str


def add(session: Session, counts: Collection[Count]) -> None:
    """Adds to what is there. In order of keys: two workers that add to the same rows must not wait in a circle."""
    _add(session, UsageRow, _KEY, counts)


def mark(session: Session, marked: Collection[Marked]) -> None:
    """The same of what requests met."""
    _add(session, MarkRow, _MARK_KEY, marked)


def _add(session: Session, table: Any, key: tuple[str, ...], counts: Collection[Any]) -> None:
    if not counts:
        return
    insert = insert_of(session)
    statement = insert(table)
    statement = statement.on_conflict_do_update(
        index_elements=key, set_={"requests": table.requests + statement.excluded.requests}
    )
    session.execute(statement, [count._asdict() for count in sorted(counts)])


def marks(
    session: Session, principals: Collection[str], kind: str, since: date
) -> dict[str, tuple[tuple[str, int, date], ...]]:
    """What principals met, by principal: the name of each thing, how often, and on which day last."""
    found: dict[str, tuple[tuple[str, int, date], ...]] = {}
    query = (
        select(MarkRow.principal, MarkRow.name, func.sum(MarkRow.requests), func.max(MarkRow.day))
        .where(MarkRow.principal.in_(principals), MarkRow.kind == kind, MarkRow.day >= since)
        .group_by(MarkRow.principal, MarkRow.name)
        .order_by(MarkRow.name)
    )
    for principal, name, requests, last in session.execute(query):
        found[principal] = (*found.get(principal, ()), (name, int(requests), last))
    return found


def by_day(session: Session, tenant_id: str, user_id: str | None, since: date) -> tuple[Total, ...]:
    """Of the tenant, or of one user in it."""
    return _totals(session, UsageRow.day, tenant_id, user_id, since)


def by_principal(session: Session, tenant_id: str, user_id: str | None, since: date) -> tuple[Total, ...]:
    """The same, by principal."""
    return _totals(session, UsageRow.principal, tenant_id, user_id, since)


def by_contract(session: Session, client_id: str, since: date) -> tuple[Total, ...]:
    """Everything that was asked with one app's tokens, in whichever tenant."""
    grants = select(GrantRow.id).where(GrantRow.client_id == client_id)
    rows = session.execute(
        select(UsageRow.contract, UsageRow.outcome, func.sum(UsageRow.requests))
        .where(UsageRow.principal.in_(grants), UsageRow.day >= since)
        .group_by(UsageRow.contract, UsageRow.outcome)
    )
    return tuple(Total(of, outcome, int(requests)) for of, outcome, requests in rows)


def changes(session: Session, client_id: str, since: date) -> tuple[tuple[str, str, int, date], ...]:
    """The changes that one app's requests were still about: the contract they came under, each one's name, how many, the last day."""
    grants = select(GrantRow.id).where(GrantRow.client_id == client_id)
    rows = session.execute(
        select(MarkRow.contract, MarkRow.name, func.sum(MarkRow.requests), func.max(MarkRow.day))
        .where(MarkRow.principal.in_(grants), MarkRow.kind == "change", MarkRow.day >= since)
        .group_by(MarkRow.contract, MarkRow.name)
        .order_by(MarkRow.contract, MarkRow.name)
    )
    return tuple((contract, name, int(requests), last) for contract, name, requests, last in rows)


def named(session: Session, tenant_id: str, principals: Collection[str]) -> dict[str, Named]:
    """Those of the tenant that are known still."""
    found: dict[str, Named] = {}
    chains = select(TokenRow).where(TokenRow.tenant_id == tenant_id, TokenRow.family.in_(principals))
    for row in session.scalars(chains.where(TokenRow.kind == "personal").order_by(TokenRow.created_at)):
        found[row.family] = Named(row.name, row.user_email, "personal", row.id)
    grants = select(GrantRow, ClientRow.name).join(ClientRow, ClientRow.id == GrantRow.client_id)
    for grant, name in session.execute(grants.where(GrantRow.tenant_id == tenant_id, GrantRow.id.in_(principals))):
        found[grant.id] = Named(name, grant.user_email, "app", "")
    for client in external_clients.known(session, tenant_id, principals):
        found[client.id] = Named(client.client_id, client.user_email, "app", "")
    return found


def forget(session: Session, before: date) -> None:
    """Drops what is older."""
    session.execute(delete(UsageRow).where(UsageRow.day < before))
    session.execute(delete(MarkRow).where(MarkRow.day < before))


def _totals(session: Session, column: Any, tenant_id: str, user_id: str | None, since: date) -> tuple[Total, ...]:
    query = (
        select(column, UsageRow.outcome, func.sum(UsageRow.requests))
        .where(UsageRow.tenant_id == tenant_id, UsageRow.day >= since)
        .group_by(column, UsageRow.outcome)
    )
    if user_id is not None:
        query = query.where(UsageRow.user_id == user_id)
    return tuple(Total(of, outcome, int(requests)) for of, outcome, requests in session.execute(query))
