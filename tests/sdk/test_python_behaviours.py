"""The table of behaviours, kept by both clients of the Python library."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.sdk import made
from tests.sdk.python_driver import Driver
from tests.sdk.scripted import Scripted
from tests.sdk.table import Case, cases

NAMES = [case.name for case in cases()]


@pytest.fixture(scope="module", params=["blocking", "asyncio"])
def run(request: pytest.FixtureRequest) -> Iterator[tuple[Driver, dict[str, Case], Scripted]]:
    table = cases()
    with Scripted([case.script for case in table]) as server:
        yield (
            Driver(made.library(), asynchronous=request.param == "asyncio"),
            {each.name: each for each in table},
            server,
        )


@pytest.mark.parametrize("name", NAMES)
def test_a_client_keeps_it(run: tuple[Driver, dict[str, Case], Scripted], name: str) -> None:
    driver, table, server = run
    case = table[name]
    case.judge(driver.run(case.task(server.url(NAMES.index(name)))))
