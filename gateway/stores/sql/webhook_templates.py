"""Templates: what an app subscribes to wherever it is connected, one an app. Its URL and secrets are those of all made of it."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from gateway.stores.sql import many, webhook_endpoints
from gateway.stores.sql.webhook_endpoints import Endpoint
from gateway.stores.sql.webhook_models import EndpointRow, TemplateRow
from gateway.stores.sql.webhook_secrets import WebhookSecret


@dataclass(frozen=True, slots=True)
class Template:
    """`url_sealed` by purpose `webhook-url`, `secret_sealed` by `webhook-secret`, both with the template's id for a subject."""

    id: str
    client_id: str
    url_sealed: str
    url_host: str
    events: tuple[str, ...]
    payload: str
    contract: str
    secret_sealed: str
    secret_prefix: str
    secret_made_at: datetime
    before_sealed: str | None
    before_prefix: str | None
    before_until: datetime | None
    created_at: datetime
    changed_at: datetime


_SHARED: Final = ("url_sealed", "url_host", "events", "payload", "contract")


def of_client(session: Session, client_id: str) -> Template | None:
    """The template of an app, which may have none."""
    row = session.scalars(select(TemplateRow).where(TemplateRow.client_id == client_id)).first()
    return None if row is None else _record(row)


def add(session: Session, template: Template) -> None:
    """The first of an app."""
    columns = {name: getattr(template, name) for name in Template.__slots__}
    session.add(TemplateRow(**columns | {"events": " ".join(template.events)}))
    session.flush()


def change(session: Session, template: Template, at: datetime, **columns: Any) -> None:
    """Changes what is named of url_sealed, url_host, events, payload and contract, and with it all subscriptions made of it."""
    values = {name: " ".join(value) if name == "events" else value for name, value in columns.items()}
    assert set(values) <= set(_SHARED)
    for row, mine in ((TemplateRow, TemplateRow.id), (EndpointRow, EndpointRow.template_id)):
        session.execute(
            update(row)
            .where(mine == template.id)
            .values(**values, changed_at=at)
            .execution_options(synchronize_session=False)
        )
    session.expire_all()


def rotate(session: Session, template: Template, sealed: str, prefix: str, at: datetime, overlap: timedelta) -> None:
    """A new secret for all; the one before signs for `overlap` longer."""
    session.execute(
        update(TemplateRow)
        .where(TemplateRow.id == template.id)
        .values(
            secret_sealed=sealed,
            secret_prefix=prefix,
            secret_made_at=at,
            before_sealed=template.secret_sealed,
            before_prefix=template.secret_prefix,
            before_until=at + overlap,
        )
        .execution_options(synchronize_session=False)
    )
    # Couriers read secrets anew when an endpoint has changed.
    session.execute(
        update(EndpointRow)
        .where(EndpointRow.template_id == template.id)
        .values(changed_at=at)
        .execution_options(synchronize_session=False)
    )
    session.expire_all()


def remove(session: Session, template: Template, at: datetime) -> int:
    """The template with all subscriptions that were made of it; how many those were."""
    made = session.scalars(select(EndpointRow.id).where(EndpointRow.template_id == template.id)).all()
    for endpoint_id in made:
        webhook_endpoints.remove(session, endpoint_id, at)
    session.execute(delete(TemplateRow).where(TemplateRow.id == template.id))
    session.expire_all()
    return len(made)


def made_of(session: Session, template_id: str, tenant_id: str, user_id: str) -> Endpoint | None:
    """The subscription that was made of it for a user of a tenant."""
    found = session.scalars(
        select(EndpointRow.id).where(
            EndpointRow.template_id == template_id, EndpointRow.tenant_id == tenant_id, EndpointRow.user_id == user_id
        )
    ).first()
    return None if found is None else webhook_endpoints.get(session, found)


def own(session: Session, endpoint_id: str, grant_id: str, scopes: Sequence[str], at: datetime) -> None:
    """It is of another grant from now on."""
    session.execute(
        update(EndpointRow)
        .where(EndpointRow.id == endpoint_id)
        .values(owner_id=grant_id, scopes=" ".join(scopes), changed_at=at)
        .execution_options(synchronize_session=False)
    )
    session.expire_all()


def secrets(session: Session, template_ids: Collection[str], now: datetime) -> dict[str, tuple[WebhookSecret, ...]]:
    """Those that sign for all that was made of each, the newest first; their `endpoint_id` is the template's."""
    if not template_ids:
        return {}
    rows = session.scalars(select(TemplateRow).where(many.among(session, TemplateRow.id, template_ids)))
    return {row.id: _secrets(row, now) for row in rows}


def _secrets(row: TemplateRow, now: datetime) -> tuple[WebhookSecret, ...]:
    newest = WebhookSecret(row.id, row.id, row.secret_sealed, row.secret_prefix, row.secret_made_at, None)
    if row.before_sealed is None or row.before_until is None or row.before_until <= now:
        return (newest,)
    before = WebhookSecret(
        row.id, row.id, row.before_sealed, row.before_prefix or "", row.secret_made_at, row.before_until
    )
    return newest, before


def _record(row: TemplateRow) -> Template:
    columns = {name: getattr(row, name) for name in Template.__slots__}
    return Template(**columns | {"events": tuple(row.events.split())})
