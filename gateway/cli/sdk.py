"""`gateway sdk`."""

from __future__ import annotations

import asyncio
import hashlib
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gateway.cli.failures import NOT_FOUND, Failure
from gateway.cli.options import as_json, configured, print_facts, print_json

if TYPE_CHECKING:
    from gateway.brands import Brand
    from gateway.config import Settings
    from gateway.reference.documents import Document

_LANGUAGES = ("python", "typescript")


@click.command("sdk")
@click.argument("language", type=click.Choice(_LANGUAGES))
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), required=True, help="The folder to write to.")
@click.option("--brand", metavar="NAME", help="Whose API it is for. [default: the first brand]")
@click.option("--contract", metavar="DATE", help="The contract it speaks. [default: the newest]")
@click.option("--name", metavar="NAME", help="What the library is called. [default: from the brand's name]")
@as_json
@configured
def command(
    settings: Settings,
    language: str,
    out: Path,
    brand: str | None,
    contract: str | None,
    name: str | None,
    as_json: bool,
) -> None:
    """Write the client library of a brand as a package to install: what /sdk/ serves, or another contract's."""
    from gateway.reference.documents import branded
    from gateway.reference.libraries import LANGUAGES, described
    from sdk.naming import library_name

    whose = _brand(settings, brand)
    documents = asyncio.run(_documents(settings))
    date = contract or next(iter(documents))
    if date not in documents:
        raise Failure(f"there is no contract {date}: there are {', '.join(documents)}", NOT_FOUND)
    made_of, called = described(branded(documents[date], whose)), library_name(name or whose.name)
    how = LANGUAGES[language]
    body = how.packed(made_of, called)
    path = out / how.named(made_of, called)
    out.mkdir(parents=True, exist_ok=True)
    path.write_bytes(body)
    digest = hashlib.sha256(body).hexdigest()
    told = {"file": str(path), "name": called, "version": made_of.version, "sha256": digest}
    if as_json:
        print_json(told)
    else:
        print_facts(told)


def _brand(settings: Settings, name: str | None) -> Brand:
    from gateway.brands import Brands

    known = Brands(settings.brands, settings.server.port).all
    if name is None:
        return known[0]
    found = [each for each in known if each.name.casefold() == name.casefold()]
    if not found:
        raise Failure(f"there is no brand {name}: there are {', '.join(each.name for each in known)}", NOT_FOUND)
    return found[0]


async def _documents(settings: Settings) -> Mapping[str, Document]:
    """Contract date → the document of what this deployment offers, newest first."""
    from gateway import deployment
    from gateway.process import documents
    from gateway.reference.documents import deployed

    operations = deployment.checked(settings).operations
    with tempfile.TemporaryDirectory() as folder:
        return deployed(settings, operations, await documents.written(settings, Path(folder)))
