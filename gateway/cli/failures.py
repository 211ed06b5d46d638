"""How a command fails: one line on stderr that says what to do, and an exit code that scripts can tell apart."""

from __future__ import annotations

import errno
from typing import Final

USAGE: Final = 2
REFUSED: Final = 3
NOT_FOUND: Final = 4
UNAVAILABLE: Final = 5


class Failure(Exception):
    """Ends the command with `line` on stderr and the exit status `code`."""

    def __init__(self, line: str, code: int) -> None:
        super().__init__(line)
        self.line = line
        self.code = code


def explained(error: Exception) -> Failure | None:
    """The failure that an expected error of the parts below amounts to; None for what is a bug."""
    from gateway.config import ConfigError
    from gateway.process.instance_lock import CannotStartError

    if isinstance(error, Failure):
        return error
    if isinstance(error, ConfigError):
        head = "1 fault" if len(error.faults) == 1 else f"{len(error.faults)} faults"
        return Failure("\n  ".join([f"the configuration has {head}:", *map(str, error.faults)]), USAGE)
    if isinstance(error, CannotStartError):
        return Failure(str(error), error.code)
    if isinstance(error, OSError):
        full = error.errno in {errno.ENOSPC, errno.EDQUOT}
        if error.filename is not None:
            return Failure(f"cannot use {error.filename}: {error.strerror}", UNAVAILABLE if full else USAGE)
        if full:
            # A write, unlike an opening, fails without the name of its file.
            return Failure(f"cannot write: {error.strerror}", UNAVAILABLE)
    return _of_parts(error)


def _of_parts(error: Exception) -> Failure | None:
    # Late, because `check` and `--help` have no need of what these modules import.
    from gateway.auth.issuing import IssueRefused
    from gateway.auth.users import IdentityUnavailable
    from gateway.keys.keyring import KeyringInvalid, Unsealable
    from gateway.process.embedded.sandbox import SandboxFailed
    from gateway.process.embedded.valkey import ValkeyFailed
    from gateway.stores.errors import StoreUnavailable

    match error:
        case IssueRefused():
            return Failure(str(error), REFUSED)
        case KeyringInvalid():
            return Failure(str(error), USAGE)
        case Unsealable():
            return Failure(
                "the keyring does not open what is stored: it belongs to another database. "
                "Give this command the --config and --data-dir of the gateway itself.",
                USAGE,
            )
        case IdentityUnavailable() | StoreUnavailable() | ValkeyFailed() | SandboxFailed():
            return Failure(" ".join(str(error).split()), UNAVAILABLE)
        case _:
            return None
