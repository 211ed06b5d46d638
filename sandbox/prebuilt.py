"""A seeded database is the same every time, so it is made once a machine and copied from then on.

The copy lies in a folder of the user's own, under a name that any change of the sandbox's code or of what is seeded makes
another. Where it cannot be kept, each new database is made anew: about two seconds.
"""

import gc
import hashlib
import os
import sqlite3
import tempfile
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path

_MOST_KEPT = 8
Seed = Callable[[sqlite3.Connection], None]


def fill(connection: sqlite3.Connection, name: str | None, seed: Seed) -> None:
    """Replaces all that is in the database. A process that dies here leaves it as it was.

    name: of what is seeded; None when it is too large to be kept.
    """
    kept = _place(name) if name is not None else None
    if kept is not None and kept.is_file():
        with suppress(sqlite3.DatabaseError), closing(_opened(kept)) as made:
            made.backup(connection)
            return
    with closing(sqlite3.connect(":memory:", isolation_level=None, cached_statements=512)) as made:
        _make(made, seed)
        made.backup(connection)
        if kept is not None:
            with suppress(OSError, sqlite3.Error):
                _keep(made, kept)


def _make(made: sqlite3.Connection, seed: Seed) -> None:
    # hundreds of thousands of values that all live to the end: nothing for a collector to find
    gc.disable()
    try:
        seed(made)
    finally:
        gc.enable()


def _opened(kept: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"file:{kept}?mode=ro&immutable=1", uri=True)


def _place(name: str) -> Path | None:
    """Where the copy is, or may be put; None when there is no place that only this user can write to."""
    folder = Path(tempfile.gettempdir()) / f"sandbox-seeded-{os.getuid()}"
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        found = folder.lstat()
    except OSError:
        return None
    private = found.st_uid == os.getuid() and not found.st_mode & 0o077
    return folder / f"{edition(name)}.db" if private and not folder.is_symlink() else None


def edition(name: str) -> str:
    """What tells a seeded database from those that other code makes under the same name."""
    digest = hashlib.sha256(name.encode())
    for source in sorted(Path(__file__).parent.rglob("*.py")):
        digest.update(source.read_bytes())
    return digest.hexdigest()[:32]


def _keep(made: sqlite3.Connection, kept: Path) -> None:
    """Written whole before it has its name. Only the few latest are kept."""
    part = kept.with_suffix(f".{os.getpid()}")
    try:
        part.write_bytes(made.serialize())
        part.replace(kept)
    finally:
        part.unlink(missing_ok=True)
    for old in sorted(kept.parent.glob("*.db"), key=lambda one: one.stat().st_mtime)[:-_MOST_KEPT]:
        old.unlink(missing_ok=True)
