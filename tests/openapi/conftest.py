"""The documentation of a deployment, published once."""

from __future__ import annotations

import pytest
from starlette.types import ASGIApp

from tests.openapi.publication import published


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> ASGIApp:
    return published(tmp_path_factory.mktemp("reference"))
