"""Operations are tried from their page: with a token that is pasted, and by signing in as an app's user does."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.live import NEWEST, Live
from tests.oauth import provision, screens

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


def test_an_operation_that_is_tried_has_no_fault_of_accessibility(live: Live, page: Page) -> None:
    provision.node()
    tried(page, live, "me", "me_get")
    page.evaluate((provision.SCRIPTS / "node_modules/axe-core/axe.min.js").read_text())
    result = page.evaluate("axe.run()")
    assert result["passes"]
    found = {each["id"]: [node["html"][:160] for node in each["nodes"]] for each in result["violations"]}
    assert found == {}
