"""What the store keeps of answers is bounded for each tenant: beyond it a replay reads the record again."""

from __future__ import annotations

import uuid
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
import redis

from tests.live import Live

LARGE = "\U0001f600" * 50_000  # 200 KB


def memory(live: Live) -> int:
    """Bytes that the store uses."""
    url = live.served.facts()["redis_url"]
    with redis.Redis(unix_socket_path=url.removeprefix("unix://")) as store:
        used: int = store.info("memory")["used_memory"]
    return used


def keyed(live: Live, path: str, key: str, body: object = None) -> httpx.Response:
    return live.call("POST", path, body, headers={"Idempotency-Key": key})


def test_240_keyed_actions_on_a_record_of_200_kb_grow_the_store_by_less_than_20_mb(live: Live) -> None:
    note = live.call("POST", "/v1/notes", {"body": LARGE}).headers["location"]
    keys = [str(uuid.uuid4()) for _ in range(240)]
    before = memory(live)
    with ThreadPoolExecutor(4) as threads:
        answers = list(threads.map(lambda key: keyed(live, f"{note}/pin", key), keys))
    assert {answer.status_code for answer in answers} == {200}
    assert memory(live) - before < 20_000_000
    for first, key in ((answers[0], keys[0]), (answers[-1], keys[-1])):
        again = keyed(live, f"{note}/pin", key)
        assert (again.status_code, again.headers["idempotent-replayed"]) == (200, "true")
        assert again.json()["data"]["id"] == first.json()["data"]["id"]
        assert again.json()["data"]["body"] == LARGE


@pytest.fixture(scope="module")
def poor(spare: Live) -> Live:
    """A deployment that keeps next to nothing."""
    spare.set_up(idempotency={"budget": "1B"})
    return spare


def test_a_create_whose_answer_was_not_kept_is_replayed_with_its_status_its_location_and_the_record_read_again(
    poor: Live,
) -> None:
    first = keyed(poor, "/v1/contacts", "create", {"first_name": "Once"})
    poor.call("PATCH", first.headers["location"], {"job_title": "Countess"})
    before = poor.counted()
    again = keyed(poor, "/v1/contacts", "create", {"first_name": "Once"})
    assert (again.status_code, again.headers["location"]) == (201, first.headers["location"])
    assert (again.headers["idempotent-replayed"], again.headers["content-type"]) == ("true", "application/json")
    assert again.json()["data"]["id"] == first.json()["data"]["id"]
    assert again.json()["data"]["job_title"] == "Countess"
    assert poor.counted() == before + 1
    other = keyed(poor, "/v1/contacts", "create", {"first_name": "Twice"})
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")


def test_actions_and_words_under_a_record_are_read_again_as_well(poor: Live) -> None:
    task = poor.call("POST", "/v1/tasks", {"title": "Once"}).headers["location"]
    assert keyed(poor, f"{task}/complete", "action").json()["data"]["status"] == "completed"
    again = keyed(poor, f"{task}/complete", "action")
    assert (again.json()["data"]["status"], again.headers["idempotent-replayed"]) == ("completed", "true")
    contact = poor.call("POST", "/v1/contacts", {"first_name": "Ada"}).headers["location"]
    words = {"tags": [f"a-tag-of-some-length-{number}" for number in range(9)]}
    first = keyed(poor, f"{contact}/tags", "words", words)
    again = keyed(poor, f"{contact}/tags", "words", words)
    assert again.headers["idempotent-replayed"] == "true"
    assert again.json() == first.json()


def test_a_replay_says_so_when_the_record_is_gone_since(poor: Live) -> None:
    first = keyed(poor, "/v1/contacts", "gone", {"first_name": "Once"})
    poor.call("DELETE", first.headers["location"])
    again = keyed(poor, "/v1/contacts", "gone", {"first_name": "Once"})
    assert (again.status_code, again.json()["code"]) == (404, "record_not_found")
    assert again.headers["idempotent-replayed"] == "true"
    assert "was carried out" in again.json()["detail"]


def test_an_import_has_so_small_an_answer_that_it_is_always_kept(poor: Live) -> None:
    def send() -> httpx.Response:
        headers = {"Idempotency-Key": "import", "Content-Type": "text/csv"}
        return poor.call("POST", "/v1/contacts/import", content=b"first_name\nAda\n", headers=headers)

    first, again = send(), send()
    assert (again.status_code, again.json()) == (200, first.json())
    assert again.headers["idempotent-replayed"] == "true"
