"""The keyring in its file: workers follow what the command line changes there, without a restart and without a gap."""

from __future__ import annotations

import asyncio
import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from gateway.keys.keyring import Keyring, KeyringInvalid, Unsealable
from gateway.observe import logs

_LOOK: Final = 1.0  # seconds


class KeptKeyring(Keyring):
    """A keyring that reads its file again when that was replaced.

    What is looked up by hash, or cannot be opened, may be of a key that another process has just made: so both look at
    the file first. Hashing a known token, which every request does, does not.
    """

    __slots__ = ("_path", "_stamp", "_told")

    def __init__(self, path: Path) -> None:
        self._path = path
        self._told = ""
        self._stamp = _stamp(path)
        read = _read(path)
        super().__init__(read._hashing, read._sealing)  # noqa: SLF001 - its own kind

    def hashes(self, token: bytes) -> tuple[bytes, ...]:
        self.refresh()
        return super().hashes(token)

    def open(self, purpose: str, subject: str, sealed: str, associated: bytes) -> bytes:
        try:
            return super().open(purpose, subject, sealed, associated)
        except Unsealable:
            if not self.refresh():
                raise
            return super().open(purpose, subject, sealed, associated)

    @property
    def astray(self) -> bool:
        """Whether the file could not be read when it was looked at last: what starts now finds no keys."""
        return bool(self._told)

    def refresh(self) -> bool:
        """Whether the file was another one. A file that cannot be read leaves the keys as they are."""
        try:
            stamp = _stamp(self._path)
            read = _read(self._path) if stamp != self._stamp else None
        except (OSError, KeyringInvalid) as error:
            # Every token that is not known has the file looked at: whoever sends such must not fill the log.
            if self._told != (why := str(error)):
                self._told = why
                logs.event("the keyring cannot be read again", "error", error=error)
            return False
        if self._told:
            self._told = ""
            logs.event("the keyring can be read again")
        if read is None:
            return False
        self._hashing, self._sealing = read._hashing, read._sealing  # noqa: SLF001 - its own kind
        self._stamp = stamp
        return True

    async def follow(self) -> None:
        """Keep up with the file until cancelled, so that nothing is made with a key that is about to be retired."""
        while True:
            await asyncio.sleep(_LOOK)
            self.refresh()


def create(path: Path) -> None:
    """Make the file with new keys, readable by this user only, unless there is one. OSError, which names it, if it cannot."""
    # Two first starts may race: whoever links first wins, and nobody ever reads a half-written keyring.
    draft = _draft(path, Keyring.create())
    with suppress(FileExistsError):
        os.link(draft, path)
    draft.unlink()


def change(path: Path, how: Callable[[Keyring], Keyring]) -> Keyring:
    """Replace the file's keyring by what `how` makes of it, whole or not at all; one change at a time.

    Raises KeyringInvalid for a file that holds none, and OSError, which names the file, when it cannot be written.
    """
    with _alone(path):
        changed = how(_read(path))
        _draft(path, changed.dump()).replace(path)
        return changed


def _read(path: Path) -> Keyring:
    try:
        return Keyring.load(path.read_bytes())
    except KeyringInvalid as fault:
        raise KeyringInvalid(f"{path}: {fault}") from fault


def _draft(path: Path, text: str) -> Path:
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        # In a container the next process has the same id, and would find its draft in the way.
        draft.unlink(missing_ok=True)
        # On a full disk the system names no file.
        raise OSError(error.errno, error.strerror, str(path)) from error
    return draft


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    with path.with_name(f"{path.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _stamp(path: Path) -> tuple[int, int]:
    found = path.stat()
    return found.st_ino, found.st_mtime_ns
