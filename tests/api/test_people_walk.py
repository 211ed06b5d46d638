"""A week of people who work together, over the wire: leave, time on a task, a ticket. On every call, and on the documented ones alone."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import yaml

from tests import walks
from tests.cli.test_probe_services import EXPECTED
from tests.live import Live, sandbox_running
from tests.live import live as running


@pytest.fixture(scope="module")
def documented(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    """A deployment in front of services with documented calls alone, configured as `gateway probe` prints it."""
    with sandbox_running(tmp_path_factory.mktemp("people"), "--documented-only", "--cap", "6000") as (url, _, _):
        own = {name: {"base_url": url, "operations": EXPECTED[name]} for name in ("hr", "projects", "helpdesk")}
        with running(tmp_path_factory.mktemp("pasted"), **yaml.safe_load(yaml.safe_dump(own))) as pair:
            yield pair


@pytest.fixture(params=["every call", "documented calls"])
def pair(request: pytest.FixtureRequest, live: Live) -> Live:
    return live if request.param == "every call" else request.getfixturevalue("documented")


def test_leave_is_filed_by_a_member_and_decided_by_a_manager_where_somebody_can(pair: Live, live: Live) -> None:
    tokens = pair.a.tokens
    walks.away(pair.call, tokens["member"], tokens["manager"], decided=pair is live)
    if pair is not live:
        refused = pair.call("POST", "/v1/leave_requests/leave_3f2504e0-4f89-41d3-9a0c-0305e82c3301/approve")
        assert (refused.status_code, refused.json()["code"]) == (501, "not_supported")
        line = [each for each in pair.served.events() if each["event"] == "failure"][-1]
        assert (line["code"], line["reason"]) == ("not_supported", refused.json()["detail"])


def test_time_is_logged_on_a_subtask(pair: Live) -> None:
    walks.worked(pair.call, pair.a.tokens["member"])


def test_a_ticket_is_commented_on_internally_and_resolved(pair: Live) -> None:
    walks.helped(pair.call, pair.a.tokens["member"])
