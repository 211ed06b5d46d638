"""`gateway clients …`: the apps that may ask users for access."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final, TypeVar

import click

from gateway.cli.context import CliContext, with_context
from gateway.cli.database import Database, reading
from gateway.cli.failures import NOT_FOUND, REFUSED, USAGE, Failure
from gateway.cli.options import as_json, configured, print_facts, print_json, print_table
from gateway.cli.teaching import Taught
from gateway.stores.listings import CLIENT_SECRETS, CLIENTS, Row

if TYPE_CHECKING:
    from gateway.config import Settings
    from gateway.oauth.clients import Registered
    from gateway.stores.sql import Session
    from gateway.stores.sql.clients import Client
    from gateway.stores.sql.grants import Revoked

Result = TypeVar("Result")

METHODS: Final = ("client_secret_basic", "client_secret_post")


@click.group("clients")
def command() -> None:
    """Register, list, show, change and disable apps."""


@command.command(
    "create",
    cls=Taught,
    scopes=True,
    examples=(
        'gateway clients create --name "My app" --redirect-uri https://app.example/cb --scope "{scopes}"',
        'gateway clients create --name CLI --public --redirect-uri http://127.0.0.1/cb --scope "{scopes}"',
    ),
)
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

    async def work(context: CliContext) -> tuple[Registered, dict[str, str]]:
        def write(session: Session) -> Registered:
            made = apps.draft(
                datetime.now(UTC), name=name, redirect_uris=redirect_uris, scopes=scope.split(), origin="cli"
            )
            client = replace(
                made, auth_method="none" if public else auth_method, logo_uri=logo_uri, client_uri=client_uri
            )
            return apps.register(session, context.keys, settings.tokens.prefix, client, offered, actor=context.actor)

        port = context.live.public_port if context.live is not None else settings.server.port
        return await context.sql.run(_allowed, write), metadata.urls(settings.brands[0].origin(port))

    made, urls = with_context(settings, work)
    _show(made, as_json=as_json, urls=urls)


@command.command("list")
@as_json
@reading
def list_(database: Database, as_json: bool) -> None:
    """List the apps, the disabled ones too."""
    found = [_listed(client) for client in database.rows(CLIENTS, id=None)]
    if as_json:
        print_json({"clients": found})
        return
    columns = ("client_id", "name", "auth_method", "state", "created_at")
    rows = [[client[column] for column in columns] for client in found]
    print_table(("CLIENT_ID", "NAME", "AUTH", "STATE", "SINCE"), rows)


@command.command("show")
@click.argument("client_id", metavar="CLIENT_ID")
@as_json
@reading
def show(database: Database, client_id: str, as_json: bool) -> None:
    """Show one app and its live secrets, by their first characters."""
    client = database.one(CLIENTS, "client", client_id, "clients list", id=client_id)
    secrets = database.rows(CLIENT_SECRETS, id=client_id)
    if as_json:
        print_json(_listed(client) | {"secrets": secrets})
    else:
        print_facts(_listed(client) | {"secrets": [secret["display_prefix"] for secret in secrets]})


@command.command(
    "update",
    cls=Taught,
    scopes=True,
    examples=(
        "gateway clients update app_… --redirect-uri https://app.example/cb --redirect-uri http://127.0.0.1/cb",
        "gateway clients update app_… --auth-method client_secret_post",
        'gateway clients update app_… --logo-uri ""',
    ),
)
@click.argument("client_id", metavar="CLIENT_ID")
@click.option("--name", help="What users see.")
@click.option("--redirect-uri", "redirect_uris", multiple=True, metavar="U", help="In place of all; may be repeated.")
@click.option("--scope", metavar='"A B"', help="The most it may ask for, in place of all.")
@click.option("--auth-method", type=click.Choice(METHODS), help="How it is said to send its secret.")
@click.option("--logo-uri", metavar="URL", help='An https picture for the consent page; "" for none.')
@click.option("--client-uri", metavar="URL", help='The app\'s own page; "" for none.')
@as_json
@configured
def update(
    settings: Settings,
    client_id: str,
    name: str | None,
    redirect_uris: tuple[str, ...],
    scope: str | None,
    auth_method: str | None,
    logo_uri: str | None,
    client_uri: str | None,
    as_json: bool,
) -> None:
    """Change what an app is called, where it leads people back to, or what it may ask for. What is not named stays.

    What users granted already stays theirs; a scope that the app may not ask for any more is gone at its next refresh.
    """
    from gateway.deployment import catalogue
    from gateway.oauth import clients as apps

    offered = catalogue(settings).scopes

    def edited(client: Client) -> Client:
        if auth_method is not None and client.public:
            raise Failure(f"{client_id} is public: it has no secret to send", REFUSED)
        return replace(
            client,
            name=client.name if name is None else name,
            redirect_uris=tuple(dict.fromkeys(redirect_uris)) or client.redirect_uris,
            scopes=client.scopes if scope is None else tuple(dict.fromkeys(scope.split())),
            auth_method=auth_method or client.auth_method,
            logo_uri=client.logo_uri if logo_uri is None else logo_uri or None,
            client_uri=client.client_uri if client_uri is None else client_uri or None,
        )

    async def work(context: CliContext) -> Client:
        def write(session: Session) -> Client:
            old = _found(session, client_id)
            new = edited(old)
            if new == old:
                raise Failure("nothing would change: name what is to be another", USAGE)
            if not apps.change(session, old, new, offered, actor=context.actor, now=datetime.now(UTC)):
                raise Failure(f"{client_id} is disabled", REFUSED)
            return new

        return await context.sql.run(_allowed, write)

    changed = with_context(settings, work)
    if as_json:
        print_json(_described(changed))
    else:
        click.echo(f"{changed.id} ({changed.name}) is changed.")


@command.command("rotate-secret")
@click.argument("client_id", metavar="CLIENT_ID")
@as_json
@configured
def rotate_secret(settings: Settings, client_id: str, as_json: bool) -> None:
    """Make a new secret. The one before works on until the next rotation."""
    from gateway.oauth import clients as apps

    async def work(context: CliContext) -> Registered:
        def write(session: Session) -> Registered:
            client = _found(session, client_id)
            if client.disabled_at is not None:
                raise Failure(f"{client_id} is disabled", REFUSED)
            return apps.rotate_secret(
                session, context.keys, settings.tokens.prefix, client, actor=context.actor, now=datetime.now(UTC)
            )

        return await context.sql.run(_allowed, write)

    _show(with_context(settings, work), as_json=as_json)


@command.command("disable")
@click.argument("client_id", metavar="CLIENT_ID")
@as_json
@configured
def disable(settings: Settings, client_id: str, as_json: bool) -> None:
    """Switch an app off at once, with everything granted to it."""
    from gateway.oauth import clients as apps

    async def work(context: CliContext) -> Client:
        def write(session: Session) -> tuple[Revoked, ...]:
            return apps.disable(session, _found(session, client_id), actor=context.actor, now=datetime.now(UTC))

        for each in await context.sql.run(write):
            await context.announce(each.tenant_id, each.token_id, each.generation)
        return await context.sql.read(_found, client_id)

    client = with_context(settings, work)
    if as_json:
        print_json(_described(client))
    else:
        click.echo(f"{client.id} ({client.name}) is disabled.")


def _allowed(session: Session, write: Callable[[Session], Result]) -> Result:
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


def _listed(client: Row) -> dict[str, object]:
    return {
        "client_id": client["id"],
        "name": client["name"],
        "redirect_uris": client["redirect_uris"],
        "scopes": client["scopes"],
        "auth_method": client["auth_method"],
        "public": client["auth_method"] == "none",
        "state": "active" if client["disabled_at"] is None else "disabled",
        "logo_uri": client["logo_uri"],
        "client_uri": client["client_uri"],
        "origin": client["origin"],
        "document_url": client["document_url"],
        "created_at": client["created_at"],
        "disabled_at": client["disabled_at"],
    }


def _described(client: Client) -> dict[str, object]:
    return _listed(asdict(client))
