"""`gateway issuers …`: clients of other issuers, as they were seen here."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from gateway.cli.context import CliContext, with_context
from gateway.cli.database import Database, reading
from gateway.cli.failures import NOT_FOUND, Failure
from gateway.cli.options import as_json, configured, print_json, print_table
from gateway.cli.teaching import Taught
from gateway.stores.listings import EXTERNAL

if TYPE_CHECKING:
    from gateway.config import Settings
    from gateway.stores.sql import Session
    from gateway.stores.sql.external_clients import ExternalClient


@click.group("issuers")
def command() -> None:
    """List the clients of other issuers that were here, shut them out and let them in again."""


@command.command("clients", cls=Taught, examples=("gateway issuers clients --tenant Acme",))
@click.option("--tenant", metavar="TENANT", help="Only this tenant's: its id, with or without biz_, or its name.")
@as_json
@reading
def clients(database: Database, tenant: str | None, as_json: bool) -> None:
    """List each client with the user that it acts for, the latest first."""
    found = database.rows(EXTERNAL, tenant=database.tenant_id(tenant))
    if as_json:
        print_json({"clients": [dict(each) for each in found]})
        return
    print_table(
        ("ID", "ISSUER", "CLIENT", "TENANT", "USER", "STATE", "SINCE"),
        [
            (
                each["id"],
                each["issuer"],
                each["client_id"],
                each["tenant_id"],
                each["user_email"] or each["user_id"],
                "active" if each["revoked_at"] is None else "revoked",
                each["created_at"],
            )
            for each in found
        ],
    )


@command.command("revoke")
@click.argument("client", metavar="ID")
@click.option("--reason", default="revoked by the operator", show_default=True, help="What the audit says.")
@as_json
@configured
def revoke(settings: Settings, client: str, reason: str, as_json: bool) -> None:
    """Refuse every token of a client for its user from now on, in every worker, the ones that it is yet to be given too."""
    changed = _changed(settings, client, reason)
    _say(changed, "is revoked", as_json=as_json)


@command.command("restore")
@click.argument("client", metavar="ID")
@as_json
@configured
def restore(settings: Settings, client: str, as_json: bool) -> None:
    """Accept the tokens of a client that was revoked again."""
    changed = _changed(settings, client, None)
    _say(changed, "is let in again", as_json=as_json)


def _changed(settings: Settings, principal: str, reason: str | None) -> ExternalClient:
    from gateway.auth.issuers import access

    async def work(context: CliContext) -> ExternalClient:
        def write(session: Session) -> ExternalClient:
            now = datetime.now(UTC)
            if reason is None:
                changed = access.restore(session, principal, actor=context.actor, now=now)
            else:
                changed = access.revoke(session, principal, reason, actor=context.actor, now=now)
            if changed is None:
                raise Failure(
                    f"there is no client {principal}. `gateway issuers clients` shows those there are.", NOT_FOUND
                )
            return changed

        changed = await context.sql.run(write)
        await context.announce(changed.tenant_id, changed.id, changed.generation)
        return changed

    return with_context(settings, work)


def _say(client: ExternalClient, what: str, *, as_json: bool) -> None:
    if as_json:
        print_json({"id": client.id, "state": "active" if client.revoked_at is None else "revoked"})
    else:
        click.echo(f"{client.id} ({client.client_id} of {client.issuer}) {what}.")
