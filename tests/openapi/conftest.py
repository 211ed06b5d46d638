"""The documentation of a deployment, published once."""

from __future__ import annotations

from pathlib import Path

import pytest
from starlette.types import ASGIApp

from tests.openapi.publication import published


@pytest.fixture(scope="session")
def reference(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that it is published in: nobody changes it, only copies."""
    home = tmp_path_factory.mktemp("reference")
    published(home)
    return home


@pytest.fixture(scope="session")
def served(reference: Path) -> ASGIApp:
    return published(reference)
