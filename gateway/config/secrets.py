"""References to secrets. A configuration file is read by many; a secret never stands in it."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import parse_qs, urlsplit

from pydantic import PlainValidator, ValidationInfo

from gateway.config.faults import refuse

_HOW = "Write {env: NAME} or {file: PATH} and put the value there."


@dataclass(frozen=True, slots=True)
class Secret:
    """Where a secret is to be found: exactly one of an environment variable and a file."""

    env: str | None = None
    file: Path | None = None

    def read(self, env: Mapping[str, str] = os.environ) -> str:
        """The secret itself, without the line end that editors add. KeyError or OSError when it has gone since start."""
        if self.env is not None:
            return env[self.env]
        assert self.file is not None, "parse() makes no Secret without a place"
        return self.file.read_text(encoding="utf-8").rstrip("\r\n")


def reveal(value: str | Secret, env: Mapping[str, str] = os.environ) -> str:
    """A setting that may be plain or a reference, as plain text."""
    return value.read(env) if isinstance(value, Secret) else value


def anchored(path: str, info: ValidationInfo) -> Path:
    """A path in the file means relative to that file, whatever folder the command is called from."""
    folder: Path = (info.context or {}).get("folder") or Path.cwd()
    return folder / path


def parse(value: object, info: ValidationInfo) -> Secret:
    """`{env: NAME}` or `{file: PATH}` that can be read now → Secret; a literal is refused without being repeated."""
    if isinstance(value, Secret):
        return value
    if not isinstance(value, dict):
        raise refuse("is a secret, and a secret may not stand in the configuration itself", _HOW)
    match list(value.items()):
        case [("env", str(name))] if name:
            secret = Secret(env=name)
        case [("file", str(path))] if path:
            secret = Secret(file=anchored(path, info))
        case _:
            raise refuse("is not a reference to a secret", _HOW)
    _present(secret, (info.context or {}).get("env", os.environ))
    return secret


def _present(secret: Secret, env: Mapping[str, str]) -> None:
    try:
        text = secret.read(env)
    except KeyError:
        raise refuse(f"the environment variable {secret.env} is not set", f"Set {secret.env}.") from None
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not UTF-8 text"
        raise refuse(f"cannot read {secret.file}: {reason}", "Name a file that this user can read.") from None
    if not text:
        raise refuse("the secret is empty", f"Put a value into {secret.env or secret.file}.")


def _optional(value: object, info: ValidationInfo) -> Secret | None:
    return None if value is None else parse(value, info)


def _embedded_or(value: object, info: ValidationInfo) -> Secret | Literal["embedded"]:
    return "embedded" if value == "embedded" else parse(value, info)


def has_password(url: str) -> bool:
    """Whether a store's URL carries a password, which is then a secret."""
    try:
        parts = urlsplit(url)
        return parts.password is not None or "password" in parse_qs(parts.query)
    except ValueError:
        return False


SecretOrNone = Annotated[Secret | None, PlainValidator(_optional)]
SecretOrEmbedded = Annotated[Secret | Literal["embedded"], PlainValidator(_embedded_or)]
