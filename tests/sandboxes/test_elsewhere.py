"""Sandboxes that are there and cannot be had: held by another instance's program, or by a deployment that has no test mode just now."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime

import pytest
import yaml

from gateway.sandboxes import expiry
from gateway.sandboxes.control import Control
from gateway.stores.sql import Sql, sandboxes
from gateway.upstream import Pool, Target
from tests.sandboxes.apart import Apart, apart

KEY = {"Authorization": "Bearer control-key-of-test-mode"}


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Apart]:
    with apart(tmp_path_factory.mktemp("elsewhere")) as running:
        yield running


def place(sandbox: str) -> str:
    """Where the program is asked for it."""
    return f"/__control/tenants/{sandbox.removeprefix('biz_')}"


def test_a_sandbox_that_the_program_here_does_not_hold_is_never_answered_for(both: Apart) -> None:
    """Where instances share SQL and each has a program of its own, this is what the others are asked."""
    made = both.another(seed="small")
    assert both.testing.delete(place(made["sandbox"]), headers=KEY).status_code == 204
    for method, path, body in (
        ("GET", "/v1/me", None),
        ("POST", "/v1/contacts/search", {}),
        ("POST", "/v1/contacts", {"first_name": "Ada"}),
        ("GET", f"/v1/contacts/con_{'0' * 24}", None),
        ("GET", "/v1/test/clock", None),
        ("POST", "/v1/test/reset", None),
        ("POST", "/v1/test/sandboxes", {}),
    ):
        answer = both.ask(method, path, made["token"], body)
        assert (answer.status_code, answer.json()["code"]) == (503, "identity_unavailable"), path
        assert "made on another instance" in answer.json()["detail"] and answer.headers["test-mode"] == "true"
    assert both.ask("GET", "/v1/me", both.of_a).status_code == 200
    assert both.ask("GET", "/v1/me", both.owner).status_code == 200


async def test_what_a_program_still_has_of_a_removed_sandbox_goes_and_nothing_else(both: Apart) -> None:
    removed, kept = (both.another(seed="small")["sandbox"] for _ in range(2))
    database = f"sqlite:///{both.live.served.data_dir / 'gateway.db'}"
    control = Control(Pool(Target(str(both.testing.base_url), 5, 30, 4, 1 << 20)), "control-key-of-test-mode")
    with closing(Sql(database)) as sql:
        await sql.run(sandboxes.remove, removed.removeprefix("biz_"))  # as another instance does
        now = datetime.now(UTC)
        assert await expiry.sweep(control, sql, now) == 0  # it may be one that is just being made
        assert await expiry.sweep(control, sql, now + expiry.SETTLED) == 1
    await control.aclose()
    assert both.testing.get(place(removed), headers=KEY).status_code == 404
    assert both.testing.get(place(kept), headers=KEY).status_code == 200


def test_without_test_mode_sandboxes_are_refused_and_kept_and_with_it_they_go_on(both: Apart) -> None:
    made = both.another(seed="small")
    token, search = made["token"], ("POST", "/v1/contacts/search", made["token"], {"limit": 100})
    written = both.ask("POST", "/v1/contacts", token, {"first_name": "Kept"}).json()["data"]["id"]
    before = both.ask(*search).json()["data"]
    testing = yaml.safe_load((both.live.served.home / "config.yaml").read_text())["test"]
    both.live.set_up(test="off")
    for method, path in (("GET", "/v1/me"), ("GET", f"/v1/contacts/{written}")):
        refused = both.ask(method, path, token)
        assert (refused.status_code, refused.json()["code"]) == (401, "token_invalid"), path
    assert both.ask("GET", "/v1/me", both.owner).status_code == 200
    for each in (token, both.owner):
        assert both.ask("POST", "/v1/test/sandboxes", each).json()["code"] == "route_unknown"
    assert both.testing.get(place(made["sandbox"]), headers=KEY).status_code == 200
    both.live.set_up(test=testing)
    assert both.ask(*search).json()["data"] == before
