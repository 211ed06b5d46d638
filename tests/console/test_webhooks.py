"""Webhooks in the console: made, changed, paused and ended by whose they are; the log of what was delivered and what was not."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest

from gateway.console import webhook_words
from gateway.stores.sql import audit, webhook_endpoints, webhook_registrations
from gateway.stores.sql.webhook_endpoints import Status
from gateway.stores.sql.webhook_queue import Attempt
from tests.console.people import Fields, Person, shown
from tests.console.webhook_rows import PATH, a_deal, delivered, happened, make, store
from tests.live import Live


@pytest.fixture
def webhook(desk: Live, owner: Person) -> str:
    made, _ = make(owner)
    return made


def stopped(desk: Live, webhook: str, status: Status, reason: str | None) -> None:
    at = datetime.now(UTC)
    store(desk, lambda session: webhook_endpoints.stop(session, webhook[4:], status, reason, at))


def test_a_webhook_is_made_with_a_secret_that_is_shown_this_once(desk: Live, owner: Person) -> None:
    webhook, page = make(owner, "deal.won", "contact.created", url="https://hooks.example.com/in?key=s3cret")
    assert re.fullmatch("whsec_[A-Za-z0-9+/]{43}=", shown(page))
    assert shown(page) not in owner.page(f"{PATH}/{webhook}")
    assert "https://hooks.example.com/in?key=s3cret" in owner.page(f"{PATH}/{webhook}")
    assert "s3cret" not in owner.page(PATH) and webhook in owner.page(PATH)
    made = store(desk, lambda session: webhook_endpoints.get(session, webhook[4:]))
    assert (made.owner_kind, made.scopes) == ("user", ("contact.read", "deal.read", "webhook.read"))
    assert "made a webhook subscription" in owner.page("/console/history")
    assert "webhook.test" in owner.page(f"{PATH}/{webhook}"), "a test is sent at once"


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"url": "https://127.0.0.1/", "event": "deal.won"}, "The URL: This URL may not be called"),
        ({"url": "http://hooks.example.com/", "event": "deal.won"}, "The URL: This URL may not be called"),
        ({"url": "https://hooks.example.com/"}, "The events"),
        ({"url": "https://hooks.example.com/", "event": "deal.*"}, "The events: There is no such type"),
        ({"url": "https://hooks.example.com/", "event": "deal.won", "headers": "Host: me"}, "A header: "),
        ({"url": "https://hooks.example.com/", "event": "deal.won", "headers": "nothing"}, "A header: "),
        ({"url": "https://hooks.example.com/", "event": "deal.won", "rate": "fast"}, "How many a second: "),
        ({"url": "https://hooks.example.com/", "event": "deal.won", "version": "2019-01-01"}, "The contract: "),
    ],
)
def test_what_cannot_be_is_told_at_its_field_and_the_form_keeps_what_was_sent(
    owner: Person, fields: Fields, said: str
) -> None:
    page = owner.post(f"{PATH}/new", fields)
    assert page.status_code == 422
    assert said in page.text
    assert f'value="{fields["url"]}"' in page.text


def test_a_webhook_is_changed_paused_resumed_and_deleted(desk: Live, owner: Person, webhook: str) -> None:
    one = f"{PATH}/{webhook}"
    fields: Fields = {
        "url": "https://hooks.example.com/other",
        "event": ["deal.lost"],
        "payload": "thin",
        "headers": "X-Key: abc",
        "rate": "5",
    }
    assert "Saved." in owner.post(f"{one}/edit", fields).text
    made = store(desk, lambda session: webhook_endpoints.get(session, webhook[4:]))
    assert (made.events, made.payload, made.rate) == (("deal.lost",), "thin", 5)
    form = owner.page(f"{one}/edit")
    assert "Set now: X-Key" in form and "abc" not in form, "headers are shown to nobody again"
    assert "X-Key" in owner.post(f"{one}/edit", {k: v for k, v in fields.items() if k != "headers"}).text
    assert "X-Key" not in owner.post(f"{one}/edit", {**fields, "headers": "", "headers_end": "yes"}).text

    assert "Paused." in owner.post(f"{one}/pause").text
    assert "Go on without what was missed" in owner.page(one)
    assert "Enabled." in owner.post(f"{one}/resume", {"from": "now"}).text
    assert "deleted" in owner.post(f"{one}/delete").text
    assert owner.http.get(one).status_code == 404
    told = store(desk, lambda session: audit.tail(session, desk.a.business_id, limit=500))
    assert [each.action for each in told if each.subject == webhook] == [
        "webhook.create",
        *("webhook.update",) * 3,
        "webhook.pause",
        "webhook.resume",
        "webhook.delete",
    ]


def test_a_secret_is_rotated_with_an_overlap_or_at_once(desk: Live, owner: Person, webhook: str) -> None:
    first = shown(owner.post(f"{PATH}/{webhook}/secret"))
    page = owner.page(f"{PATH}/{webhook}")
    assert page.count("whsec_") == 2 and ">in 23 hours<" in page
    second = shown(owner.post(f"{PATH}/{webhook}/secret", {"old": "end"}))
    assert first != second
    assert owner.page(f"{PATH}/{webhook}").count("whsec_") == 1


@pytest.mark.parametrize(
    ("reason", "said"),
    [("failing", "Nothing was taken for days."), ("contract_retired", "Its contract has reached its end.")],
)
def test_why_a_webhook_is_disabled_is_told_and_enabling_is_limited(
    desk: Live, owner: Person, webhook: str, reason: str, said: str
) -> None:
    one = f"{PATH}/{webhook}"
    for _ in range(6):
        stopped(desk, webhook, "disabled", reason)
        assert said in owner.page(one)
        assert said in owner.page(PATH)
        assert "Enabled." in owner.post(f"{one}/resume").text
    stopped(desk, webhook, "disabled", reason)
    refused = owner.post(f"{one}/resume")
    assert refused.status_code == 429 and "enabled again too often" in refused.text


def test_the_log_tells_what_came_of_every_delivery_and_why(desk: Live, owner: Person, webhook: str) -> None:
    failed = delivered(desk, webhook, "dead", "attempts", status=503, answer_head="<b>upstream</b> is down")
    refused = delivered(desk, webhook, "dead", "age", error="tls_wrong_name")
    hidden = delivered(desk, webhook, "withheld", "not_visible")
    delivered(desk, webhook, "cancelled", "owner_revoked")
    delivered(desk, webhook, status=204)
    page = owner.page(f"{PATH}/{webhook}")
    for said in ("All ten attempts failed.", "503", "the certificate is for another name", "was ended", "204"):
        assert said in page
    withheld = owner.page(f"{PATH}/{webhook}?status=withheld")
    assert hidden in withheld and failed not in withheld
    assert "may not see this record, or the record is gone" in withheld
    one = owner.page(f"{PATH}/{webhook}/deliveries/{failed}")
    assert "&lt;b&gt;upstream&lt;/b&gt; is down" in one and "240 ms" in one and "512 bytes" in one
    assert "the certificate is for another name" in owner.page(f"{PATH}/{webhook}/deliveries/{refused}")
    assert owner.http.get(f"{PATH}/{webhook}/deliveries/dlv_nothing").status_code == 404


def test_the_log_is_walked_page_by_page(desk: Live, owner: Person, webhook: str) -> None:
    made = {delivered(desk, webhook, status=204) for _ in range(30)}
    page = owner.page(f"{PATH}/{webhook}?status=delivered")
    older = re.findall(r'href="([^"]+before=[^"]+)"', page)[0].replace("&amp;", "&")
    seen = [re.findall(r"/deliveries/(dlv_\w+)", each) for each in (page, owner.page(older))]
    assert [len(each) for each in seen] == [25, 5]
    assert {*seen[0], *seen[1]} == made


def test_a_delivery_and_a_range_are_sent_once_more(desk: Live, owner: Person, webhook: str) -> None:
    dead = delivered(desk, webhook, "dead", "attempts", status=500)
    again = owner.post(f"{PATH}/{webhook}/deliveries/{dead}/redeliver")
    assert "on its way once more" in again.text and dead not in str(again.url)
    begun = owner.post(f"{PATH}/{webhook}/replay", {"only": "all"})
    assert "The replay has begun." in begun.text and "under way" in begun.text
    assert "there is one at a time" in owner.post(f"{PATH}/{webhook}/replay").text
    wrong: Fields = {"since": "2026-01-02T00:00", "until": "2026-01-01T00:00"}
    assert "This is before since." in owner.post(f"{PATH}/{webhook}/replay", wrong).text
    assert "as a day and a time" in owner.post(f"{PATH}/{webhook}/replay", {"since": "yesterday"}).text


def test_a_test_leads_to_its_delivery(desk: Live, owner: Person, webhook: str) -> None:
    page = owner.post(f"{PATH}/{webhook}/test")
    assert "A test was sent." in page.text and "webhook.test" in page.text
    owner.post(f"{PATH}/{webhook}/pause")
    assert owner.post(f"{PATH}/{webhook}/test").status_code == 409


def test_whose_role_reads_no_webhooks_finds_no_pages_of_them(owner: Person, member: Person, webhook: str) -> None:
    assert "/console/webhooks" not in member.page("/console/tokens")
    for path in (PATH, f"{PATH}/new", f"{PATH}/events", f"{PATH}/{webhook}"):
        assert member.http.get(path).status_code == 404
    assert member.post(f"{PATH}/{webhook}/delete", csrf=member.csrf("/console/tokens/new")).status_code == 404
    assert f"{PATH}/{webhook}" in owner.page(PATH)


def test_another_workspace_finds_nothing(stranger: Person, desk: Live, owner: Person, webhook: str) -> None:
    dead = delivered(desk, webhook, "dead", "attempts", status=500)
    for path in (f"{PATH}/{webhook}", f"{PATH}/{webhook}/deliveries/{dead}", f"{PATH}/{webhook}/edit"):
        assert stranger.http.get(path).status_code == 404
    for action in ("pause", "resume", "secret", "delete", "test", "replay", f"deliveries/{dead}/redeliver"):
        assert stranger.post(f"{PATH}/{webhook}/{action}").status_code == 404
    other, _ = make(stranger)
    assert stranger.http.get(f"{PATH}/{other}/deliveries/{dead}").status_code == 404


def test_of_somebody_elses_an_administrator_sees_no_secret_and_can_end_it(desk: Live, owner: Person) -> None:
    """Case 38: neither the URL behind its host, nor what was answered, nor a secret."""
    webhook, _ = make(owner, url="https://hooks.example.com/canary?key=canary", headers="X-Key: canary")
    dead = delivered(desk, webhook, "dead", "attempts", status=500, answer_head="canary")
    at = datetime.now(UTC)
    store(desk, lambda session: webhook_endpoints.change(session, webhook[4:], at, user_id="clx0a1b2c3d4e5f6g7h8i9j0k"))
    one = f"{PATH}/{webhook}"
    shown = f"{one}/deliveries/{delivered(desk, webhook, about=a_deal(desk), status=204)}?preview=now"
    for path in (PATH, one, f"{one}/deliveries/{dead}", shown, f"{PATH}/events", "/console/history"):
        assert "canary" not in owner.page(path)
    assert "What would be sent now" not in owner.page(shown)
    assert "of somebody else" in owner.page(PATH) and "https://hooks.example.com" in owner.page(one)
    assert owner.http.get(f"{one}/edit").status_code == 404
    assert owner.post(f"{one}/secret").status_code == 404
    assert "Paused." in owner.post(f"{one}/pause").text
    assert "deleted" in owner.post(f"{one}/delete").text


def test_an_administrator_sees_how_events_come_here_and_everybody_what_happened(
    desk: Live, owner: Person, webhook: str
) -> None:
    event_id = happened(desk)
    since, until = datetime(2026, 10, 1, 7, tzinfo=UTC), datetime(2026, 10, 1, 9, tzinfo=UTC)
    store(
        desk,
        lambda session: webhook_registrations.add_gap(session, desk.a.business_id, "registration_lost", since, until),
    )
    page = owner.page(f"{PATH}/events")
    assert f"evt_{event_id}" in page and "deal.won" in page
    assert "1 Oct 2026, 07:00 UTC to 1 Oct 2026, 09:00 UTC" in page
    assert webhook in owner.page(PATH)


def test_a_form_is_used_once(owner: Person, webhook: str) -> None:
    csrf = owner.csrf(f"{PATH}/{webhook}")
    assert owner.post(f"{PATH}/{webhook}/pause", csrf=csrf).status_code == 200
    assert owner.post(f"{PATH}/{webhook}/resume", csrf=csrf).status_code == 403
    assert "Paused" in owner.page(f"{PATH}/{webhook}")


def test_every_reason_and_error_that_there_is_has_words() -> None:
    def tried(status: int | None, error: str | None) -> str:
        return webhook_words.came_back(Attempt(1, datetime.now(UTC), 5, status, error, None, b"", 0, None))

    assert (tried(503, None), tried(None, "vetted_private")) == ("503", "the address may not be called")
    assert tried(None, "dns") == "the name could not be resolved"
    assert tried(None, "new_error") == "new_error", "what has no words is told by its name"
    assert webhook_words.why("poison").endswith("knows of it.") and webhook_words.why("unheard") == "unheard"
    assert webhook_words.badge("dead") == ("bad", "Dead")
