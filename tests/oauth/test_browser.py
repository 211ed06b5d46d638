"""Sign-in and consent in a real Chromium, as people meet them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import BrowserContext, Locator, Page, expect

from tests.accessibility import Fault, faults
from tests.live import Live
from tests.live import live as running
from tests.oauth import screens
from tests.oauth.acting import App, Asking, register, works
from tests.oauth.screens import Site

PHONE: Any = {"width": 360, "height": 640}


@pytest.fixture(scope="module")
def chromium() -> Iterator[Chromium]:
    with screens.chromium() as browser:
        yield browser


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    with screens.site() as made:
        yield made


@pytest.fixture(scope="module")
def known(pair: Live) -> App:
    """An app that somebody will have agreed to before."""
    return register(pair, "--public", name="Known")


@pytest.fixture
def context(chromium: Chromium) -> Iterator[BrowserContext]:
    made = chromium.new_context()
    made.set_default_timeout(15_000)
    yield made
    made.close()


@pytest.fixture
def page(context: BrowserContext) -> Page:
    return context.new_page()


@pytest.fixture
def asking(pair: Live, site: Site) -> Asking:
    """A new app, so that nobody has agreed to anything."""
    return Asking(pair, register(pair, "--public", name="Ledger"), redirect_uri=site.callback)


def link(asking: Asking, origin: str | None = None) -> str:
    return f"{origin or asking.live.url}/oauth/authorize?{urlencode(asking.query())}"


def sign_in(page: Page, live: Live, role: str = "owner") -> None:
    user = live.a.users[role]
    page.get_by_label("Email").fill(user["email"])
    page.get_by_label("Password").fill(user["password"])
    page.get_by_role("button", name="Sign in").click()


def consent(page: Page, asking: Asking, role: str = "owner") -> None:
    """Up to the consent page."""
    page.goto(link(asking))
    sign_in(page, asking.live, role)
    expect(page.get_by_role("heading", name="Ledger wants to use your account")).to_be_visible()


def answered(page: Page, site: Site) -> dict[str, str]:
    page.wait_for_url(f"{site.callback}?**")
    expect(page.get_by_role("heading", name="Back in the app")).to_be_visible()
    return dict(parse_qsl(urlsplit(page.url).query))


def tab_to(page: Page, wanted: Locator) -> None:
    """Press Tab until it is there: within a few steps, or a person would have given up."""
    for _ in range(4):
        page.keyboard.press("Tab")
        if wanted.and_(page.locator(":focus")).count():
            return
    pytest.fail("the keyboard does not get there")


def test_the_whole_way_with_pkce_to_a_working_token(page: Page, asking: Asking, site: Site) -> None:
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    consent(page, asking)
    page.get_by_role("button", name="Allow").click()
    told = answered(page, site)
    assert (told["state"], told["iss"]) == (asking.state, asking.live.url)
    assert works(asking.live, asking.redeem(told["code"]).json()["access_token"])
    assert [text for text in complaints if "Content Security Policy" in text] == []


def test_a_remembered_consent_leads_from_sign_in_straight_to_the_app(
    chromium: Chromium, pair: Live, known: App, site: Site
) -> None:
    """The redirect after the sign-in form ends at the app: Chromium applies `form-action` to it."""
    asking = Asking(pair, known, redirect_uri=site.callback)
    for times in range(2):
        context = chromium.new_context()
        page = context.new_page()
        page.goto(link(asking))
        sign_in(page, pair)
        if times == 0:
            page.get_by_role("button", name="Allow").click()
        assert "code" in answered(page, site)
        context.close()


def test_denying_leads_back_with_the_denial(page: Page, asking: Asking, site: Site) -> None:
    consent(page, asking)
    page.get_by_role("button", name="Deny").click()
    assert answered(page, site)["error"] == "access_denied"


def test_a_session_that_ended_meanwhile_is_asked_to_sign_in_and_then_again(
    page: Page, context: BrowserContext, asking: Asking, site: Site
) -> None:
    consent(page, asking)
    context.clear_cookies()
    page.get_by_role("button", name="Allow").click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    sign_in(page, asking.live)
    page.get_by_role("button", name="Allow").click()
    assert "code" in answered(page, site)


def test_parameters_changed_in_the_page_are_noticed(page: Page, asking: Asking, site: Site) -> None:
    consent(page, asking)
    page.locator("form").first.evaluate("form => { form.action = form.action.replace('deal.read', 'contact.read') }")
    page.get_by_role("button", name="Allow").click()
    expect(page.get_by_role("heading", name="This page cannot be used")).to_be_visible()
    page.get_by_role("link", name="Start again").click()
    expect(page.get_by_role("button", name="Allow")).to_be_visible()


def test_no_site_can_frame_the_pages(page: Page, context: BrowserContext, asking: Asking, site: Site) -> None:
    consent(page, asking)
    site.pages["/trap"] = f'<iframe src="{link(asking).replace("&", "&amp;")}" width="400" height="400"></iframe>'
    page.goto(f"{site.url}/trap")
    page.wait_for_load_state("networkidle")
    assert page.frame_locator("iframe").get_by_role("button", name="Allow").count() == 0


def test_going_back_answers_nothing_twice(page: Page, asking: Asking, site: Site) -> None:
    consent(page, asking)
    page.get_by_role("button", name="Deny").click()
    answered(page, site)
    page.go_back()
    page.get_by_role("button", name="Allow").click()
    first = answered(page, site)["code"]
    page.go_back()
    again = answered(page, site)["code"]
    assert first != again, "agreed by now: the page itself sends back to the app, with a code of its own"
    assert asking.redeem(first).status_code == 200


def test_everything_works_without_scripts_and_with_the_keyboard_alone(
    chromium: Chromium, asking: Asking, site: Site
) -> None:
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(link(asking))
    user = asking.live.a.users["owner"]
    for label in ("Email", "Password"):
        tab_to(page, page.get_by_label(label))
        page.keyboard.type(user[label.lower()])
    page.keyboard.press("Enter")
    page.wait_for_url("**/oauth/authorize?**")
    tab_to(page, page.get_by_role("button", name="Allow"))
    page.keyboard.press("Enter")
    assert "code" in answered(page, site)
    context.close()


def test_a_phone_shows_everything_without_scrolling_sideways(chromium: Chromium, asking: Asking) -> None:
    context = chromium.new_context(viewport=PHONE)
    page = context.new_page()

    def fits() -> bool:
        wide: int = page.evaluate("document.documentElement.scrollWidth")
        heights = [box["height"] for each in page.get_by_role("button").all() if (box := each.bounding_box())]
        return wide <= PHONE["width"] and max(heights) >= 44

    page.goto(link(asking))
    assert fits()
    sign_in(page, asking.live)
    expect(page.get_by_role("button", name="Allow")).to_be_visible()
    assert fits()
    context.close()


def test_no_page_has_a_serious_fault_of_accessibility_by_day_or_by_night(page: Page, asking: Asking) -> None:
    found: dict[str, list[Fault]] = {}

    def judge(name: str) -> None:
        found[name] = [fault for fault in faults(page) if fault.serious]

    page.goto(link(asking))
    judge("sign in")
    page.get_by_label("Email").fill("nobody@nowhere.example")
    page.get_by_label("Password").fill("wrong")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_be_visible()
    judge("refused")
    sign_in(page, asking.live, "viewer")
    expect(page.get_by_role("button", name="Allow")).to_be_visible()
    judge("consent")
    page.goto(f"{asking.live.url}/oauth/authorize?client_id=x")
    judge("error")
    assert found == {"sign in": [], "refused": [], "consent": [], "error": []}


def test_behind_tls_the_session_is_bound_to_host_and_https(chromium: Chromium, site: Site, tmp_path: Path) -> None:
    listening = screens.reserved()
    origin = f"https://localhost:{listening.getsockname()[1]}"
    brands = [{"name": "Secure", "hosts": ["localhost", "127.0.0.1"], "public_url": origin}]
    with running(tmp_path / "gateway", brands=brands) as secure, screens.tls(listening, secure.served.port, tmp_path):
        asking = Asking(secure, register(secure, "--public", name="Ledger"), redirect_uri=site.callback)
        context = chromium.new_context(ignore_https_errors=True)
        page = context.new_page()
        page.goto(link(asking, origin))
        sign_in(page, secure)
        expect(page.get_by_role("button", name="Allow")).to_be_visible()
        (cookie,) = context.cookies()
        assert cookie["name"] == "__Host-session"
        assert (cookie["secure"], cookie["httpOnly"], cookie["sameSite"]) == (True, True, "Lax")
        page.get_by_role("button", name="Allow").click()
        told = answered(page, site)
        assert told["iss"] == origin
        assert asking.redeem(told["code"]).status_code == 200
        context.close()
