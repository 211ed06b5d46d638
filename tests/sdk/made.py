"""The library of the newest contract, as it would be published: written once a run, and imported."""

from __future__ import annotations

import importlib
import sys
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from types import ModuleType

from gateway.reference.documents import committed
from gateway.reference.libraries import described
from sdk.model import Contract
from sdk.python.package import files

NEWEST = "2026-09-01"
NAME = "acme"


@cache
def contract() -> Contract:
    return described(committed()[NEWEST])


@cache
def folder() -> Path:
    """Where the package `acme` is written."""
    root = Path(mkdtemp(prefix="sdk-"))
    for path, text in files(contract(), NAME).items():
        file = root / NAME / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return root


@cache
def library() -> ModuleType:
    """The package, imported."""
    sys.path.insert(0, str(folder()))
    return importlib.import_module(NAME)
