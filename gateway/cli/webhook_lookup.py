"""What the commands about webhooks share: which one is meant, how far back, and how it is written down."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

import click

from gateway.cli.context import CliContext
from gateway.cli.failures import NOT_FOUND, Failure

if TYPE_CHECKING:
    from gateway.stores.sql import Session
    from gateway.stores.sql.webhook_endpoints import Endpoint

TENANT: Final = click.option(
    "--tenant", metavar="TENANT", help="Only this tenant's: its id, with or without biz_, or its name."
)


def endpoint_of(session: Session, webhook_id: str) -> Endpoint:
    """The subscription of this public id; Failure for none."""
    from gateway.stores.sql import webhook_endpoints

    endpoint = webhook_endpoints.get(session, webhook_id.removeprefix("whk_"))
    if endpoint is None:
        raise Failure(f"there is no webhook {webhook_id}. `gateway webhooks list` shows those there are.", NOT_FOUND)
    return endpoint


def audited(session: Session, context: CliContext, endpoint: Endpoint, action: str) -> None:
    """In the transaction that does it."""
    from gateway.stores.sql import audit

    subject = f"whk_{endpoint.id}"
    event = audit.Event(
        at=datetime.now(UTC),
        tenant_id=endpoint.tenant_id,
        actor=context.actor,
        action=f"webhook.{action}",
        subject=subject,
        detail={"user": endpoint.user_id},
    )
    audit.append(session, event)


def span(text: str) -> timedelta:
    """`30m`, `24h`, `7d` → how long."""
    units = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
    if not (text[:-1].isdigit() and len(text) < 8 and text[-1] in units):
        raise click.BadParameter("write it as 30m, 24h or 7d", param_hint="--since")
    return timedelta(**{units[text[-1]]: int(text[:-1])})
