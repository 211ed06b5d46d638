"""The client libraries of a brand: made of its published document, as everything that developers read is."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import orjson

from gateway import problems
from gateway.brands import Brand
from gateway.error_codes import error_codes
from gateway.reference.calls import Call, Writer
from gateway.reference.documents import Document
from gateway.reference.files import File, file
from gateway.reference.site import LIBRARIES
from sdk.model import Contract
from sdk.naming import library_name
from sdk.python import samples as python
from sdk.python.wheel import wheel, wheel_name
from sdk.reading import contract
from sdk.typescript import samples as typescript
from sdk.typescript.package import archive

_DAY: Final = "public, max-age=86400"


@dataclass(frozen=True, slots=True)
class Language:
    """How a library of one language is packed. `named`: what its file is called; `installs`: the command, for a URL;
    `sample`: an operation as a program in it.
    """

    title: str
    media: str
    named: Callable[[Contract, str], str]
    packed: Callable[[Contract, str], bytes]
    installs: str
    sample: Callable[[Contract, Call, str], str | None]


def archive_name(contract: Contract, name: str) -> str:
    """`energie-co-20260901.2.0.tgz`."""
    return f"{name}-{contract.version}.tgz"


LANGUAGES: Final[Mapping[str, Language]] = {
    "python": Language("Python", "application/zip", wheel_name, wheel, "pip install {url}", python.sample),
    "typescript": Language(
        "TypeScript", "application/gzip", archive_name, archive, "npm install {url}", typescript.sample
    ),
}


def described(document: Document) -> Contract:
    """The contract that a published document describes, as libraries are made of it."""
    statuses = {problem.slug: problem.status for problem in problems.ALL}
    return contract(document, {name: (statuses[code.slug], code.meaning) for name, code in error_codes().items()})


@dataclass(frozen=True, slots=True)
class Library:
    """One library, as it is offered. `path`: below the brand's address."""

    language: str
    title: str
    name: str
    version: str
    path: str
    sha256: str
    install: str
    made: File


def libraries(document: Document, brand: Brand) -> list[Library]:
    """The libraries of a brand, of the contract that its document describes."""
    described_contract, name = described(document), library_name(brand.name)
    found = []
    for language, how in LANGUAGES.items():
        path = LIBRARIES + how.named(described_contract, name)
        body = how.packed(described_contract, name)
        made = file(body, how.media, _DAY, Access_Control_Allow_Origin="*")
        digest, version = hashlib.sha256(body).hexdigest(), described_contract.version
        install = how.installs.format(url=brand.origin + path)
        found.append(Library(language, how.title, name, version, path, digest, install, made))
    return found


def writers(document: Document, brand: Brand) -> list[Writer]:
    """What writes samples with the libraries of a brand, of the contract that its document describes."""
    told, name = described(document), library_name(brand.name)
    return [
        Writer(language, how.title, lambda call, how=how: how.sample(told, call, name))  # type: ignore[misc]
        for language, how in LANGUAGES.items()
    ]


def index(found: list[Library], brand: Brand) -> File:
    """What programs are told of the libraries: language → `{url, sha256, name, version}`."""
    told = {
        each.language: {
            "url": brand.origin + each.path,
            "sha256": each.sha256,
            "name": each.name,
            "version": each.version,
        }
        for each in found
    }
    return file(orjson.dumps(told), "application/json", Access_Control_Allow_Origin="*", Vary="Accept, Accept-Encoding")
