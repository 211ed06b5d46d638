"""`make screenshots`: a deployment with something to see in it, photographed page by page into ./screenshots."""

from __future__ import annotations

import math
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal
from urllib.parse import parse_qs, urlencode, urlsplit

from playwright.sync_api import Browser, Page, Route, ViewportSize

from gateway.stores.sql import Session, Sql, tokens, usage
from gateway.stores.sql.usage import Count
from tests.console.people import Person, sign_in
from tests.console.webhook_rows import delivered, make
from tests.live import NEWEST, OLDEST, Live, live
from tests.oauth import screens

CALLBACK = "https://ledgerline.example/callback"
VERIFIER = "b" * 64
CHALLENGE = "oPqxN39Jp1m1f2MxgmLr6J-r_JkOjpPOrCmEVhSCudQ"
SIZES: dict[str, ViewportSize] = {"wide": {"width": 1280, "height": 860}, "phone": {"width": 390, "height": 844}}
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
LIMITS = {"token": {"quota": 600, "burst": 100}, "tenant": {"quota": 900}}
PAGES = {
    "docs": "/docs",
    "docs-group": "/docs/reference/pipelines",
    "docs-guide": "/docs/quickstart",
    "tokens": "/console/tokens?whose=mine",
    "new-token": "/console/tokens/new",
    "connected-apps": "/console/connected",
    "agents": "/console/agents",
    "apps": "/console/apps",
    "new-app": "/console/apps/new",
    "webhooks": "/console/webhooks",
    "new-webhook": "/console/webhooks/new",
    "webhook-events": "/console/webhooks/events",
    "activity": "/console/history",
    "usage": "/console/usage",
}


def main(folder: Path) -> None:
    """Take them all, by day and by night, on a desk and on a phone."""
    folder.mkdir(exist_ok=True)
    brands = [{"name": "Meridian", "hosts": ["127.0.0.1", "localhost"], "colour": "#0f766e"}]
    with (
        tempfile.TemporaryDirectory() as home,
        live(Path(home), brands=brands, limits=LIMITS) as running,
        screens.chromium() as browser,
    ):
        app = _lived_in(running, browser)
        for scheme in SCHEMES:
            for size, viewport in SIZES.items():
                with closing(browser.new_context(color_scheme=scheme, viewport=viewport)) as context:
                    page = context.new_page()
                    for name in _shown(page, running, app):
                        page.screenshot(path=folder / f"{name}-{size}-{scheme}.png", full_page=size == "phone")


def _shown(page: Page, running: Live, app: str) -> Iterator[str]:
    page.goto(f"{running.url}/console")
    yield "login"
    sign_in(page, running, "owner")
    for name, path in PAGES.items():
        page.goto(running.url + path)
        yield name
    page.goto(f"{running.url}/console/apps/{app}")
    yield "app"
    page.goto(f"{running.url}/console/apps/{app}/webhook")
    yield "app-webhook"
    page.goto(f"{running.url}/console/webhooks")
    page.get_by_role("link", name="Billing sync").click()
    yield "webhook"
    page.get_by_role("link", name="deal.won").first.click()
    yield "delivery"
    page.goto(_authorization(running, app, "contact.all deal.all note.read"))
    yield "consent"


def _lived_in(running: Live, browser: Browser) -> str:
    """A few tokens, a connected app and a month of requests. Returns the app's client id."""
    with closing(browser.new_context()) as context:
        page = context.new_page()
        sign_in(page, running, "owner")
        for name, days in (
            ("Nightly export", 90),
            ("Reporting spreadsheet", 7),
            ("Old laptop", 30),
            ("Website form", 365),
        ):
            page.goto(f"{running.url}/console/tokens/new")
            page.get_by_label("Name").fill(name)
            page.get_by_label("Expires").select_option(str(days))
            page.get_by_label("See contacts").check()
            page.get_by_label("Add and change contacts").check()
            page.get_by_role("button", name="Create token").click()
        old = page.get_by_role("listitem").filter(has_text="Old laptop")
        old.locator("summary", has_text="Revoke").click()
        old.get_by_role("button", name="Revoke Old laptop").click()
        page.goto(f"{running.url}/console/apps/new")
        page.get_by_label("Name").fill("Ledgerline")
        page.get_by_label("Redirect URIs").fill(CALLBACK)
        page.get_by_label("Home page (optional)").fill("https://ledgerline.example")
        for box in page.get_by_role("checkbox").all():
            box.check()
        page.get_by_role("button", name="Register app").click()
        secret = page.get_by_role("textbox", name="Client secret").input_value()
        app = urlsplit(page.url).path.rpartition("/")[2]
        with _caught(page) as codes:
            page.goto(_authorization(running, app, "contact.read deal.read deal.write"))
            page.get_by_role("button", name="Allow").click()
            page.wait_for_url(f"{CALLBACK}*")
        form = {
            "grant_type": "authorization_code",
            "code": codes[0],
            "redirect_uri": CALLBACK,
            "code_verifier": VERIFIER,
        }
        granted = running.client.post("/oauth/token", data=form, auth=(app, secret)).json()
    for token in (granted["access_token"], *(running.a.tokens["owner"] for _ in range(40))):
        running.call("POST", "/v1/contacts/search", {"limit": 1}, token=token)
    webhook, _ = make(Person(running, "owner"), "deal.won", "contact.created", description="Billing sync")
    for _ in range(4):
        delivered(running, webhook, status=204)
    delivered(running, webhook, "withheld", "not_visible")
    delivered(running, webhook, "dead", "attempts", status=503, answer_head="upstream unavailable")
    with closing(Sql(f"sqlite:///{running.served.data_dir / 'gateway.db'}")) as sql, sql.session() as session:
        usage.add(session, list(_month(session, running)))
    return app


def _authorization(running: Live, app: str, scope: str) -> str:
    query = {
        "response_type": "code",
        "client_id": app,
        "redirect_uri": CALLBACK,
        "scope": scope,
        "state": "s",
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
    }
    return f"{running.url}/oauth/authorize?{urlencode(query)}"


@contextmanager
def _caught(page: Page) -> Iterator[list[str]]:
    """The codes that arrive at the app's callback, which exists only here."""
    codes: list[str] = []

    def answer(route: Route) -> None:
        codes.append(parse_qs(urlsplit(route.request.url).query)["code"][0])
        route.fulfill(body="Back in the app")

    page.route(f"{CALLBACK}*", answer)
    yield codes


def _month(session: Session, running: Live) -> Iterator[Count]:
    today = datetime.now(UTC).date()
    found = tokens.list(session, running.a.business_id, kind="personal")
    for nth, token in enumerate(found[:4]):
        for back in range(1, 30):
            day = today - timedelta(days=back)
            most = int((900 - 60 * nth) * (1.2 + math.sin(back / 3 + nth)) * (0.35 if day.weekday() > 4 else 1))
            shares = {
                "ok": most,
                "refused": most // 30,
                "limited": most // 60,
                "failed": int(back % 9 == 0) * most // 12,
            }
            contract = NEWEST if back < 20 else OLDEST
            for outcome, requests in shares.items():
                yield Count(token.family, day, contract, outcome, token.tenant_id, token.user_id, requests)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
