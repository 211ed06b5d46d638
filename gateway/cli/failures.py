"""How a command fails: one line on stderr that says what to do, and an exit code that scripts can tell apart."""

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
    from gateway.embedded.sandbox import SandboxFailed
    from gateway.embedded.valkey import ValkeyFailed
    from gateway.identity import IdentityUnavailable
    from gateway.instance import CannotStartError
    from gateway.issuing import IssueRefused
    from gateway.keyring import KeyringInvalid, Unsealable
    from gateway.stores.errors import StoreUnavailable

    match error:
        case Failure():
            return error
        case CannotStartError():
            return Failure(str(error), error.code)
        case ConfigError():
            count = len(error.faults)
            head = "1 fault" if count == 1 else f"{count} faults"
            return Failure("\n  ".join([f"the configuration has {head}:", *map(str, error.faults)]), USAGE)
        case IssueRefused():
            return Failure(str(error), REFUSED)
        case KeyringInvalid() | Unsealable():
            return Failure(f"{error}. Give this command the --config and --data-dir of the gateway itself.", USAGE)
        case IdentityUnavailable() | StoreUnavailable() | ValkeyFailed() | SandboxFailed():
            return Failure(str(error), UNAVAILABLE)
        case PermissionError() | FileNotFoundError() if error.filename is not None:
            return Failure(f"cannot use {error.filename}: {error.strerror}", USAGE)
        case _:
            return None
