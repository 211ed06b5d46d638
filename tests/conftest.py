"""Fixtures that several suites share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.live import Live
from tests.live import live as running


@pytest.fixture(scope="session")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    """One gateway before one sandbox for the whole session, without limits that tests would run into."""
    with running(tmp_path_factory.mktemp("live")) as pair:
        yield pair
