"""Where no field is searched, a text finds nothing, and no service is asked: it might look through what is kept out of it (reasons of leave)."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from adapters import RESOURCES
from adapters.core.declare.resource import Op
from tests.adapters.declaring import accepted, compiled, driven

UNSEARCHED = [each for each in RESOURCES if Op.SEARCH in each.operations and not each.searched]


def test_leave_payroll_and_attendance_are_among_them() -> None:
    assert {"leave_requests", "payroll_runs", "attendance"} <= {each.path for each in UNSEARCHED}


@pytest.mark.parametrize("resource", UNSEARCHED, ids=lambda each: each.path)
def test_a_text_finds_nothing_and_asks_nobody(resource: Any) -> None:
    search = compiled(resource)[f"{resource.path}.search"]
    answer, calls = driven(search, accepted(search, {"search_text": "surgery"}))
    assert calls == []
    assert orjson.loads(answer.body) == {"data": [], "meta": {"cursor": {"next": None, "has_more": False}, "total": 0}}
