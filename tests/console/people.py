"""Who uses the console in tests: people in a browser, and people whose browser runs no scripts."""

from __future__ import annotations

import re
from html import unescape
from urllib.parse import urlsplit

import httpx
from playwright.sync_api import Page

from tests.live import Live, Tenant

LEAKS_SECRET = "what scanners sign with"

Fields = dict[str, str | list[str]]


def sign_in(page: Page, live: Live, role: str, tenant: Tenant | None = None) -> None:
    """Through the form, as a person does."""
    user = (tenant or live.a).users[role]
    page.goto(f"{live.url}/console")
    page.get_by_label("Email").fill(user["email"])
    page.get_by_label("Password").fill(user["password"])
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/console/tokens")


class Person:
    """Somebody without scripts: pages and forms over plain HTTP."""

    def __init__(self, live: Live, role: str, tenant: Tenant | None = None) -> None:
        self.live = live
        self.user = (tenant or live.a).users[role]
        self.http = httpx.Client(base_url=live.url, follow_redirects=True, timeout=30)
        answer = self.sign_in(self.http.get("/console"))
        assert answer.status_code == 200, answer.text
        assert answer.url.path == "/console/tokens"

    def sign_in(self, form: httpx.Response) -> httpx.Response:
        """Fill in the form, and follow where it leads."""
        sent = {name: hidden(form.text, name) for name in ("csrf", "next")}
        return self.http.post(
            "/oauth/sign-in", data=sent | {"email": self.user["email"], "password": self.user["password"]}
        )

    def page(self, path: str) -> str:
        """What a page says, with the marks of HTML in it."""
        answer = self.http.get(path)
        assert answer.status_code == 200, answer.text
        return answer.text

    def csrf(self, path: str = "/console/tokens/new") -> str:
        """A fresh token for a form, taken from a page."""
        return hidden(self.page(path), "csrf")

    def post(self, path: str, fields: Fields | None = None, csrf: str | None = None) -> httpx.Response:
        """Send a form, with a fresh token unless told otherwise, and follow where it leads."""
        return self.http.post(path, data={"csrf": self.csrf() if csrf is None else csrf, **(fields or {})})

    def new_token(self, name: str, *scopes: str, days: int = 30, audience: str = "api") -> tuple[str, str]:
        """A token made by the form: its text and its public id."""
        sent: Fields = {"name": name, "days": str(days), "scope": list(scopes), "for": audience}
        page = self.post("/console/tokens/new", sent)
        assert page.status_code == 200, page.text
        return shown(page), re.findall(r"/console/tokens/(tok_\w+)/revoke", page.text)[0]

    def new_app(self, name: str, *scopes: str, uri: str, **more: str) -> tuple[str, str]:
        """An app registered by the form: its client id and its secret, empty for a public one."""
        fields: Fields = {"name": name, "redirect_uris": uri, "scope": list(scopes), **more}
        page = self.post("/console/apps/new", fields)
        assert page.status_code == 200, page.text
        return urlsplit(str(page.url)).path.rpartition("/")[2], shown(page) if 'id="secret"' in page.text else ""


def shown(page: httpx.Response) -> str:
    """The secret that a page shows this once."""
    found = re.search(r'id="secret" value="([^"]+)"', page.text)
    assert found is not None, page.text
    return unescape(found[1])


def hidden(page: str, name: str) -> str:
    """The value of a hidden field."""
    found = re.search(rf'name="{name}" value="([^"]*)"', page)
    assert found is not None, page
    return unescape(found[1])
