"""Who vouches for those that are called over TLS: the system's authorities, or a file of one's own."""

from __future__ import annotations

import ssl
from functools import lru_cache
from pathlib import Path
from typing import Final

HTTP: Final = ("http/1.1",)
"""What is told of the protocol (ALPN, RFC 7301) where it is HTTP."""


def context(ca_file: Path | str | None = None, protocols: tuple[str, ...] = ()) -> ssl.SSLContext:
    """What connections are opened with: checked against `ca_file` (PEM) alone, or against the system's authorities.

    Those are shared by all who ask, so nobody may change them. OSError when the file is none that can be read.
    """
    return _made(str(ca_file), protocols) if ca_file is not None else _of_the_system(_stamp(), protocols)


@lru_cache(maxsize=4)
def _of_the_system(_stamp: tuple[int, ...], protocols: tuple[str, ...]) -> ssl.SSLContext:
    # Reading them takes 0.05 s, in which no other thread of the process runs: not a thing to do while requests are answered.
    return _made(None, protocols)


def _made(ca_file: str | None, protocols: tuple[str, ...]) -> ssl.SSLContext:
    made = ssl.create_default_context(cafile=ca_file)
    made.minimum_version = ssl.TLSVersion.TLSv1_2
    if protocols:
        made.set_alpn_protocols(list(protocols))
    return made


def _stamp() -> tuple[int, ...]:
    """What is another one when the system's authorities have been renewed."""
    paths = ssl.get_default_verify_paths()
    there = map(Path, filter(None, (paths.cafile, paths.capath)))
    return tuple(each.stat().st_mtime_ns for each in there if each.exists())
