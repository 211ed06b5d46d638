"""`gateway grants …`: what users granted to apps."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from gateway.cli.context import CliContext, with_context
from gateway.cli.database import Database, reading
from gateway.cli.failures import NOT_FOUND, Failure
from gateway.cli.naming import state
from gateway.cli.options import as_json, configured, print_json, print_table
from gateway.cli.teaching import Taught
from gateway.stores.listings import GRANTS, Row

if TYPE_CHECKING:
    from gateway.config import Settings
    from gateway.stores.sql import Session
    from gateway.stores.sql.grants import Grant, Revoked


@click.group("grants")
def command() -> None:
    """List and revoke what users granted to apps."""


@command.command(
    "list", cls=Taught, examples=("gateway grants list --tenant Acme", "gateway grants list --client app_…")
)
@click.option("--tenant", metavar="TENANT", help="Only this tenant's: its id, with or without biz_, or its name.")
@click.option("--client", "client_id", metavar="CLIENT_ID", help="Only to this app.")
@as_json
@reading
def list_(database: Database, tenant: str | None, client_id: str | None, as_json: bool) -> None:
    """List grants, newest first, the ended ones too."""
    found = database.rows(GRANTS, tenant=database.tenant_id(tenant), client=client_id)
    if as_json:
        print_json({"grants": [_listed(grant) | {"last_used_at": grant["last_used_at"]} for grant in found]})
        return
    print_table(
        ("ID", "CLIENT", "TENANT", "USER", "SCOPES", "STATE", "SINCE", "LAST USED"),
        [
            (
                grant["id"],
                grant["client_id"],
                grant["tenant_id"],
                grant["user_email"],
                " ".join(grant["scopes"]),
                state(grant["revoked_at"], grant["expires_at"]),
                grant["created_at"],
                grant["last_used_at"],
            )
            for grant in found
        ],
    )


@command.command("revoke")
@click.argument("grant_id", metavar="ID")
@click.option("--reason", default="revoked by the operator", show_default=True, help="What the audit says.")
@as_json
@configured
def revoke(settings: Settings, grant_id: str, reason: str, as_json: bool) -> None:
    """End a grant at once, in every worker, with all its tokens. Ending it again announces it again."""
    from gateway.oauth import token_families

    async def work(context: CliContext) -> Grant:
        def write(session: Session) -> tuple[Revoked, ...]:
            grant = _found(session, grant_id)
            return token_families.end(session, grant, reason, actor=context.actor, now=datetime.now(UTC))

        for each in await context.sql.run(write):
            await context.announce(each.tenant_id, each.token_id, each.generation)
        return await context.sql.read(_found, grant_id)

    grant = with_context(settings, work)
    if as_json:
        print_json(_listed(asdict(grant)))
    else:
        click.echo(f"{grant.id} ({grant.user_email} to {grant.client_id}) is revoked.")


def _found(session: Session, grant_id: str) -> Grant:
    from gateway.stores.sql import grants

    grant = grants.get(session, grant_id)
    if grant is None:
        raise Failure(f"there is no grant {grant_id}. `gateway grants list` shows those there are.", NOT_FOUND)
    return grant


def _listed(grant: Row) -> dict[str, object]:
    return {
        "id": grant["id"],
        "client_id": grant["client_id"],
        "tenant": grant["tenant_id"],
        "user": grant["user_email"],
        "scopes": grant["scopes"],
        "state": state(grant["revoked_at"], grant["expires_at"]),
        "created_at": grant["created_at"],
        "expires_at": grant["expires_at"],
        "revoked_at": grant["revoked_at"],
        "revoked_reason": grant["revoked_reason"],
    }
