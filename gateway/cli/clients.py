"""`gateway clients …`: the apps that may ask users for access."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

import click

from gateway.cli.context import Desk, at_desk
from gateway.cli.failures import NOT_FOUND, REFUSED, Failure
from gateway.cli.options import as_json, configured, print_json, print_table

if TYPE_CHECKING:
    from gateway.config import Settings
    from gateway.oauth.clients import Registered
    from gateway.stores.sql import Session
    from gateway.stores.sql.clients import Client, Secret
    from gateway.stores.sql.grants import Revoked

METHODS: Final = ("client_secret_basic", "client_secret_post")


@click.group("clients")
def command() -> None:
    """Register, list, show and disable apps."""


@command.command("create")
@click.option("--name", required=True, help="What users see.")
@click.option("--redirect-uri", "redirect_uris", required=True, multiple=True, metavar="U", help="May be repeated.")
@click.option("--scope", required=True, metavar='"A B"', help="The most it may ask for, separated by spaces.")
@click.option("--public", is_flag=True, help="An app that cannot keep a secret: in a browser, on a phone or desktop.")
@click.option("--auth-method", type=click.Choice(METHODS), default=METHODS[0], show_default=True)
@click.option("--logo-uri", metavar="URL", help="An https picture for the consent page.")
@click.option("--client-uri", metavar="URL", help="The app's own page.")
@as_json
@configured
def create(
    settings: Settings,
    name: str,
    redirect_uris: tuple[str, ...],
    scope: str,
    public: bool,
    auth_method: str,
    logo_uri: str | None,
    client_uri: str | None,
    as_json: bool,
) -> None:
    """Register an app. The secret of a confidential one is shown this once."""
    from gateway.deployment import catalogue
    from gateway.oauth import clients as apps
    from gateway.oauth import metadata

    offered = catalogue(settings).scopes

    async def work(desk: Desk) -> tuple[Registered, dict[str, str]]:
        def write(session: Session) -> Registered:
            made = apps.draft(
                datetime.now(UTC), name=name, redirect_uris=redirect_uris, scopes=scope.split(), origin="cli"
            )
            client = replace(
                made, auth_method="none" if public else auth_method, logo_uri=logo_uri, client_uri=client_uri
            )
            return apps.register(session, desk.keys, settings.tokens.prefix, client, offered, actor=desk.actor)

        port = desk.live.public_port if desk.live is not None else settings.server.port
        return await desk.sql.run(_allowed, write), metadata.urls(settings.brands[0].origin(port))

    made, urls = at_desk(settings, work)
    _show(made, as_json=as_json, urls=urls)


@command.command("list")
@as_json
@configured
def list_(settings: Settings, as_json: bool) -> None:
    """List the apps, the disabled ones too."""
    from gateway.stores.sql import clients

    async def work(desk: Desk) -> Sequence[Client]:
        return await desk.sql.read(clients.list)

    found = at_desk(settings, work)
    if as_json:
        print_json({"clients": [_described(client) for client in found]})
        return
    print_table(
        ("CLIENT_ID", "NAME", "AUTH", "STATE", "SINCE"),
        [
            (
                client.id,
                client.name,
                client.auth_method,
                "disabled" if client.disabled_at else "active",
                client.created_at,
            )
            for client in found
        ],
    )


@command.command("show")
@click.argument("client_id", metavar="CLIENT_ID")
@as_json
@configured
def show(settings: Settings, client_id: str, as_json: bool) -> None:
    """Show one app and its live secrets, by their first characters."""
    from gateway.stores.sql import clients

    async def work(desk: Desk) -> tuple[Client, Sequence[Secret]]:
        client = await desk.sql.read(_found, client_id)
        return client, await desk.sql.read(clients.secrets, client_id)

    client, secrets = at_desk(settings, work)
    described = _described(client) | {
        "secrets": [{"display_prefix": each.display_prefix, "created_at": each.created_at} for each in secrets]
    }
    if as_json:
        print_json(described)
    else:
        print_table(("WHAT", "VALUE"), [(name, _cell(value)) for name, value in described.items()])


@command.command("rotate-secret")
@click.argument("client_id", metavar="CLIENT_ID")
@as_json
@configured
def rotate_secret(settings: Settings, client_id: str, as_json: bool) -> None:
    """Make a new secret. The one before works on until the next rotation."""
    from gateway.oauth import clients as apps

    async def work(desk: Desk) -> Registered:
        def write(session: Session) -> Registered:
            client = _found(session, client_id)
            if client.disabled_at is not None:
                raise Failure(f"{client_id} is disabled", REFUSED)
            return apps.rotate_secret(
                session, desk.keys, settings.tokens.prefix, client, actor=desk.actor, now=datetime.now(UTC)
            )

        return await desk.sql.run(_allowed, write)

    _show(at_desk(settings, work), as_json=as_json)


@command.command("disable")
@click.argument("client_id", metavar="CLIENT_ID")
@as_json
@configured
def disable(settings: Settings, client_id: str, as_json: bool) -> None:
    """Switch an app off at once, with everything granted to it."""
    from gateway.oauth import clients as apps

    async def work(desk: Desk) -> Client:
        def write(session: Session) -> tuple[Revoked, ...]:
            return apps.disable(session, _found(session, client_id), actor=desk.actor, now=datetime.now(UTC))

        for each in await desk.sql.run(write):
            await desk.announce(each.tenant_id, each.token_id, each.generation)
        return await desk.sql.read(_found, client_id)

    client = at_desk(settings, work)
    if as_json:
        print_json(_described(client))
    else:
        click.echo(f"{client.id} ({client.name}) is disabled.")


def _allowed(session: Session, write: Callable[[Session], Registered]) -> Registered:
    from gateway.oauth.clients import ClientRefused

    try:
        return write(session)
    except ClientRefused as error:
        raise Failure(str(error), REFUSED) from error


def _found(session: Session, client_id: str) -> Client:
    from gateway.stores.sql import clients

    client = clients.get(session, client_id)
    if client is None:
        raise Failure(f"there is no client {client_id}. `gateway clients list` shows those there are.", NOT_FOUND)
    return client


def _show(made: Registered, *, as_json: bool, urls: Mapping[str, str] | None = None) -> None:
    secret = {} if made.secret is None else {"client_secret": made.secret}
    if as_json:
        places = {} if urls is None else {"authorization_url": urls["authorize"], "token_url": urls["token"]}
        print_json({"client_id": made.client.id, **secret, **_described(made.client), **places})
        return
    click.echo(made.client.id)
    if made.secret is not None:
        click.echo(made.secret)
        click.echo("Keep the secret now: it is not stored and cannot be shown again.", err=True)
    if urls is not None:
        click.echo(f"Authorization URL: {urls['authorize']}", err=True)
        click.echo(f"Token URL:         {urls['token']}", err=True)
        click.echo(f"Scopes:            {' '.join(made.client.scopes)}", err=True)


def _described(client: Client) -> dict[str, object]:
    return {
        "client_id": client.id,
        "name": client.name,
        "redirect_uris": client.redirect_uris,
        "scopes": client.scopes,
        "auth_method": client.auth_method,
        "public": client.public,
        "state": "active" if client.disabled_at is None else "disabled",
        "logo_uri": client.logo_uri,
        "client_uri": client.client_uri,
        "origin": client.origin,
        "created_at": client.created_at,
        "disabled_at": client.disabled_at,
    }


def _cell(value: object) -> object:
    return " ".join(map(str, value)) if isinstance(value, tuple | list) else value
