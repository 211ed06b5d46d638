"""Which API a library is for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from .errors import Error


class Deployment(NamedTuple):
    """Where a library's API is, and what it calls itself. `codes`: code → the exception of that code."""

    name: str
    version: str
    contract: str
    origin: str
    codes: Mapping[str, type[Error]]
