"""Rate limits and revocation as two workers share them."""

from __future__ import annotations

import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from tests.downstream.test_early_answers import CSV, LARGE, told
from tests.live import UNLIMITED, Live
from tests.waiting import within

TOKEN = {"quota": 60, "window": "60s", "burst": 20}


@pytest.fixture
def pair(spare: Live) -> Live:
    """Two workers; a token has 20 requests at once and one a second, the other limits are out of the way."""
    spare.set_up(limits={"token": TOKEN})
    return spare


def spend(live: Live, token: str, count: int) -> list[httpx.Response]:
    """Ask on many connections at once, so that both workers are asked."""

    def ask(_: int) -> httpx.Response:
        headers = {"Authorization": f"Bearer {token}", "Version": "2026-09-01", "Connection": "close"}
        return httpx.get(f"{live.url}/v1/me", headers=headers)

    with ThreadPoolExecutor(16) as threads:
        return list(threads.map(ask, range(count)))


def test_two_workers_share_one_bucket_and_tell_it_in_their_headers(pair: Live) -> None:
    token = pair.token(pair.a, "owner", "contact.read")
    began = time.time()
    answers = spend(pair, token, 80)
    took = time.time() - began
    statuses = Counter(answer.status_code for answer in answers)
    assert set(statuses) == {200, 429}
    assert 20 <= statuses[200] <= 20 + took + 1
    refused = next(answer for answer in answers if answer.status_code == 429)
    problem = refused.json()
    assert (problem["code"], problem["violated_policies"], problem["limit"]) == ("rate_limited", ["token"], 20)
    assert problem["detail"].startswith("Too many requests: at most 60 in 60 seconds, 20 at once.")
    assert refused.headers["content-type"] == "application/problem+json"
    assert int(refused.headers["retry-after"]) == problem["retry_after"] >= 1
    assert refused.headers["x-ratelimit-limit"] == "20"
    assert refused.headers["x-ratelimit-remaining"] == "0"
    assert began <= int(refused.headers["x-ratelimit-reset"]) <= time.time() + 22
    assert '"token";q=20;w=20' in refused.headers["ratelimit-policy"]
    assert '"token";r=0;t=' in refused.headers["ratelimit"]
    assert "version" not in refused.headers
    time.sleep(min(int(answer.headers["retry-after"]) for answer in answers if answer.status_code == 429))
    assert spend(pair, token, 1)[0].status_code == 200


def test_all_headers_speak_of_one_quantity_from_the_first_request_on(pair: Live) -> None:
    token = pair.token(pair.a, "owner", "contact.read")
    for spent in (1, 2):
        headers = spend(pair, token, 1)[0].headers
        left = 20 - spent
        assert (headers["x-ratelimit-limit"], headers["x-ratelimit-remaining"]) == ("20", str(left))
        assert headers["ratelimit-policy"].startswith('"token";q=20;w=20, "tenant";')
        named = dict(part.partition(";")[::2] for part in headers["ratelimit"].split(", "))
        limits = dict(part.partition(";")[::2] for part in headers["ratelimit-policy"].split(", "))
        assert named['"token"'].startswith(f"r={left};t=")
        for policy, state in named.items():
            told = dict(each.split("=") for each in f"{state};{limits[policy]}".split(";"))
            assert int(told["r"]) <= int(told["q"])
            assert int(told["t"]) <= int(told["w"])


def test_sixteen_workers_that_obey_retry_after_are_refused_in_a_fifth_of_their_requests_at_most(spare: Live) -> None:
    """At 40 a second instead of 10, so that it ends; the whole of it is simulated in tests/stores/test_limit_spread.py."""
    spare.set_up(limits={"token": {"quota": 2400, "window": "60s", "burst": 40}})
    contact = spare.call("POST", "/v1/contacts", {"first_name": "Ada"}).headers["location"]
    token = spare.token(spare.a, "owner", "contact.write")
    statuses: Counter[int] = Counter()

    def work(updates: int) -> None:
        while updates:
            answer = spare.call("PATCH", contact, {"job_title": str(updates)}, token=token)
            statuses[answer.status_code] += 1
            if answer.status_code == 429:
                time.sleep(int(answer.headers["retry-after"]))
            else:
                updates -= 1

    with ThreadPoolExecutor(16) as threads:
        list(threads.map(work, [25] * 16))
    assert statuses[200] == 400
    assert statuses[429] <= 0.2 * statuses.total()


def test_another_token_of_the_tenant_has_a_bucket_of_its_own(pair: Live) -> None:
    first, second = (pair.token(pair.a, "owner", "contact.read") for _ in range(2))
    assert 429 in [answer.status_code for answer in spend(pair, first, 60)]
    assert spend(pair, second, 1)[0].status_code == 200


def test_a_revoked_token_is_refused_by_every_worker_within_a_second(pair: Live) -> None:
    token, token_id = pair.record(pair.a, "owner", "contact.read")
    assert {answer.status_code for answer in spend(pair, token, 10)} == {200}
    pair.run("tokens", "revoke", f"tok_{token_id}")

    def refused() -> bool:
        answers = spend(pair, token, 30)
        return {(answer.status_code, answer.json().get("code")) for answer in answers} == {(401, "token_revoked")}

    within(1, refused)


