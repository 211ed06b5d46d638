"""A store that is taken away in the middle of everything: neither open nor shut, and well again afterwards."""

from __future__ import annotations

import os
import re
import signal
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import httpx
import pytest
import redis

from tests.live import Live
from tests.live import live as running
from tests.process.serving import family
from tests.waiting import within

RECORD = "/v1/contacts/con_" + "0" * 24
QUOTA = 40


@pytest.fixture(scope="module")
def fragile(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    """One worker with a limit that can be reached, which soon takes a silent store for lost."""
    with running(
        tmp_path_factory.mktemp("fragile"),
        limits={"token": {"quota": QUOTA, "window": "60s", "burst": None}},
        stores={"redis_timeout": "150ms"},
    ) as pair:
        yield pair


def _valkey(live: Live) -> int:
    return next(
        pid for pid in family(live.served.process.pid) if b"valkey" in Path(f"/proc/{pid}/cmdline").read_bytes()
    )


def _metric(live: Live, name: str, **labels: str) -> float:
    """The sum of a counter's children that carry these labels."""
    text = live.served.admin("/metrics").body.decode()
    lines = re.findall(rf"^gateway_{name}\{{(.*)\}} (\S+)$", text, re.MULTILINE)
    wanted = [f'{label}="{value}"' for label, value in labels.items()]
    return sum(float(value) for found, value in lines if all(each in found for each in wanted))


def _until(holds: Callable[[], bool], seconds: float = 20.0) -> None:
    until = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < until
        time.sleep(0.1)


@contextmanager
def _silent(live: Live) -> Iterator[None]:
    """The embedded store stands still; the supervisor starts another after a few seconds."""
    pid = _valkey(live)
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        if Path(f"/proc/{pid}").exists():
            os.kill(pid, signal.SIGCONT)


def _create(live: Live, token: str, key: str | None) -> httpx.Response:
    headers = {} if key is None else {"Idempotency-Key": key}
    return live.call("POST", "/v1/contacts", {"first_name": "Ada"}, token=token, headers=headers)


def _created(live: Live) -> int:
    counts = live.sandbox.get("/_control/counts").json()
    return int(counts.get("POST /api/crm/contacts", {"created": 0})["created"])


def _recovered(live: Live, key: str) -> None:
    """Keys are honoured again, and each acts once."""
    token = live.token(live.a, "owner", "contact.all")
    _until(lambda: _create(live, token, key).status_code == 201)
    made = _created(live)
    again = _create(live, token, key)
    assert (again.status_code, again.headers["idempotent-replayed"]) == (201, "true")
    assert _created(live) == made


def test_limits_go_local_when_the_store_falls_silent(fragile: Live) -> None:
    token, other = (fragile.token(fragile.a, "owner", "contact.all") for _ in range(2))
    assert [fragile.call("GET", RECORD, token=each).status_code for each in (token, other)] == [404, 404]
    with _silent(fragile):
        answers = [fragile.call("GET", RECORD, token=token) for _ in range(QUOTA + 1)]
        assert [answer.status_code for answer in answers] == [404] * QUOTA + [429]
        assert answers[-1].json()["violated_policies"] == ["token"]
        assert int(answers[-1].headers["retry-after"]) > 30
        assert int(answers[0].headers["x-ratelimit-remaining"]) == QUOTA - 1
        assert fragile.call("GET", RECORD, token=other).status_code == 404
    assert _metric(fragile, "store_lost_total", store="redis") > 0
    assert _metric(fragile, "fail_mode_total", mode="local_limit") >= QUOTA
    _recovered(fragile, "after-silence")


def test_a_token_revoked_while_the_store_is_lost_is_refused(fragile: Live) -> None:
    token, token_id = fragile.record(fragile.a, "owner", "contact.all")
    assert fragile.call("GET", RECORD, token=token).status_code == 404
    with _silent(fragile):
        with closing(sqlite3.connect(fragile.served.data_dir / "gateway.db")) as sql, sql:
            sql.execute(
                "UPDATE tokens SET revoked_at = CURRENT_TIMESTAMP, generation = generation + 1 WHERE id = ?",
                (token_id,),
            )
        within(1.05, lambda: fragile.call("GET", RECORD, token=token).status_code == 401)
        before = fragile.counted()
        refused = fragile.call("GET", RECORD, token=token)
        assert (refused.status_code, refused.json()["code"]) == (401, "token_revoked")
        assert fragile.counted() == before
    assert _metric(fragile, "fail_mode_total", mode="liveness_from_sql") > 0
    _recovered(fragile, "after-revocation")
    assert fragile.call("GET", RECORD, token=token).status_code == 401


def test_a_key_is_not_promised_what_the_store_cannot_keep(fragile: Live) -> None:
    token = fragile.token(fragile.a, "owner", "contact.all")
    assert fragile.call("GET", RECORD, token=token).status_code == 404
    with _silent(fragile):
        before, made = fragile.counted(), _created(fragile)
        refused = _create(fragile, token, "while-silent")
        assert (refused.status_code, refused.json()["code"]) == (503, "store_unavailable")
        assert int(refused.headers["retry-after"]) >= 1
        assert (fragile.counted(), _created(fragile)) == (before, made)
        assert _create(fragile, token, None).status_code == 201
        assert _created(fragile) == made + 1
    assert _metric(fragile, "fail_mode_total", mode="idempotency_refused") > 0
    _recovered(fragile, "while-silent")


def test_a_killed_store_is_back_with_what_it_knew(fragile: Live) -> None:
    token = fragile.token(fragile.a, "owner", "contact.all")
    assert _create(fragile, token, "before-the-kill").status_code == 201
    # What is acknowledged is on the disk within a second, with all that was written before it.
    url = fragile.served.facts()["redis_url"]
    with redis.Redis(unix_socket_path=url.removeprefix("unix://")) as store:
        store.set("written-last", 1)
        assert store.execute_command("WAITAOF", 1, 0, 1_200)[0] == 1
    made, killed = _created(fragile), _valkey(fragile)
    os.kill(killed, signal.SIGKILL)
    assert fragile.call("GET", RECORD, token=token).status_code == 404
    _until(lambda: _create(fragile, token, "before-the-kill").status_code == 201)
    assert _created(fragile) == made
    assert _valkey(fragile) != killed


def test_without_sql_a_cold_token_waits_and_a_warm_one_works(fragile: Live) -> None:
    warm, cold = (fragile.token(fragile.a, "owner", "contact.all") for _ in range(2))
    assert fragile.call("GET", RECORD, token=warm).status_code == 404
    before = fragile.counted()
    with closing(sqlite3.connect(fragile.served.data_dir / "gateway.db", isolation_level=None)) as sql:
        sql.execute("ALTER TABLE tokens RENAME TO tokens_elsewhere")
        try:
            refused = fragile.call("GET", RECORD, token=cold)
            served = fragile.call("GET", RECORD, token=warm)
        finally:
            sql.execute("ALTER TABLE tokens_elsewhere RENAME TO tokens")
    assert (refused.status_code, refused.json()["code"]) == (503, "store_unavailable")
    assert int(refused.headers["retry-after"]) >= 1
    assert "tokens" not in refused.text and "sqlite" not in refused.text.lower()
    assert _metric(fragile, "store_lost_total", store="sql") > 0
    assert served.status_code == 404
    assert fragile.counted() == before + 1
    assert fragile.call("GET", RECORD, token=cold).status_code == 404
