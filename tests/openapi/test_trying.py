"""Operations are tried from their page: with a token that is pasted, and by signing in as an app's user does."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.accessibility import faults, show
from tests.live import NEWEST, Live
from tests.oauth import screens

SLOWLY = 60_000  # ms: the renderer takes its time on a busy machine


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with screens.chromium() as made:
        yield made


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context()
    context.set_default_timeout(SLOWLY)
    made = context.new_page()
    yield made
    context.close()


def tried(page: Page, live: Live, group: str, operation: str) -> Locator:
    """The panel of an operation, with the renderer in it."""
    page.goto(f"{live.url}/docs/{NEWEST}/{group}#{operation}")
    page.locator(f"#{operation}").get_by_role("button", name="Try it").click()
    panel = page.locator(f"#try-{operation}")
    expect(panel.get_by_role("button", name="Execute")).to_be_visible(timeout=SLOWLY)
    return panel


def test_an_operation_is_tried_with_a_token_and_a_create_with_a_new_key_each_time(live: Live, page: Page) -> None:
    panel = tried(page, live, "contacts", "contacts_create")
    panel.get_by_label("Token").fill(live.a.tokens["owner"])
    keys = []
    for _ in range(2):
        with page.expect_response(f"{live.url}/v1/contacts") as answered:
            panel.get_by_role("button", name="Execute").click()
        assert answered.value.status == 201, answered.value.text()
        keys.append(answered.value.request.headers["idempotency-key"])
    assert len(set(keys)) == 2
    # The token is there on the next page, and gone with the tab.
    panel = tried(page, live, "me", "me_get")
    with page.expect_response(f"{live.url}/v1/me") as answered:
        panel.get_by_role("button", name="Execute").click()
    assert answered.value.status == 200


def test_somebody_signs_in_as_an_apps_user_does_and_calls_an_operation(live: Live, page: Page) -> None:
    redirect = f"{live.url}/docs/assets/oauth2-redirect.html"
    app = live.run(
        "clients", "create", "--public", "--name", "Docs", "--redirect-uri", redirect, "--scope", "contact.all"
    )
    panel = tried(page, live, "contacts", "contacts_search")
    panel.get_by_role("button", name="Authorize").first.click()
    # Of all scopes there are those that the operation needs.
    scopes = panel.locator(".scopes input[type=checkbox]")
    expect(scopes).to_have_count(1)
    dialog = panel.locator(".auth-container").filter(has=page.locator(".scopes"))
    dialog.locator("input[type=text]").first.fill(app["client_id"])
    dialog.locator(".scopes label").first.click()
    with page.expect_popup() as opened:
        dialog.locator("button.authorize").click()
    popup = opened.value
    user = live.a.users["owner"]
    popup.get_by_label("Email").fill(user["email"])
    popup.get_by_label("Password").fill(user["password"])
    popup.get_by_role("button", name="Sign in").click()
    with popup.expect_event("close"):
        popup.get_by_role("button", name="Allow").click()
    panel.locator(".close-modal").click()
    with page.expect_response(f"{live.url}/v1/contacts/search") as answered:
        panel.get_by_role("button", name="Execute").click()
    assert answered.value.status == 200, answered.value.text()
    assert "_app_" in answered.value.request.headers["authorization"]


@pytest.mark.parametrize(
    ("group", "operation", "scheme"), [("contacts", "contacts_create", "light"), ("me", "me_get", "dark")]
)
def test_what_is_tried_fits_a_phone_has_the_ground_of_the_page_and_no_fault_of_accessibility(
    live: Live, page: Page, group: str, operation: str, scheme: Any
) -> None:
    """One is opened by day and one by night; both are looked at in either, since the page follows what the reader's system says."""
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": 390, "height": 844})
    panel = tried(page, live, group, operation)
    panel.get_by_label("Token").fill(live.a.tokens["owner"])
    panel.get_by_role("button", name="Execute").press("Enter")
    expect(panel.get_by_text("Server response")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    bright = "sum(getComputedStyle(document.querySelector('.opblock')).backgroundColor)"
    program = f"(sum => {bright})(text => text.match(/[0-9.]+/g).slice(0, 3).reduce((a, b) => a + Number(b), 0))"
    assert (page.evaluate(program) < 200) == (scheme == "dark")
    assert faults(page, f"#try-{operation}") == []
    show(page, "light" if scheme == "dark" else "dark")
    assert (page.evaluate(program) < 200) == (scheme == "light")
