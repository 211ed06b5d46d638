"""The console in a real Chromium: with scripts, on a phone, by keyboard, in both schemes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import BrowserContext, Page, expect

from tests.accessibility import Fault, faults
from tests.console.people import Person, sign_in
from tests.console.webhook_rows import a_deal, delivered, make
from tests.live import Live
from tests.oauth.acting import works

PHONE: Any = {"width": 390, "height": 844}
URI = "https://shop.example/callback"
HOSTILE = "<img src=x onerror=alert(1)>"


@pytest.fixture
def context(chromium: Chromium) -> Iterator[BrowserContext]:
    made = chromium.new_context()
    made.set_default_timeout(15_000)
    yield made
    made.close()


@pytest.fixture
def page(context: BrowserContext) -> Page:
    return context.new_page()


def create(page: Page, live: Live, name: str) -> str:
    """A token through the form; its text as the page shows it."""
    page.goto(f"{live.url}/console/tokens")
    page.get_by_role("link", name="New token").click()
    page.get_by_label("Name").fill(name)
    page.get_by_label("Expires").select_option("30")
    page.get_by_label("See contacts").check()
    page.get_by_role("button", name="Create token").click()
    return page.get_by_role("textbox", name="Token").input_value()


def test_a_token_is_made_copied_replaced_and_revoked(desk: Live, context: BrowserContext, page: Page) -> None:
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    sign_in(page, desk, "owner")
    text = create(page, desk, "Spreadsheet")
    page.get_by_role("button", name="Copy").first.click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == text
    assert works(desk, text)

    page.reload()
    expect(page.get_by_role("heading", name="Spreadsheet").first).to_be_visible()
    assert text not in page.content()
    item = page.get_by_role("listitem").filter(has=page.get_by_role("heading", name="Spreadsheet"))
    item.locator("summary", has_text="Rotate").click()
    item.get_by_role("button", name="Rotate Spreadsheet").click()
    successor = page.get_by_role("textbox", name="Token").input_value()
    assert works(desk, text) and works(desk, successor)

    item.filter(has_text="Active").locator("summary", has_text="Revoke").click()
    item.get_by_role("button", name="Revoke Spreadsheet").click()
    expect(page.get_by_role("status")).to_contain_text("revoked")
    assert not works(desk, successor)


def test_going_back_and_sending_again_makes_no_second_token_and_shows_none(desk: Live, page: Page) -> None:
    sign_in(page, desk, "owner")
    text = create(page, desk, "Back and forth")
    page.goto(f"{desk.url}/console/history")
    page.go_back()
    expect(page.get_by_role("heading", name="Tokens")).to_be_visible()
    assert text not in page.content()
    page.go_back()
    page.reload()
    assert text not in page.content()
    page.goto(f"{desk.url}/console/tokens")
    expect(page.get_by_role("heading", name="Back and forth")).to_have_count(1)


def test_a_name_is_never_run_as_a_script(desk: Live, page: Page) -> None:
    dialogs: list[str] = []
    refused: list[str] = []
    page.on("dialog", lambda dialog: dialogs.append(dialog.message))
    page.on("console", lambda message: refused.append(message.text) if "Content Security" in message.text else None)
    sign_in(page, desk, "owner")
    create(page, desk, HOSTILE)
    for path in ("tokens", "agents", "history", "usage", "connected", "apps", "tokens/new", "apps/new", "webhooks"):
        page.goto(f"{desk.url}/console/{path}")
    assert dialogs == []
    assert refused == [], "our own pages ask for nothing that their policy forbids"


def test_the_console_can_be_used_by_keyboard_alone(desk: Live, page: Page) -> None:
    sign_in(page, desk, "owner")
    page.goto(f"{desk.url}/console/usage")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    expect(page.get_by_role("link", name="Skip to the content")).to_be_in_viewport()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()
    expect(page.get_by_role("navigation", name="Console").locator("[aria-current=page]")).to_have_text("Usage")
    page.keyboard.press("Shift+Tab")
    outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert outline == "solid"
    page.goto(f"{desk.url}/console/tokens/new")
    page.get_by_label("Name").focus()
    page.keyboard.type("Typed")
    page.get_by_label("See notes").focus()
    page.keyboard.press("Space")
    page.keyboard.press("Enter")
    expect(page.get_by_role("textbox", name="Token")).to_be_visible()


def test_it_all_works_without_scripts_in_the_browser_too(desk: Live, chromium: Chromium) -> None:
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    sign_in(page, desk, "member")
    text = create(page, desk, "No scripts")
    expect(page.get_by_role("button", name="Copy")).to_have_count(0)
    assert works(desk, text)
    item = page.get_by_role("listitem").filter(has=page.get_by_role("heading", name="No scripts"))
    item.locator("summary", has_text="Revoke").click()
    item.get_by_role("button", name="Revoke No scripts").click()
    expect(page.get_by_role("status")).to_contain_text("revoked")
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    context.close()


def everything(desk: Live, owner: Person) -> list[str]:
    client_id, _ = owner.new_app("A shop with a rather long name that has to fit", "contact.all", uri=URI)
    owner.new_token("x" * 100, "contact.read", "deal.read")
    owner.new_token("An assistant", "contact.read", audience="mcp")
    webhook, _ = make(
        owner, "deal.won", "contact.created", description="A description that is rather long and has to fit"
    )
    dead = delivered(desk, webhook, "dead", "attempts", status=503, answer_head="x" * 1000)
    delivered(desk, webhook, "withheld", "not_visible")
    names = ["tokens", "tokens/new", "connected", "agents", "apps", "apps/new", f"apps/{client_id}", "history", "usage"]
    names += ["webhooks", "webhooks/new", "webhooks/events", f"webhooks/{webhook}", f"webhooks/{webhook}/edit"]
    names += [f"webhooks/{webhook}/deliveries/{dead}", f"apps/{client_id}/webhook"]
    shown = delivered(desk, webhook, about=a_deal(desk), status=204)
    names += [f"webhooks/{webhook}/deliveries/{each}?preview=now" for each in (dead, shown)]
    return [f"{desk.url}/console/{name}" for name in names]


def test_no_page_is_wider_than_a_phone(desk: Live, chromium: Chromium, owner: Person) -> None:
    context = chromium.new_context(viewport=PHONE)
    page = context.new_page()
    sign_in(page, desk, "owner")
    wide = {}
    for address in everything(desk, owner):
        page.goto(address)
        for summary in page.locator("summary").all()[:6]:
            summary.click()
        width = page.evaluate("document.documentElement.scrollWidth")
        if width > PHONE["width"]:
            wide[address] = width
    assert wide == {}
    context.close()


@pytest.mark.timeout(300)
def test_no_page_has_a_serious_fault_of_accessibility_by_day_or_by_night(desk: Live, page: Page, owner: Person) -> None:
    sign_in(page, desk, "owner")
    found: dict[str, list[Fault]] = {}

    def judge(name: str) -> None:
        if serious := [fault for fault in faults(page) if fault.serious]:
            found[name] = serious

    create(page, desk, "Judged")
    judge("shown once")
    for address in everything(desk, owner):
        page.goto(address)
        for summary in page.locator("summary").all()[:6]:
            summary.click()
        judge(address)
    page.goto(f"{desk.url}/console/tokens/new")
    page.get_by_label("Name").fill("Nothing picked")
    page.get_by_role("button", name="Create token").click()
    expect(page.get_by_role("alert")).to_be_visible()
    judge("refused")
    page.goto(f"{desk.url}/console/apps/app_nothing")
    judge("not found")
    assert found == {}
