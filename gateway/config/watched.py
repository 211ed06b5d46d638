"""The files that a configuration refers to and that change without it: secrets, and certificates to trust."""

import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final, TypeAlias

from pydantic import BaseModel

from gateway.config.embedded import EMBEDDED
from gateway.config.faults import Fault
from gateway.config.secrets import Secret
from gateway.config.settings import Settings
from gateway.config.stores import fault_of

Contents: TypeAlias = Mapping[Path, bytes]
_CERTIFICATES: Final = ("ca_file", "certificate", "key", "client_ca")


def files(settings: Settings) -> frozenset[Path]:
    """All of them but the keyring, which is followed by whoever reads it."""
    return frozenset(_files(settings.model_copy(update={"secrets": None})))


def contents(paths: frozenset[Path]) -> Contents:
    """What is in each, as a digest; empty for one that cannot be read now."""
    return {path: _digest(path) for path in paths}


def faults(settings: Settings) -> Iterator[Fault]:
    """What is wrong with the secrets as they are now, under settings that were right when they were read."""
    for key, secret in _secrets(settings, ""):
        try:
            text = secret.read()
        except (OSError, KeyError, UnicodeDecodeError):
            yield Fault(key, f"the secret in {secret.env or secret.file} cannot be read any more", "Put it back.")
            continue
        if not text:
            yield Fault(key, "the secret is empty", f"Put a value into {secret.env or secret.file}.")
        elif key in ("stores.redis", "stores.sql") and text != EMBEDDED:
            problem = fault_of(key.removeprefix("stores."), text)
            if problem is not None:
                yield Fault(key, problem, "Write it as scheme://user:password@host:port/name, percent-encoded.")


def _digest(path: Path) -> bytes:
    try:
        return hashlib.sha256(path.read_bytes()).digest()
    except OSError:
        return b""


def _files(value: object) -> Iterator[Path]:
    match value:
        case Secret():
            if value.file is not None:
                yield value.file
        case BaseModel():
            for name, part in value:
                if name in _CERTIFICATES and isinstance(part, Path):
                    yield part
                yield from _files(part)
        case Mapping():
            for part in value.values():
                yield from _files(part)


def _secrets(value: object, key: str) -> Iterator[tuple[str, Secret]]:
    match value:
        case Secret():
            yield key, value
        case BaseModel():
            for name, part in value:
                yield from _secrets(part, f"{key}.{name}" if key else name)
        case Mapping():
            for name, part in value.items():
                yield from _secrets(part, f"{key}.{name}")
