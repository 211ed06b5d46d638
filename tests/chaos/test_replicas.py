"""Three replicas under load while things are done to them: `make chaos` does them long and often (CHAOS_ROUNDS), `make test` once and briefly.

The brief form counts and compares; how long things take beside other tests says nothing, so that the bound of a recovery has slack.

During all of it: no 500, no answer that is another's, no key that is given two ids, and what is asked of reads is answered.
"""

from __future__ import annotations

import os
import signal
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest

from tests.chaos.clients import READERS, Client, Load
from tests.chaos.replicas import REPLICAS, Replicas, replicas
from tests.chaos.steady import Reads, Steady
from tests.stores.nodes import until
from tests.stores.postgres import hung
from tests.waiting import within

BRIEF = "CHAOS_ROUNDS" not in os.environ
ROUNDS = int(os.environ.get("CHAOS_ROUNDS", "1"))
TURNS = [0] if BRIEF else [*range(REPLICAS)] * ROUNDS  # the replicas that something is done to, one after the other
NORMAL = 25.0 if BRIEF else 5.0  # seconds after its return in which a store is used as before
QUOTA = 40
REQUESTS = int(os.environ.get("CHAOS_REQUESTS", "50000"))  # of the rolling restarts
STEP = 20  # seconds of steady reads before it is asked again how many can be answered
SHARE = 0.8  # of what is answered at most
BETWEEN = 3.0  # seconds between two restarts
SHUNNED = (
    2.5  # seconds for which nginx asks nobody who has just failed: were it all of them, it would answer 502 itself
)
pytestmark = pytest.mark.timeout(600 + 120 * ROUNDS + REQUESTS / 100)