def test_the_tenants_budget_binds_all_its_tokens(spare: Live) -> None:
    limits = {"token": UNLIMITED, "tenant": {"quota": 30, "window": "60s"}}
    spare.set_up(limits=limits)
    tokens = [spare.token(spare.a, "owner", "contact.read") for _ in range(3)]
    answers = [answer for token in tokens for answer in spend(spare, token, 20)]
    assert Counter(answer.status_code for answer in answers) == {200: 30, 429: 30}
    refused = next(answer for answer in answers if answer.status_code == 429)
    assert refused.json()["violated_policies"] == ["tenant"]
    assert 1 <= int(refused.headers["retry-after"]) <= 66
    assert spend(spare, spare.b.tokens["owner"], 1)[0].status_code == 200


def test_searches_have_a_class_of_their_own(spare: Live) -> None:
    spare.set_up(limits={"search": {"quota": 5, "window": "60s"}})
    searches = [spare.call("POST", "/v1/contacts/search", {}) for _ in range(7)]
    assert [answer.status_code for answer in searches] == [200] * 5 + [429] * 2
    assert searches[-1].json()["violated_policies"] == ["search"]
    assert '"search";q=5;w=60' in searches[0].headers["ratelimit-policy"]
    assert searches[0].headers["x-ratelimit-remaining"] == "4"
    assert spare.call("GET", "/v1/me").status_code == 200


def test_strangers_are_limited_by_their_address(spare: Live) -> None:
    spare.set_up(limits={"address": {"quota": 5, "window": "60s"}})
    assert spare.call("GET", "/v1/me").status_code == 200
    refused = [spare.call("GET", "/v1/me", token="nonsense") for _ in range(6)]
    assert [answer.status_code for answer in refused] == [401] * 5 + [429]
    assert refused[-1].json()["violated_policies"] == ["address"]
    assert int(refused[-1].headers["retry-after"]) >= 1
    assert spare.call("GET", "/v1/me").status_code == 200


def test_the_budget_counts_the_calls_a_request_makes(spare: Live) -> None:
    spare.set_up(limits={"tenant": {"quota": 10, "window": "60s"}})
    before = spare.counted()
    contact = spare.call("POST", "/v1/contacts", {"first_name": "Ada"}).headers["location"]
    answers = [spare.call("GET", f"{contact}/notes") for _ in range(6)]
    assert [answer.status_code for answer in answers] == [200] * 4 + [429] * 2
    assert answers[-1].json()["violated_policies"] == ["tenant"]
    assert spare.counted() - before <= 10


def test_what_is_left_is_told_after_all_calls_of_a_request(spare: Live) -> None:
    spare.set_up(limits={"tenant": {"quota": 40, "window": "60s", "burst": None}, "token": TOKEN})
    token = spare.token(spare.a, "owner", "financial_report.read")
    year = "/v1/reports/profit_and_loss?from=2025-01-01&to=2025-12-31&interval=month"
    answer = spare.call("GET", year, token=token)
    assert answer.status_code == 200, answer.text
    assert '"token";r=19;' in answer.headers["ratelimit"] and '"tenant";r=27;' in answer.headers["ratelimit"]
    again = spare.call("GET", year, token=token)
    assert again.status_code == 200, again.text
    assert '"token";r=18;' in again.headers["ratelimit"] and '"tenant";r=14;' in again.headers["ratelimit"]
    assert (again.headers["x-ratelimit-limit"], again.headers["x-ratelimit-remaining"]) == ("40", "14")
    assert 0 < int(again.headers["x-ratelimit-reset"]) - time.time() <= 64


def test_paths_that_do_not_exist_are_counted_by_address_too(spare: Live) -> None:
    spare.set_up(limits={"address": {"quota": 3, "window": "60s"}})
    assert [spare.call("GET", "/v1/nothing").status_code for _ in range(5)] == [404] * 3 + [429] * 2
    # A valid token goes free, whatever strangers did at its address, and though no worker has seen it before.
    assert spare.call("GET", "/v1/me").status_code == 200


def test_a_rotated_token_ends_with_its_overlap_on_workers_that_knew_it_longer(spare: Live) -> None:
    spare.set_up(tokens={"rotation_overlap": "1s"})
    token, token_id = spare.record(spare.a, "owner", "contact.read")
    assert spend(spare, token, 1)[0].status_code == 200
    spare.run("tokens", "rotate", f"tok_{token_id}")
    within(1.1, lambda: spend(spare, token, 1)[0].status_code == 401)
    refused = spend(spare, token, 1)[0]
    assert (refused.status_code, refused.json()["code"]) == (401, "token_expired")


@pytest.mark.parametrize(
    ("path", "body", "media"), [("/v1/contacts", LARGE, "application/json"), ("/v1/contacts/import", CSV, "text/csv")]
)
def test_whoever_sends_all_before_reading_is_told_how_long_to_wait(
    pair: Live, path: str, body: bytes, media: str
) -> None:
    token = pair.token(pair.a, "owner", "contact.read contact.write")
    spend(pair, token, 40)
    refused = told(pair, "POST", path, body, Authorization=f"Bearer {token}", Content_Type=media)
    assert refused.status == 429
    assert int(refused.headers["Retry-After"]) >= 1
