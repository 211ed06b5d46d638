"""Files that nobody but this user may read."""

from __future__ import annotations

import stat
from contextlib import suppress
from pathlib import Path
from typing import Final

_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO


def keep_from_others(file: Path) -> None:
    """Take group's and others' rights away, where there are any and the file is there; another user's file stays as it is."""
    with suppress(FileNotFoundError, PermissionError):
        mode = stat.S_IMODE(file.stat().st_mode)
        if mode & _OTHERS:
            file.chmod(mode & ~_OTHERS)