def some(count: int) -> int:
    """So many answers are waited for, a tenth of them in the brief form."""
    return -(-count // 10) if BRIEF else count


@pytest.fixture(scope="module")
def three(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Replicas]:
    # One that is started with a clock of its own loads its code anew each time: the brief form has it where it counts.
    with replicas(tmp_path_factory.mktemp("three"), ahead=None if BRIEF else REPLICAS - 1) as made:
        yield made


@contextmanager
def asked(three: Replicas, what: str, *, writers: int = 1, cut: int = 0) -> Iterator[Load]:
    """Load while this lasts; what holds whatever is done meanwhile. `make chaos` shows the counts, for docs/reliability.md.

    cut: how many reads may be cut off, being under way where something was killed.
    """
    three.whole()
    before = len(three.ledger.created), len(three.ledger.unknown)
    with three.load(writers) as load:
        yield load
    created, unknown = len(three.ledger.created) - before[0], len(three.ledger.unknown) - before[1]
    told(what, answers=len(load.answers), created=created, unknown=unknown, **load.counts())
    assert load.wrong == [] and three.ledger.twice == []
    assert [each for each in load.answers if each.status == 500] == []
    assert len(load.failed("GET")) <= cut


def told(what: str, **measured: object) -> None:
    print(f"\n{what}:", ", ".join(f"{name}={value}" for name, value in measured.items()))


def back(three: Replicas, load: Load, since: float) -> float:
    """Seconds from then until all replicas are ready and creates succeed again."""
    until(three.ready)
    load.more(1, (201,))
    return round(time.monotonic() - since, 2)


def test_a_rolling_restart_fails_no_request(three: Replicas) -> None:
    with asked(three, "rolling restart") as load:
        for nth in TURNS:
            three.restart(nth)
            load.more(some(50))
    assert load.failed() == []


def test_rolling_restarts_fail_none_of_many_requests_at_four_fifths_of_what_is_answered(three: Replicas) -> None:
    three.whole()
    client = three.client(three.token)
    status, found_first = client.ask("POST", "/v1/canned_responses/search", {"limit": 1})
    assert status == 200, (found_first, (three.home / "nginx/error.log").read_text()[-1500:])
    one = found_first["data"][0]["id"]
    steady = Steady(three.front, three.token, f"/v1/canned_responses/{one}")
    steady.run(2)
    peaks, restarts = [steady.run(3)], 0
    found: list[Reads] = []

    def load() -> None:
        while (left := REQUESTS - sum(each.requests for each in found)) > 0:
            rate = SHARE * max(each.rate for each in peaks)
            found.append(steady.run(min(STEP, 1 + left / rate), rate))
            # Others on the machine come and go, and what could be answered at the beginning may be a tenth of it.
            peaks.append(steady.run(1))

    loading = threading.Thread(target=load)
    loading.start()
    while loading.is_alive() or restarts < REPLICAS:
        three.restart(restarts % REPLICAS)
        restarts += 1
        until(three.ready)
        loading.join(BETWEEN)
    whole, peak = sum(found, Reads()), max(each.rate for each in peaks)
    told(
        "rolling restarts of three replicas",
        requests=whole.requests,
        failed=whole.failed,
        restarts=restarts,
        seconds=round(whole.seconds),
        share_of_peak=round(whole.rate / peak, 2),
        peak=round(peak),
        p99_ms=whole.p99_ms,
    )
    assert whole.requests >= REQUESTS
    assert whole.failed == sum(each.failed for each in peaks) == 0


def test_reloads_fail_no_request(three: Replicas) -> None:
    slower = []
    with asked(three, "reloads") as load:
        for _ in range(ROUNDS):
            load.more(some(150))
            began = time.monotonic()
            for each in [three.running[nth] for nth in dict.fromkeys(TURNS)]:
                assert (said := each.reload())["state"] == "swapped", said
            load.more(some(150))
            slower.append((load.p99(began - 3, began), load.p99(began, time.monotonic())))
    told("reloads", p99_before_and_around_ms=slower)
    assert load.failed() == []


def test_workers_that_are_killed_cost_no_read_and_double_no_create(three: Replicas) -> None:
    with asked(three, "workers killed", writers=3, cut=READERS * REPLICAS * ROUNDS) as load:
        for nth in TURNS:
            three.kill_children(nth, "process.worker")
            again = time.monotonic() + SHUNNED
            load.more(some(40), (200,))
            until(lambda: three.ready() and time.monotonic() > again)  # noqa: B023 - asked before the next turn


def test_replicas_that_are_killed_cost_no_read_and_double_no_create(three: Replicas) -> None:
    with asked(three, "replicas killed", writers=3, cut=READERS * ROUNDS) as load:
        for turn in range(ROUNDS):
            three.kill(turn % REPLICAS)
            load.more(some(40))
            three.start(turn % REPLICAS)
            load.more(some(20))


def test_couriers_that_are_killed_lose_no_event_that_they_took(three: Replicas) -> None:
    with asked(three, "couriers killed", writers=2) as load:
        for _ in range(ROUNDS):
            for nth in range(REPLICAS):
                three.kill_children(nth, "process.courier")
                load.more(some(30), (201,))
    until(three.ready)


def test_a_store_of_limits_that_crashed_is_used_again_within_five_seconds(three: Replicas) -> None:
    """Meanwhile keyed creates are refused unsent, and everything else goes on."""
    worst = 0.0
    with asked(three, "Valkey killed") as load:
        for _ in range(ROUNDS):
            three.valkey.kill()
            load.more(5, (503,))
            load.more(some(30), (200,))
            three.valkey.start()
            worst = max(worst, back(three, load, time.monotonic()))
    told("Valkey killed", back_after_seconds=worst)
    assert worst <= NORMAL


def test_a_database_that_crashed_is_used_again_within_five_seconds(three: Replicas) -> None:
    """Who is known goes on meanwhile; who is not has to wait."""
    worst = 0.0
    with asked(three, "PostgreSQL crashed") as load:
        for _ in range(ROUNDS):
            fresh = three.issue()
            three.postgres.stop(signal.SIGQUIT)
            load.more(some(50), (200,))
            assert three.client(fresh).ask("GET", "/v1/me")[0] == 503
            three.postgres.start()
            since = time.monotonic()
            worst = max(worst, back(three, load, since))
            assert three.client(fresh).ask("GET", "/v1/me")[0] == 200
    told("PostgreSQL crashed", back_after_seconds=worst)
    assert worst <= NORMAL


def test_a_database_that_hangs_holds_up_nobody_who_is_known(three: Replicas) -> None:
    with asked(three, "PostgreSQL hung") as load:
        for _ in range(ROUNDS):
            with hung(three.postgres.url):
                load.more(some(150), (200,))
            until(three.ready)


def test_a_service_that_hangs_costs_the_others_nothing(three: Replicas) -> None:
    with asked(three, "a hung service") as load:
        load.more(some(150))
        began, ending = time.monotonic(), threading.Event()
        httpx.post(f"{three.sandbox}/_control/faults", json={"path": "/api/finance", "delay_ms": 30_000})
        waiting = [three.client(three.token) for _ in range(8)]
        threads = [threading.Thread(target=_ask_until, args=(each, ending)) for each in waiting]
        for thread in threads:
            thread.start()
        try:
            load.more(some(300), (200,))
            during = load.p99(began, time.monotonic())
        finally:
            ending.set()
            httpx.delete(f"{three.sandbox}/_control/faults")
            for thread in threads:
                thread.join()
    hanging = Counter(answer.status for each in waiting for answer in each.answers)
    told("a hung service", p99_before_ms=load.p99(0, began), p99_during_ms=during, answers_of_the_hung=dict(hanging))
    assert load.failed() == [] and set(hanging) <= {200, 503, 504}


def _ask_until(client: Client, ending: threading.Event) -> None:
    while not ending.wait(0.02):
        client.ask("POST", "/v1/invoices/search", {})


def test_every_create_happened_once_and_every_event_that_was_taken_is_delivered(three: Replicas) -> None:
    """Of all that was created above: what is in the service, and what the subscriber was sent."""
    stored, ledger = three.stored(), three.ledger
    assert {key: stored.get(key) for key in ledger.created} == dict.fromkeys(ledger.created, 1)
    assert {stored.get(key, 0) for key in ledger.unknown} <= {0, 1}
    assert stored.keys() <= ledger.created.keys() | ledger.unknown
    # The service tells once, and not again where it is not heard: what was not taken is not to be had.
    emitted = three.emitted()
    lost = sum(count for status, count in emitted.items() if not status.startswith("2"))
    wanted = len(stored) - lost

    def delivered() -> set[str]:
        return {
            each.document["data"]["id"] for each in three.receiver.got if each.document["type"] == "contact.created"
        }

    within(90, lambda: len(delivered() & set(ledger.created.values())) >= wanted - len(ledger.unknown))
    ids: dict[str, set[str]] = {}
    for each in three.receiver.got:
        ids.setdefault(each.headers["webhook-id"], set()).add(str(each.document["data"].get("id")))
    assert [each for each in ids.values() if len(each) > 1] == []
    told("creates", created=len(ledger.created), unknown=len(ledger.unknown), stored=len(stored), **emitted)
    told("events", delivered=len(delivered()), posts=len(three.receiver.got), not_taken=lost)


def test_limits_are_exact_over_all_replicas_though_a_clock_is_wrong(three: Replicas) -> None:
    """Windows are of the store's clock: a replica that is a quarter of an hour ahead counts as the others do."""
    assert three.put_ahead(REPLICAS - 1) > 600
    until(three.ready)
    three.limit(token={"quota": QUOTA, "window": "10m", "burst": None})
    statuses = _spent(three.client(three.issue()), 2 * QUOTA)
    told("limits", quota=QUOTA, admitted=statuses[200], refused=statuses[429])
    assert statuses == {200: QUOTA, 429: QUOTA}


def test_limits_without_their_store_are_over_by_no_more_than_is_documented(three: Replicas) -> None:
    """Each replica lets its share through, and one more; nothing beyond it is let through when the store is back."""
    client = three.client(three.issue())
    first = _spent(client, QUOTA // 2)
    three.valkey.kill()
    without = _spent(client, 3 * QUOTA)
    three.valkey.start()
    until(three.ready)
    again = _spent(client, QUOTA)
    told("limits without a store", quota=QUOTA, before=first[200], without=without[200], after=again[200])
    assert first[200] == QUOTA // 2 and {*first, *without, *again} <= {200, 429}
    assert without[200] <= REPLICAS * (QUOTA // REPLICAS + 1)
    assert again[200] <= QUOTA // 2


def _spent(client: Client, count: int) -> Counter[int]:
    return Counter(client.ask("GET", "/v1/me")[0] for _ in range(count))
