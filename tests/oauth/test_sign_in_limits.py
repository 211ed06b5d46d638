"""Limits on guessing passwords: failures count, and nobody can lock somebody else out."""

from __future__ import annotations

import httpx
import pytest

from tests.console.people import Fields, Person
from tests.live import Live
from tests.oauth.acting import Forms

ACCOUNT, ADDRESS, EVERYWHERE = 3, 7, 9


@pytest.fixture(scope="module")
def guarded(spare: Live) -> Live:
    limits = {
        "sign_in_account": {"quota": ACCOUNT, "window": "10m"},
        "sign_in_address": {"quota": ADDRESS, "window": "10m"},
        "sign_in_everywhere": {"quota": EVERYWHERE, "window": "10m"},
        "new_tokens": {"quota": 2, "window": "10m"},
    }
    spare.set_up(limits=limits)
    return spare


def attempt(live: Live, address: str, email: str, password: str = "wrong") -> httpx.Response:
    """One attempt in a fresh browser at an address of its own."""
    with httpx.Client(base_url=live.url, transport=httpx.HTTPTransport(local_address=address)) as jar:
        fields = Forms(jar.get("/oauth/sign-in").text).found[0].fields
        return jar.post("/oauth/sign-in", data={**fields, "email": email, "password": password})


def test_who_guesses_is_stopped_at_that_account_and_then_altogether(guarded: Live) -> None:
    email = guarded.a.users["owner"]["email"]
    statuses = [attempt(guarded, "127.0.1.1", each).status_code for each in (email, email.upper(), email, email)]
    assert statuses == [401] * ACCOUNT + [429]
    refused = attempt(guarded, "127.0.1.1", email)
    assert int(refused.headers["retry-after"]) > 0 and "Too many attempts" in refused.text
    others = [attempt(guarded, "127.0.1.1", f"nobody{at}@nowhere.example").status_code for at in range(4)]
    assert others == [401, 401, 429, 429], "two that were refused for the account counted for the address"


def test_a_stranger_at_another_address_locks_nobody_out(guarded: Live) -> None:
    victim = guarded.a.users["manager"]
    for _ in range(30):
        attempt(guarded, "127.0.1.2", victim["email"])
    assert attempt(guarded, "127.0.1.3", victim["email"], victim["password"]).status_code == 303


def test_signing_in_rightly_never_counts(guarded: Live) -> None:
    user = guarded.a.users["member"]
    answers = [attempt(guarded, "127.0.1.4", user["email"], user["password"]).status_code for _ in range(12)]
    assert answers == [303] * 12


def test_an_address_may_be_typed_in_any_case(guarded: Live) -> None:
    user = guarded.a.users["viewer"]
    assert attempt(guarded, "127.0.1.5", user["email"].upper(), user["password"]).status_code == 303


def test_a_person_makes_so_many_tokens_and_no_more(guarded: Live) -> None:
    person = Person(guarded, "owner", guarded.b)
    _, token_id = person.new_token("First", "contact.read")
    assert person.post(f"/console/tokens/{token_id}/rotate").status_code == 200
    fields: Fields = {"name": "Third", "days": "30", "scope": ["contact.read"]}
    for path in ("/console/tokens/new", f"/console/tokens/{token_id}/rotate"):
        refused = person.post(path, fields)
        assert (refused.status_code, "many tokens in a short time" in refused.text) == (429, True)
    other = Person(guarded, "manager", guarded.b)
    other.new_token("Theirs", "contact.read")


def test_guesses_from_many_addresses_are_stopped_at_the_account(guarded: Live) -> None:
    email = guarded.b.users["owner"]["email"]
    statuses = [attempt(guarded, f"127.0.2.{at}", email).status_code for at in range(EVERYWHERE + 1)]
    assert statuses == [401] * EVERYWHERE + [429]
