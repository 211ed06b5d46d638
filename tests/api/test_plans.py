"""Limits by plan, and limits that are tried out, on two workers."""

from __future__ import annotations

import re
import time
from collections import Counter
from typing import Any

import pytest

from tests.api.test_limits import spend
from tests.console.people import Person
from tests.console.test_history import text
from tests.live import Live
from tests.process.serving import Served

FREE = {"quota": 600, "window": "60s", "burst": 10}


def metric(served: Served, name: str) -> dict[str, float]:
    text = served.admin("/metrics").body.decode()
    return {labels: float(value) for labels, value in re.findall(rf"^{name}\{{(.*)\}} (\S+)$", text, re.MULTILINE)}


def bursts(live: Live, token: str) -> set[str | None]:
    return {answer.headers["ratelimit-policy"].partition(",")[0] for answer in spend(live, token, 6)}


@pytest.fixture
def planned(spare: Live) -> Live:
    spare.set_up(limits={"token": FREE}, plans={"scale": {"token": {"burst": 40}}, "small": {"token": {"burst": 5}}})
    return spare


def test_a_plan_holds_at_once_on_every_worker_and_a_reload_changes_what_it_is(planned: Live) -> None:
    token = planned.token(planned.a, "owner", "contact.read")
    assert bursts(planned, token) == {'"token";q=10;w=1'}
    assert planned.run("tenants", "set", planned.a.name, "--plan", "scale")["plan"] == "scale"
    try:
        assert Counter(answer.status_code for answer in spend(planned, token, 30))[200] >= 20
        assert bursts(planned, token) == {'"token";q=40;w=4'}
        other = planned.token(planned.b, "owner", "contact.read")
        assert bursts(planned, other) == {'"token";q=10;w=1'}

        listed = {each["business_id"]: each["plan"] for each in planned.run("tenants", "list")["tenants"]}
        assert (listed[planned.a.business_id], listed[planned.b.business_id]) == ("scale", None)
        shown = planned.run("tenants", "show", planned.a.name)
        assert (shown["plan"], shown["limits"]["token"]["burst"]) == ("scale", 40)
        owner = Person(planned, "owner")
        assert "has the plan <strong>scale</strong>" in owner.page("/console/usage")
        assert "An operator changed the plan of the workspace" in text(owner.page("/console/history"))

        planned.set_up(limits={"token": FREE}, plans={"scale": {"token": {"burst": 20}}})
        assert bursts(planned, token) == {'"token";q=20;w=2'}
    finally:
        planned.run("tenants", "set", planned.a.name, "--no-plan")
    # The first request of a worker is decided by what it knew, and reads what has changed.
    spend(planned, token, 6)
    assert bursts(planned, token) == {'"token";q=10;w=1'}


def test_a_plan_that_is_none_is_refused(planned: Live) -> None:
    file = str(planned.served.home / "config.yaml")
    done = planned.served.run("tenants", "set", planned.a.name, "--plan", "huge", "--config", file)
    assert (done.returncode, done.stdout) == (3, "") and "small" in done.stderr


def in_shadow(live: Live, token_id: str) -> Any:
    """What `gateway usage` tells of a token, once both workers have written it down; looking at the page makes one do it."""
    until = time.monotonic() + 30
    while True:
        Person(live, "owner").page("/console/usage")
        rows = [each for each in live.run("usage", "--tenant", live.a.name)["usage"] if each["principal"] == token_id]
        if rows and rows[0]["requests"] == 30:
            return rows[0]["shadowed"]
        assert time.monotonic() < until, rows


def test_a_limit_in_shadow_refuses_nobody_and_tells_whom_it_would_have_refused(spare: Live) -> None:
    spare.set_up(limits={"token": {"quota": 10, "window": "1h", "burst": None, "shadow": True}})
    counted = metric(spare.served, "gateway_rate_limit_shadowed_total").get('policy="token"', 0)
    token, token_id = spare.record(spare.a, "owner", "contact.read")
    answers = spend(spare, token, 30)
    assert {answer.status_code for answer in answers} == {200}
    assert all('"token"' not in answer.headers["ratelimit-policy"] for answer in answers)
    assert all('"token"' not in answer.headers["ratelimit"] for answer in answers)
    assert metric(spare.served, "gateway_rate_limit_shadowed_total")['policy="token"'] == counted + 20
    (shadowed,) = in_shadow(spare, token_id)
    assert (shadowed["policy"], shadowed["requests"]) == ("token", 20)
    page = Person(spare, "owner").page("/console/usage")
    assert "Over a limit being tried out" in page and '<td class="count">20</td>' in page


def test_where_every_limit_is_in_shadow_no_limit_is_told(spare: Live) -> None:
    tried = {"quota": 1, "window": "1h", "burst": None, "shadow": True}
    spare.set_up(limits={"token": tried, "tenant": tried})
    token = spare.token(spare.a, "owner", "contact.read")
    answers = spend(spare, token, 5)
    assert {answer.status_code for answer in answers} == {200}
    assert not [name for answer in answers for name in answer.headers if "ratelimit" in name]
    assert "There is no limit for the workspace" in Person(spare, "owner").page("/console/usage")
