"""Activity and usage: what happened, how much, and who gets to know."""

from __future__ import annotations

import re
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx

from gateway.stores.sql import Sql, audit
from gateway.stores.sql.audit import Event
from tests.console.people import Person
from tests.live import NEWEST, Live, live

LIMITED = {"quota": 8, "window": "60s", "burst": None}


def text(page: str) -> str:
    """What a reader reads."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", page.partition("<main")[2]))


def test_the_record_says_who_did_what_and_from_where(desk: Live, owner: Person, member: Person) -> None:
    _, first = member.new_token("Recorded", "contact.read")
    member.post(f"/console/tokens/{first}/rotate")
    owner.post(f"/console/tokens/{first}/revoke")
    seen = text(owner.page("/console/history"))
    name = desk.call("GET", "/v1/me", token=desk.a.tokens["member"]).json()["data"]["user"]["name"]
    for sentence in (
        f"{name} signed in",
        f"{name} created the token Recorded",
        f"{name} rotated the token Recorded",
        "You revoked the token Recorded",
    ):
        assert sentence in seen
    assert "from 127.0.0.1" in seen
    assert "An operator registered the workspace" in text(owner.page("/console/history?before=4"))
    assert seen.index("You revoked the token Recorded") < seen.index("rotated the token Recorded")


def test_the_record_says_from_which_new_address_a_token_was_used_and_says_it_once(desk: Live, member: Person) -> None:
    token, _ = member.new_token("Roaming", "contact.read")
    for address in ("203.0.113.7", "203.0.113.7", "198.51.100.9") * 4:
        with httpx.Client(base_url=desk.url, timeout=30) as other:
            headers = {"Authorization": f"Bearer {token}", "Version": NEWEST, "X-Forwarded-For": address}
            assert other.get("/v1/me", headers=headers).status_code == 200
    seen = ""
    for _ in range(100):
        with httpx.Client(base_url=desk.url, cookies=member.http.cookies, timeout=30) as other:
            other.get("/console/usage").raise_for_status()
        seen = text(member.page("/console/history"))
        if seen.count("Roaming was used") == 2:
            break
    assert seen.count("Roaming was used from an address that was new for it") == 2
    assert "from 203.0.113.7" in seen
    assert "from 198.51.100.9" in seen


def test_others_read_what_is_by_them_or_about_what_is_theirs(desk: Live, owner: Person, member: Person) -> None:
    _, theirs = member.new_token("The member's", "contact.read")
    owner.new_token("The owner's", "contact.read")
    owner.post(f"/console/tokens/{theirs}/revoke")
    seen = text(member.page("/console/history"))
    assert "You created the token The member&#39;s" in seen
    assert "revoked the token The member&#39;s" in seen
    assert "The owner" not in seen
    assert "registered the workspace" not in seen


def test_no_tenant_reads_the_record_of_another(owner: Person, stranger: Person) -> None:
    owner.new_token("Secret plans", "contact.read")
    assert "Secret plans" not in stranger.page("/console/history")
    assert "Secret plans" not in stranger.page("/console/history?before=999999999")


def test_a_long_record_goes_on_over_pages_without_gap_or_double(desk: Live, stranger: Person) -> None:
    now = datetime.now(UTC)
    with closing(Sql(f"sqlite:///{desk.served.data_dir / 'gateway.db'}")) as sql, sql.session() as session:
        for nth in range(60):
            audit.append(
                session,
                Event(at=now, tenant_id=desk.b.business_id, actor=f"cli:{nth}", action=f"entry.{nth:02}", subject="x"),
            )
    pages, path = [], "/console/history"
    while path:
        pages.append(stranger.page(path))
        following = re.search(r'href="(/console/history\?before=\d+)">Older', pages[-1])
        path = following[1] if following else ""
    found = re.findall(r"entry\.\d\d", "".join(pages))
    assert len(pages) > 1
    assert found == [f"entry.{nth:02}" for nth in reversed(range(60))]
    for odd in ("x", "-1", "0", "9" * 40, "٣"):
        assert stranger.http.get("/console/history", params={"before": odd}).status_code == 200


def test_usage_counts_every_request_by_day_and_by_token(tmp_path: Path) -> None:
    with live(tmp_path, limits={"token": LIMITED, "tenant": {"quota": 100, "window": "60s"}}) as running:
        owner, member = Person(running, "owner"), Person(running, "member")
        busy, _ = owner.new_token("Busy", "contact.read")
        answers = [running.call("POST", "/v1/contacts/search", {}, token=busy).status_code for _ in range(6)]
        answers.append(running.call("POST", "/v1/contacts", {"first_name": "A"}, token=busy).status_code)
        with running.fault(path="/api/crm", status=500):
            answers.append(running.call("POST", "/v1/contacts/search", {}, token=busy).status_code)
        answers += [running.call("POST", "/v1/contacts/search", {}, token=busy).status_code for _ in range(3)]
        assert answers == [200] * 6 + [403, 502] + [429] * 3
        quiet = running.a.tokens["member"]
        assert running.call("GET", "/v1/me", token=quiet).status_code == 200

        page = owner.page("/console/usage")
        today = datetime.now(UTC).date()
        days = row(page, today.isoformat()) or row(page, (today - timedelta(days=1)).isoformat())
        assert days == [7, 1, 3, 1]
        assert row(page, "Busy") == [11, 1, 3, 1, 0]
        assert row(page, "test") == [1, 0, 0, 0, 7]
        assert "<strong>91</strong> of 100" in page, "a refused request uses nothing up, and neither does looking"
        assert "<strong>91</strong> of 100" in owner.page("/console/usage")
        assert "Busy" not in member.page("/console/usage")
        assert row(member.page("/console/usage"), "test") == [1, 0, 0, 0, 7]

        running.call("GET", "/v1/me", token=quiet)
        assert running.served.stop() == 0
        with closing(Sql(f"sqlite:///{running.served.data_dir / 'gateway.db'}")) as sql, sql.session() as session:
            counted = session.connection().exec_driver_sql("SELECT sum(requests) FROM usage").scalar()
        assert counted == 13, "what was counted last is written down at the stop"


def row(page: str, heading: str) -> list[int]:
    """The numbers of a table's row; a dash is left out."""
    found = re.search(rf'<th scope="row">{re.escape(heading)}.*?</tr>', page, re.DOTALL)
    return [int(number) for number in re.findall(r'class="count">([\d,]+)', found[0])] if found else []


def test_usage_of_another_tenant_is_not_told(desk: Live, stranger: Person) -> None:
    desk.call("GET", "/v1/me")
    with httpx.Client(base_url=desk.url, cookies=stranger.http.cookies, timeout=30) as other:
        assert "owner@meridian" not in other.get("/console/usage").text
