"""One gateway with a sandbox for the whole session."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.sandboxes.boxed import Boxed


@pytest.fixture(scope="session")
def boxed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Boxed]:
    from tests.sandboxes.boxed import boxed as running

    with running(tmp_path_factory.mktemp("boxed")) as made:
        yield made
