"""The documentation gives whoever reads it a sandbox, in a real browser: where the operator allows that, and not elsewhere."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.live import NEWEST, Live, live
from tests.oauth import screens

SLOWLY = 60_000  # ms: the renderer takes its time on a busy machine
BUTTON = "Get a test token"


@pytest.fixture(scope="module")
def open_to_all(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    home = tmp_path_factory.mktemp("instant")
    with live(home, test={"instant": True}, limits={"instant": {"quota": 2}}) as running:
        yield running


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with screens.chromium() as made:
        yield made


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context()
    context.set_default_timeout(SLOWLY)
    yield context.new_page()
    context.close()


@pytest.mark.timeout(300)
def test_a_reader_gets_a_token_calls_an_operation_with_it_and_is_told_when_there_are_no_more(
    open_to_all: Live, page: Page
) -> None:
    page.goto(f"{open_to_all.url}/docs")
    page.get_by_role("button", name=BUTTON).click()
    shown = page.locator("pre", has_text="export TOKEN=")
    expect(shown).to_be_visible()
    token = shown.inner_text().partition("=")[2].strip()
    assert "_test_" in token
    answer = open_to_all.call("GET", "/v1/me", token=token)
    assert answer.json()["data"]["mode"] == "test"
    # Whatever is tried from now on is tried with it, until another is asked for.
    page.goto(f"{open_to_all.url}/docs/{NEWEST}/contacts#contacts_create")
    page.locator("#contacts_create").get_by_role("button", name="Try it").click()
    panel = page.locator("#try-contacts_create")
    expect(panel.get_by_label("Token")).to_have_value(token)
    with page.expect_response(f"{open_to_all.url}/v1/contacts") as answered:
        panel.get_by_role("button", name="Execute").click()
    assert answered.value.status == 201, answered.value.text()
    assert answered.value.headers["test-mode"] == "true"
    panel.get_by_role("button", name=BUTTON).click()
    expect(panel.get_by_label("Token")).not_to_have_value(token)
    panel.get_by_role("button", name=BUTTON).click()
    expect(panel.get_by_role("status")).to_contain_text("Try again")


def test_where_the_operator_does_not_allow_it_there_is_no_button(live: Live, page: Page) -> None:
    page.goto(f"{live.url}/docs")
    expect(page.get_by_role("button", name="Search")).to_be_visible()
    assert page.get_by_role("button", name=BUTTON).count() == 0
    assert live.client.post("/test/sandboxes").status_code == 404
