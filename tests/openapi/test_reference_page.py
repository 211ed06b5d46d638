"""The documentation in a real Chromium: quick, found by search, copied, read without scripts, on a phone and by night."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.accessibility import Fault, faults
from tests.live import NEWEST, Live
from tests.oauth import screens

PHONE: Any = {"width": 390, "height": 844}
KINDS = (
    "/docs",
    "/docs/quickstart",
    "/docs/errors",
    "/docs/changelog",
    f"/docs/{NEWEST}/contacts",
    f"/docs/{NEWEST}/invoices",
    f"/docs/{NEWEST}/reports",
)
# What people wait for: scripts have run, and no long task has followed.
READY = """() => new Promise((done) => {
  const [page] = performance.getEntriesByType("navigation");
  const told = () => new PerformanceObserver((list) => {
    const ends = list.getEntries().map((each) => each.startTime + each.duration);
    done(Math.max(page.domContentLoadedEventEnd, ...ends));
  }).observe({type: "longtask", buffered: true});
  const free = () => setTimeout(() => done(page.domContentLoadedEventEnd), 100);
  const all = () => { told(); free(); };
  if (document.readyState === "complete") all(); else addEventListener("load", all);
})"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with screens.chromium() as made:
        yield made


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context()
    made = context.new_page()
    yield made
    context.close()


def test_the_largest_pages_can_be_used_within_a_second(live: Live, page: Page) -> None:
    live.client.get("/docs")  # at a start they are written once somebody asks
    for path in (f"/docs/{NEWEST}/contacts", f"/docs/{NEWEST}/webhook_subscriptions", "/docs"):
        taken = []
        # The machine may be busy with other things: what it can do is the best of a few.
        for _ in range(5):
            page.goto(f"{live.url}{path}")
            taken.append(page.evaluate(READY))
        assert min(taken) < 1000, (path, taken)


def test_a_link_to_an_operation_or_a_field_leads_there_without_a_complaint(live: Live, page: Page) -> None:
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(f"{live.url}/docs/{NEWEST}/contacts#contacts_create")
    expect(page.get_by_role("heading", name="Create a contact")).to_be_in_viewport()
    page.goto(f"{live.url}/docs/{NEWEST}/invoices#invoices_create.body.line_items.quantity")
    expect(page.locator("[id='invoices_create.body.line_items.quantity']")).to_be_in_viewport()
    # As links were when all of the reference was one page.
    page.goto(f"{live.url}/docs#/contacts/contacts_create")
    page.wait_for_url(f"**/docs/{NEWEST}/contacts#contacts_create")
    assert complaints == []


def test_operations_fields_errors_and_guides_are_found_by_keyboard(live: Live, page: Page) -> None:
    page.goto(f"{live.url}/docs")
    for typed, address in (
        ("create a contact", f"/docs/{NEWEST}/contacts#contacts_create"),
        ("lead_score", f"/docs/{NEWEST}/contacts#Contact.lead_score"),
        ("cursor_invalid", "/docs/errors#cursor_invalid"),
        ("rate limits", "/docs/rate-limits"),
    ):
        page.keyboard.press("/")
        expect(page.get_by_role("combobox", name="Search")).to_be_focused()
        page.keyboard.type(typed)
        expect(page.get_by_role("option", selected=True)).to_have_attribute("data-address", address)
        page.keyboard.press("Enter")
        page.wait_for_url(f"**{address}")
    page.keyboard.press("Control+k")
    page.keyboard.type("nothing is called so")
    expect(page.get_by_role("status")).to_have_text("Nothing found.")
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_a_sample_is_copied_as_it_stands(live: Live, browser: Browser) -> None:
    context = browser.new_context(permissions=["clipboard-read", "clipboard-write"])
    page = context.new_page()
    page.goto(f"{live.url}/docs/{NEWEST}/contacts#contacts_create")
    sample = page.locator("#contacts_create figure[data-language=curl]")
    sample.get_by_role("button", name="Copy").click()
    expect(sample.get_by_role("button", name="Copied")).to_be_visible()
    document = live.client.get("/openapi.json").json()
    told = document["paths"]["/v1/contacts"]["post"]["x-codeSamples"][0]["source"]
    assert page.evaluate("navigator.clipboard.readText()") == told
    context.close()


def test_all_of_it_is_read_without_scripts_and_nothing_stands_there_that_needs_them(
    live: Live, browser: Browser
) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{live.url}/docs")
    page.get_by_role("link", name="Contacts", exact=True).first.click()
    expect(page.get_by_role("heading", name="Create a contact")).to_be_visible()
    expect(page.locator("#contacts_create figure").first).to_contain_text("curl http")
    assert page.get_by_role("button").count() == 0
    context.close()


def test_no_page_is_wider_than_a_phone(live: Live, browser: Browser) -> None:
    context = browser.new_context(viewport=PHONE)
    page = context.new_page()
    wide = {}
    for path in KINDS:
        page.goto(f"{live.url}{path}")
        page.evaluate("document.querySelectorAll('details').forEach((each) => { each.open = true })")
        width = page.evaluate("document.documentElement.scrollWidth")
        if width > PHONE["width"]:
            wide[path] = width
    assert wide == {}
    context.close()


@pytest.mark.timeout(300)
def test_no_page_has_a_fault_of_accessibility_by_day_or_by_night(live: Live, page: Page) -> None:
    found: dict[str, list[Fault]] = {}

    def judge(name: str) -> None:
        if there := faults(page):
            found[name] = there

    # Of each kind the smallest, and one of the largest: it takes time by the element.
    small = [f"/docs/{NEWEST}/{group}" for group in ("me", "pipelines", "reports")]
    for path in (*small, "/docs", "/docs/quickstart", "/docs/rate-limits", "/docs/changelog"):
        page.goto(f"{live.url}{path}")
        judge(path)
    page.goto(f"{live.url}/docs/{NEWEST}/invoices")
    # What is not drawn before it is scrolled to has no background for the judge, who would call its text too pale.
    page.evaluate(
        "document.querySelectorAll('.entry, .heading').forEach((each) => each.style.contentVisibility = 'visible')"
    )
    judge("/invoices")
    page.keyboard.press("/")
    page.keyboard.type("contact")
    expect(page.get_by_role("option").first).to_be_visible()
    judge("search")
    assert found == {}
