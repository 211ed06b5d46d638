"""A gateway for agents."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.agents.acting import LIMITS
from tests.live import Live
from tests.live import live as running


@pytest.fixture(scope="session")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    with running(tmp_path_factory.mktemp("agents"), limits=LIMITS) as pair:
        yield pair
