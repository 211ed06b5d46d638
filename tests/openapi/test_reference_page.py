"""The reference page in a real Chromium."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.live import Live
from tests.oauth import screens


def test_a_link_to_an_operation_opens_it_without_a_complaint(live: Live) -> None:
    complaints: list[str] = []
    with screens.chromium() as browser:
        page = browser.new_page()
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(f"{live.url}/docs#/contacts/contacts_create")
        opened = page.locator("#operations-contacts-contacts_create.is-open")
        # The renderer takes its time on a busy machine.
        expect(opened.get_by_text("Idempotency-Key").first).to_be_visible(timeout=60_000)
        assert page.locator(".opblock.is-open").count() == 1
    assert complaints == []
