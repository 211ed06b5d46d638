"""`gateway tokens …`: personal access tokens."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal

import click

from gateway.cli.context import CliContext, with_context
from gateway.cli.database import Database, reading
from gateway.cli.failures import NOT_FOUND, Failure
from gateway.cli.naming import TOKEN, state
from gateway.cli.options import as_json, configured, print_facts, print_json, print_table
from gateway.cli.teaching import Taught
from gateway.stores.listings import TOKENS, Row

if TYPE_CHECKING:
    from gateway.auth.issuing import Issued
    from gateway.config import Settings
    from gateway.stores.sql import Session, tokens


class Lifetime(click.ParamType[float]):
    """`30d` → seconds."""

    name = "duration"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        from pydantic_core import PydanticCustomError

        from gateway.config.quantities import seconds

        try:
            return seconds(value)
        except PydanticCustomError as error:
            fix = (error.context or {}).get("fix", "")
            self.fail(f"{value!r} {error.message()}. {fix}", param, ctx)


@click.group("tokens")
def command() -> None:
    """Create, list, show, revoke and rotate personal access tokens."""


@command.command(
    "create",
    cls=Taught,
    scopes=True,
    examples=(
        'gateway tokens create --tenant Acme --user jane@acme.example --scope "{scopes}"',
        'gateway tokens create --tenant biz_clx… --user jane@acme.example --scope "{scopes}" --expires-in 30d',
    ),
)
@click.option(
    "--tenant",
    required=True,
    metavar="TENANT",
    help="The tenant that the token belongs to: its id, with or without biz_, or its name.",
)
@click.option("--user", "email", required=True, metavar="EMAIL", help="The user that the token acts as.")
@click.option("--scope", required=True, metavar='"A B"', help="Scopes of those below, separated by spaces.")
@click.option("--expires-in", "lifetime", type=Lifetime(), help="The lifetime, such as 30d.")
@click.option(
    "--for",
    "audience",
    type=click.Choice(["api", "mcp"]),
    default="api",
    show_default=True,
    help="The door that it opens: /v1, or /mcp for agents.",
)
@click.option("--name", default="Personal access token", show_default=True, help="What listings call it.")
@as_json
@configured
def create(
    settings: Settings,
    tenant: str,
    email: str,
    scope: str,
    lifetime: float | None,
    audience: Literal["api", "mcp"],
    name: str,
    as_json: bool,
) -> None:
    """Make a token for a user of a tenant. It is shown this once."""
    from gateway.auth import issuing
    from gateway.deployment import catalogue

    offered = catalogue(settings).scopes

    async def work(context: CliContext) -> Issued:
        async with context.identity() as identity:
            tenant_id = (await context.tenant(tenant)).id
            user = await identity.user_by_email(tenant_id, email)
        if user is None:
            raise Failure(f"the tenant {tenant} has no user {email}", NOT_FOUND)
        now = datetime.now(UTC)

        def write(session: Session) -> Issued:
            return issuing.issue(
                session,
                context.keys,
                context.settings,
                offered,
                user,
                name=name,
                scopes=scope.split(),
                lifetime=lifetime,
                actor=context.actor,
                now=now,
                audience=audience,
            )

        return await context.sql.run(write)

    _show(with_context(settings, work), as_json=as_json)


@command.command("list", cls=Taught, examples=("gateway tokens list --tenant Acme", "gateway tokens list --json"))
@click.option("--tenant", metavar="TENANT", help="Only this tenant's: its id, with or without biz_, or its name.")
@as_json
@reading
def list_(database: Database, tenant: str | None, as_json: bool) -> None:
    """List tokens, newest first, the revoked and the expired ones too."""
    found = database.rows(TOKENS, tenant=database.tenant_id(tenant), id=None)
    if as_json:
        print_json({"tokens": [_listed(token) for token in found]})
        return
    print_table(
        ("ID", "NAME", "TENANT", "USER", "SCOPES", "STATE", "EXPIRES", "LAST USED"),
        [
            (
                TOKEN + token["id"],
                token["name"],
                token["tenant_id"],
                token["user_email"],
                " ".join(token["scopes"]),
                state(token["revoked_at"], token["expires_at"]),
                token["expires_at"],
                token["last_used_at"],
            )
            for token in found
        ],
    )


@command.command("show")
@click.argument("token_id", metavar="ID")
@as_json
@reading
def show(database: Database, token_id: str, as_json: bool) -> None:
    """Show one token: whose it is, what it may do, and what has become of it."""
    internal_id = token_id.removeprefix(TOKEN)
    token = database.one(TOKENS, "token", token_id, "tokens list", tenant=None, id=internal_id)
    successor = token["rotated_to"] and TOKEN + token["rotated_to"]
    described = _listed(token) | {"revoked_reason": token["revoked_reason"], "rotated_to": successor}
    if as_json:
        print_json(described)
    else:
        print_facts(described)


@command.command("revoke")
@click.argument("token_id", metavar="ID")
@click.option("--reason", default="revoked by the operator", show_default=True, help="What the audit says.")
@as_json
@configured
def revoke(settings: Settings, token_id: str, reason: str, as_json: bool) -> None:
    """Revoke a token at once, in every worker. Revoking it again announces it again."""
    from gateway.auth import issuing

    async def work(context: CliContext) -> tokens.Token:
        def write(session: Session) -> tokens.Token:
            return issuing.revoke(
                session, _found(session, token_id), reason=reason, actor=context.actor, now=datetime.now(UTC)
            )

        revoked = await context.sql.run(write)
        await context.announce(revoked.tenant_id, revoked.id, revoked.generation)
        return revoked

    revoked = with_context(settings, work)
    if as_json:
        print_json(_described(revoked))
    else:
        click.echo(f"{TOKEN}{revoked.id} ({revoked.name}) is revoked.")


@command.command("rotate")
@click.argument("token_id", metavar="ID")
@click.option("--expires-in", "lifetime", type=Lifetime(), help="The lifetime of the new token, such as 30d.")
@as_json
@configured
def rotate(settings: Settings, token_id: str, lifetime: float | None, as_json: bool) -> None:
    """Make a successor with the same scopes; the old token works on for the configured overlap."""
    from gateway.auth import issuing
    from gateway.deployment import catalogue

    offered = catalogue(settings).scopes

    async def work(context: CliContext) -> tuple[Issued, tokens.Token]:
        old = await context.sql.read(_found, token_id)
        async with context.identity() as identity:
            user = await identity.user(old.tenant_id, old.user_id)
        if user is None:
            raise Failure(f"the user of {token_id} is gone: create a token for somebody else", NOT_FOUND)
        now = datetime.now(UTC)

        def write(session: Session) -> tuple[Issued, tokens.Token]:
            return issuing.rotate(
                session,
                context.keys,
                context.settings,
                offered,
                user,
                old,
                lifetime=lifetime,
                actor=context.actor,
                now=now,
            )

        issued, replaced = await context.sql.run(write)
        await context.announce(replaced.tenant_id, replaced.id, replaced.generation)
        return issued, replaced

    issued, replaced = with_context(settings, work)
    _show(issued, as_json=as_json)
    if not as_json:
        click.echo(f"The old token works until {replaced.expires_at:%Y-%m-%d %H:%M} UTC.", err=True)


def _show(issued: Issued, *, as_json: bool) -> None:
    if as_json:
        print_json({"token": issued.token, **_described(issued.record)})
        return
    record = issued.record
    click.echo(issued.token)
    click.echo(
        f"{TOKEN}{record.id} for {record.user_email}: {' '.join(record.scopes)}, "
        f"until {record.expires_at:%Y-%m-%d %H:%M} UTC.\nKeep it now: it is not stored and cannot be shown again.",
        err=True,
    )


def _listed(token: Row) -> dict[str, object]:
    return {
        "id": TOKEN + token["id"],
        "kind": token["kind"],
        "name": token["name"],
        "tenant": token["tenant_id"],
        "user": token["user_email"],
        "scopes": token["scopes"],
        "state": state(token["revoked_at"], token["expires_at"]),
        "display_prefix": token["display_prefix"],
        "created_at": token["created_at"],
        "expires_at": token["expires_at"],
        "revoked_at": token["revoked_at"],
        "last_used_at": token["last_used_at"],
    }


def _described(token: tokens.Token) -> dict[str, object]:
    from dataclasses import asdict

    return _listed(asdict(token))


def _found(session: Session, token_id: str) -> tokens.Token:
    from gateway.stores.sql import tokens

    token = tokens.get(session, None, token_id.removeprefix(TOKEN))
    if token is None:
        raise Failure(f"there is no token {token_id}. `gateway tokens list` shows those there are.", NOT_FOUND)
    return token
