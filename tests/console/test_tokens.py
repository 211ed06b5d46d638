"""Tokens, by forms and without scripts: who may make, see, rotate and revoke which."""

from __future__ import annotations

import html
import json
import re
import subprocess
import time

import pytest

from tests.console.conftest import ROLE_TTL
from tests.console.people import Fields, Person, shown
from tests.live import Live
from tests.oauth.acting import works


def test_a_token_made_in_the_console_opens_the_api_with_just_what_was_picked(desk: Live, member: Person) -> None:
    text, token_id = member.new_token("Export", "contact.read", "note.write")
    me = desk.call("GET", "/v1/me", token=text).json()["data"]
    assert me["token"]["id"] == token_id
    assert me["token"]["scopes"] == me["effective_scopes"] == ["contact.read", "note.write"]
    assert me["user"]["role"] == "member"


def test_with_a_new_token_comes_a_request_that_works_and_the_way_to_the_documentation(
    desk: Live, owner: Person
) -> None:
    made = owner.post("/console/tokens/new", {"name": "Pasted", "days": "7", "scope": ["contact.read"]})
    line = html.unescape(re.search(r'id="first-request" value="([^"]+)"', made.text)[1])  # type: ignore[index]
    said = subprocess.run(["sh", "-c", f"{line} -s"], capture_output=True, text=True, check=True).stdout
    assert json.loads(said)["data"]["token"]["scopes"] == ["contact.read"]
    assert 'href="/docs"' in owner.page("/console/tokens")


def test_a_token_is_shown_once_and_nowhere_ever_again(desk: Live, owner: Person) -> None:
    made = owner.post("/console/tokens/new", {"name": "Once", "days": "7", "scope": ["contact.read"]})
    text = shown(made)
    assert made.url.path == "/console/tokens"
    assert made.history[0].status_code == 303
    again = owner.http.get(str(made.url))
    assert "Once" in again.text
    for page in (again.text, *(owner.page(f"/console/{name}") for name in ("tokens", "history", "usage"))):
        assert text not in page
        assert text[12:30] not in page
    assert text not in desk.served.out.read_text()
    assert text not in desk.served.err.read_text()


def test_what_is_shown_once_is_shown_to_nobody_else_and_not_to_a_head(owner: Person, member: Person) -> None:
    fields: Fields = {"name": "Mine alone", "days": "7", "scope": ["contact.read"], "csrf": owner.csrf()}
    made = owner.http.post("/console/tokens/new", data=fields, follow_redirects=False)
    address = made.headers["location"]
    assert 'id="secret"' not in member.page(address)
    assert owner.http.head(address).status_code == 200
    assert 'id="secret"' in owner.page(address)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"name": " ", "days": "7", "scope": "contact.read"}, "1 to 100 characters"),
        ({"name": "x" * 101, "days": "7", "scope": "contact.read"}, "1 to 100 characters"),
        ({"name": "a\u202eb", "days": "7", "scope": "contact.read"}, "1 to 100 characters"),
        ({"name": "a", "days": "0", "scope": "contact.read"}, "expires"),
        ({"name": "a", "days": "-1", "scope": "contact.read"}, "expires"),
        ({"name": "a", "days": "٣", "scope": "contact.read"}, "expires"),
        ({"name": "a", "days": "366", "scope": "contact.read"}, "at most 365 days"),
        ({"name": "a", "days": "99999", "scope": "contact.read"}, "at most 365 days"),
        ({"name": "a", "days": ["7", "8"], "scope": "contact.read"}, "expires"),
        ({"name": "a", "days": "7"}, "at least one scope"),
        ({"name": "a", "days": "7", "scope": "everything.all"}, "no scope everything.all"),
    ],
)
def test_a_form_that_breaks_a_rule_comes_back_with_what_is_wrong(owner: Person, fields: Fields, said: str) -> None:
    answer = owner.post("/console/tokens/new", fields)
    assert answer.status_code == 422
    assert said in answer.text


def test_the_picker_offers_only_what_the_role_allows_and_a_forged_form_gets_no_more(desk: Live) -> None:
    viewer = Person(desk, "viewer")
    form = viewer.page("/console/tokens/new")
    assert 'value="contact.read">' in form
    assert 'value="contact.write" disabled' in form
    refused = viewer.post("/console/tokens/new", {"name": "a", "days": "7", "scope": ["contact.write"]})
    assert refused.status_code == 422
    assert "does not allow contact.write" in refused.text


def test_the_picker_follows_a_change_of_role(desk: Live) -> None:
    person = Person(desk, "manager", desk.b)
    try:
        desk.sandbox_command("set-role", "--user", person.user["email"], "--role", "viewer")
        time.sleep(ROLE_TTL + 0.1)
        assert 'value="contact.write" disabled' in person.page("/console/tokens/new")
        answer = person.post("/console/tokens/new", {"name": "a", "days": "7", "scope": ["contact.write"]})
        assert answer.status_code == 422
    finally:
        desk.sandbox_command("set-role", "--user", person.user["email"], "--role", "manager")


