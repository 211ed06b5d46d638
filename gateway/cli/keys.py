"""`gateway keys …`: the deployment's own keys. Running workers follow within a second; nothing that lives breaks."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from gateway.cli.context import CliContext, with_context
from gateway.cli.failures import NOT_FOUND, REFUSED, Failure
from gateway.cli.options import as_json, configured, print_json, print_table

if TYPE_CHECKING:
    from gateway.config import Settings
    from gateway.keys.keyring import KeyKind, Keyring
    from gateway.stores.sql import Session

KINDS: Final[tuple[KeyKind, ...]] = ("hashing", "sealing")


@click.group("keys")
def command() -> None:
    """Make, list, rotate and retire the keys that hash tokens and seal cursors and credentials."""


@command.command("init")
@click.argument("path", type=click.Path(path_type=Path, dir_okay=False))
def init(path: Path) -> None:
    """Make a new keyring in the file PATH, readable by this user only, for your secret store. A file that exists is kept."""
    from gateway.keys import keyring_file

    if path.exists():
        raise Failure(f"{path} exists already: a keyring that is in use must not be replaced", REFUSED)
    keyring_file.create(path)
    click.echo(
        f"{path} holds a new keyring. Keep it secret, back it up, and name it in secrets.keyring of every instance."
    )


@command.command("list")
@as_json
@configured
def list_(settings: Settings, as_json: bool) -> None:
    """List the keys, the current one of each kind first, and how many live credentials depend on each hashing key."""
    from gateway.stores.sql import hashed

    async def work(context: CliContext) -> list[dict[str, object]]:
        return _described(context.keys, await context.sql.read(hashed.living, datetime.now(UTC)))

    found = with_context(settings, work)
    if as_json:
        print_json({"keys": found})
    else:
        print_table(
            ("ID", "KIND", "CURRENT", "IN USE"),
            [(key["id"], key["kind"], "yes" if key["current"] else "no", key["in_use"]) for key in found],
        )


@command.command("rotate")
@click.option("--kind", "kinds", type=click.Choice(KINDS), multiple=True, help="Only this kind. [default: both]")
@as_json
@configured
def rotate(settings: Settings, kinds: tuple[KeyKind, ...], as_json: bool) -> None:
    """Make new current keys. The ones before stay readable until they are retired."""
    wanted = kinds or KINDS

    def changed(keys: Keyring) -> Keyring:
        for kind in wanted:
            keys = keys.rotate(kind)
        return keys

    async def work(context: CliContext) -> dict[str, str]:
        await _ours(context)
        keys = _change(settings, changed)
        made: dict[str, str] = {kind: keys.ids(kind)[0] for kind in wanted}
        await context.sql.run(_noted, context.actor, "keys.rotate", made)
        return made

    made = with_context(settings, work)
    if as_json:
        print_json({"rotated": made})
    else:
        for kind, key_id in made.items():
            click.echo(f"The current {kind} key is {key_id} now.")


@command.command("reseal")
@as_json
@configured
def reseal(settings: Settings, as_json: bool) -> None:
    """Seal what is stored with the current key, so that others may go. `retire` does so itself; say it where you distribute keys."""

    async def work(context: CliContext) -> None:
        await _ours(context)
        await _moved(context)
        await context.sql.run(_noted, context.actor, "keys.reseal", {"id": context.keys.ids("sealing")[0]})

    with_context(settings, work)
    if as_json:
        print_json({"resealed": True})
    else:
        click.echo("What is stored is sealed with the current key.")


@command.command("retire")
@click.argument("key_id", metavar="ID")
@click.option("--force", is_flag=True, help="Even when live credentials die with it.")
@as_json
@configured
def retire(settings: Settings, key_id: str, force: bool, as_json: bool) -> None:
    """Forget a key that is no longer current. Cursors sealed with it end, and so do credentials hashed with it."""
    from gateway.stores.sql import hashed

    async def work(context: CliContext) -> None:
        kind = next((kind for kind in KINDS if key_id in context.keys.ids(kind)), None)
        if kind is None:
            raise Failure(f"there is no key {key_id}: `gateway keys list` shows those there are", NOT_FOUND)
        if context.keys.ids(kind)[0] == key_id:
            raise Failure(f"{key_id} is the current {kind} key: `gateway keys rotate` first", REFUSED)
        dying = (await context.sql.read(hashed.living, datetime.now(UTC))).get(key_id, 0)
        if dying and not force:
            raise Failure(
                f"{dying} live credentials were hashed with {key_id} and would end. Wait until they have expired or "
                "were rotated, or say --force.",
                REFUSED,
            )
        await _ours(context)
        await _moved(context)
        _change(settings, lambda kept: kept.retire(key_id))
        await context.sql.run(hashed.end, key_id, datetime.now(UTC))
        await context.sql.run(_noted, context.actor, "keys.retire", {"id": key_id, "ended": str(dying)})

    with_context(settings, work)
    if as_json:
        print_json({"retired": key_id})
    else:
        click.echo(f"The key {key_id} is forgotten.")


def _change(settings: Settings, how: Callable[[Keyring], Keyring]) -> Keyring:
    from gateway import factories
    from gateway.keys import keyring_file

    path = factories.keyring_file(settings)
    if path is None:
        raise Failure("the keyring comes from the environment, so it cannot be changed from here", REFUSED)
    return keyring_file.change(path, how)


async def _ours(context: CliContext) -> None:
    """Unsealable for another deployment's keyring: what is stored would move further away from what opens it."""
    from gateway.keys.keyring import Unsealable
    from gateway.stores.sql import hashed

    if await context.sql.read(hashed.missing, context.keys, datetime.now(UTC)):
        raise Unsealable


async def _moved(context: CliContext) -> None:
    """Everything that is stored for good moves to the current keys: only cursors, which end by themselves, need the others.

    Not sooner: in the moment of a rotation workers have not seen the new keys, and could not read what is sealed with them.
    """
    from gateway.stores.sql import sealed

    for place in sealed.PLACES:
        after, lost = "", 0
        while True:
            after, unreadable = await context.sql.run(sealed.reseal, context.keys, place, after)
            lost += unreadable
            if not after:
                break
        if lost:
            click.echo(f"{lost} of {place.name} were sealed with a key that has gone, and are lost already.", err=True)
    await context.sql.run(sealed.rehash, context.keys)


def _noted(session: Session, actor: str, action: str, detail: dict[str, str]) -> None:
    from gateway.stores.sql import audit
    from gateway.stores.sql.audit import Event

    audit.append(
        session,
        Event(at=datetime.now(UTC), tenant_id=None, actor=actor, action=action, subject="keyring", detail=detail),
    )


def _described(keys: Keyring, living: dict[str, int]) -> list[dict[str, object]]:
    return [
        {"id": key_id, "kind": kind, "current": at == 0, "in_use": living.get(key_id, 0) if kind == "hashing" else None}
        for kind in KINDS
        for at, key_id in enumerate(keys.ids(kind))
    ]
