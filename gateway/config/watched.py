"""The files that a configuration refers to and that change without it: secrets, and certificates to trust or to show."""

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final, TypeAlias

from pydantic import BaseModel
from pydantic_core import PydanticCustomError

from gateway.config.certificates import check_shown, check_trusted
from gateway.config.embedded import EMBEDDED
from gateway.config.faults import Fault
from gateway.config.secrets import Secret, reveal
from gateway.config.settings import Settings
from gateway.config.stores import authorities_of, fault_of
from gateway.config.webhooks import Tls

Contents: TypeAlias = Mapping[Path, bytes]
_TRUSTED: Final = "ca_file"
_URL: Final = "Write it as scheme://user:password@host:port/name, percent-encoded."


def files(settings: Settings) -> frozenset[Path]:
    """All of them but the keyring, which is followed by whoever reads it."""
    found = set(_files(settings.model_copy(update={"secrets": None})))
    # A URL that is a secret, and gone, names nothing; the secret itself is among them.
    with suppress(OSError, KeyError, ValueError):
        url = reveal(settings.stores.redis)
        if url != EMBEDDED and (path := authorities_of(url)) is not None:
            found.add(path)
    return frozenset(found)


def contents(paths: frozenset[Path]) -> Contents:
    """What is in each, as a digest; empty for one that cannot be read now."""
    return {path: _digest(path) for path in paths}


def faults(settings: Settings) -> Iterator[Fault]:
    """What is wrong with all of them as they are now, under settings that were right when they were read."""
    for key, value in _named(settings, ""):
        if isinstance(value, Secret):
            yield from _of_secret(key, value)
            continue
        try:
            if isinstance(value, Tls):
                check_shown(value.certificate, value.key, value.client_ca)
            else:
                check_trusted(value)
        except PydanticCustomError as error:
            yield Fault(key, error.message(), str((error.context or {}).get("fix", "")))
    if isinstance(url := settings.stores.redis, str) and url != EMBEDDED and (problem := fault_of("redis", url)):
        yield Fault("stores.redis", problem, _URL)


def _of_secret(key: str, secret: Secret) -> Iterator[Fault]:
    place = secret.env or secret.file
    try:
        text = secret.read()
    except (OSError, KeyError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not UTF-8 text" if secret.file else "not set"
        yield Fault(key, f"the secret in {place} cannot be read any more: {reason}", "Put it back.")
        return
    if not text:
        yield Fault(key, "the secret is empty", f"Put a value into {place}.")
    elif key in ("stores.redis", "stores.sql") and text != EMBEDDED:
        problem = fault_of(key.removeprefix("stores."), text)
        if problem is not None:
            yield Fault(key, problem, _URL)


def _digest(path: Path) -> bytes:
    try:
        return hashlib.sha256(path.read_bytes()).digest()
    except OSError:
        return b""


def _files(settings: BaseModel) -> Iterator[Path]:
    for _, value in _named(settings, ""):
        match value:
            case Secret():
                if value.file is not None:
                    yield value.file
            case Tls():
                yield from filter(None, (value.certificate, value.key, value.client_ca))
            case _:
                yield value


def _named(value: object, key: str) -> Iterator[tuple[str, Secret | Tls | Path]]:
    """What names files, by its key."""
    match value:
        case Secret() | Tls():
            yield key, value
        case Path() if key.endswith(f".{_TRUSTED}"):
            yield key, value
        case BaseModel():
            for name, part in value:
                yield from _named(part, f"{key}.{name}" if key else name)
        case Mapping():
            for name, part in value.items():
                yield from _named(part, f"{key}.{name}")