def test_a_disabled_user_is_signed_out(desk: Live) -> None:
    person = Person(desk, "viewer", desk.b)
    try:
        desk.sandbox_command("set-active", "--user", person.user["email"], "--active", "no")
        time.sleep(ROLE_TTL + 0.1)
        assert "Sign in" in person.page("/console/tokens")
    finally:
        desk.sandbox_command("set-active", "--user", person.user["email"], "--active", "yes")
        time.sleep(ROLE_TTL + 0.1)


def test_a_revoked_token_is_dead_on_every_worker_at_once(desk: Live, member: Person) -> None:
    text, token_id = member.new_token("Short-lived", "contact.read")
    assert works(desk, text)
    answer = member.post(f"/console/tokens/{token_id}/revoke")
    assert "was revoked" in answer.text
    assert answer.history[0].status_code == 303
    assert not works(desk, text)
    assert f"revoked by {member.user['email']}" in member.page("/console/tokens")


def test_a_rotated_token_has_a_successor_and_works_on_for_the_overlap(desk: Live, member: Person) -> None:
    old, token_id = member.new_token("Rotating", "contact.read")
    answer = member.post(f"/console/tokens/{token_id}/rotate")
    new = shown(answer)
    assert new != old
    assert works(desk, old) and works(desk, new)
    assert "Replaced" in answer.text
    again = member.post(f"/console/tokens/{token_id}/rotate")
    assert again.status_code == 409
    assert "no successor yet" in again.text


def test_a_token_that_leaked_is_rotated_without_an_overlap(desk: Live, member: Person) -> None:
    old, token_id = member.new_token("Leaked", "contact.read")
    assert works(desk, old)
    assert "Rotate and end the old one now" in member.page("/console/tokens")
    answer = member.post(f"/console/tokens/{token_id}/rotate", {"old": "end"})
    assert works(desk, shown(answer)) and not works(desk, old)
    assert f"replaced by {member.user['email']}" in answer.text


def test_an_administrator_revokes_anybodys_token_but_rotates_only_their_own(
    desk: Live, owner: Person, member: Person
) -> None:
    text, token_id = member.new_token("Watched", "contact.read")
    assert member.user["email"] in owner.page("/console/tokens")
    assert owner.post(f"/console/tokens/{token_id}/rotate").status_code == 404
    assert works(desk, text)
    assert owner.post(f"/console/tokens/{token_id}/revoke").status_code == 200
    assert not works(desk, text)
    assert f"revoked by {owner.user['email']}" in member.page("/console/tokens")


@pytest.mark.parametrize("act", ["revoke", "rotate"])
@pytest.mark.parametrize("role", ["manager", "member", "viewer"])
def test_others_touch_and_see_only_their_own(desk: Live, owner: Person, role: str, act: str) -> None:
    text, token_id = owner.new_token(f"Not for a {role} to {act}", "contact.read")
    person = Person(desk, role)
    assert f"Not for a {role}" not in person.page("/console/tokens")
    assert f"Not for a {role}" not in person.page(f"/console/tokens?before={token_id}")
    assert person.post(f"/console/tokens/{token_id}/{act}").status_code == 404
    assert works(desk, text)


@pytest.mark.parametrize("act", ["revoke", "rotate"])
def test_nobody_reaches_into_another_tenant(desk: Live, owner: Person, stranger: Person, act: str) -> None:
    text, token_id = owner.new_token(f"Of tenant a, {act}", "contact.read")
    absent = stranger.post(f"/console/tokens/tok_{'0' * 24}/{act}")
    foreign = stranger.post(f"/console/tokens/{token_id}/{act}")
    assert foreign.status_code == absent.status_code == 404
    assert foreign.text == absent.text
    assert "Of tenant a" not in stranger.page("/console/tokens")
    assert "Of tenant a" not in stranger.page(f"/console/tokens?before={token_id}")
    assert works(desk, text)


@pytest.mark.parametrize("token_id", ["x", "tok_", "tok_%00", "tok_' OR 1=1 --", "con_" + "0" * 24])
def test_an_id_that_is_none_is_not_found(owner: Person, token_id: str) -> None:
    assert owner.post(f"/console/tokens/{token_id}/revoke").status_code == 404
    assert owner.http.get("/console/tokens", params={"before": token_id}).status_code == 200


def test_a_long_list_goes_on_over_pages_without_gap_or_double(desk: Live) -> None:
    person = Person(desk, "manager")
    made = [desk.record(desk.a, "manager", "contact.read")[1] for _ in range(30)]
    first = person.page("/console/tokens")
    further = first.partition("?before=")[2].partition('"')[0]
    second = person.page(f"/console/tokens?before={further}")
    seen = [[token for token in made if f"tok_{token}/revoke" in page] for page in (first, second)]
    assert len(seen[0]) == 25
    assert sorted(seen[0] + seen[1]) == sorted(made)
