"""Who uses the console in tests: people in a browser, and people whose browser runs no scripts."""

from __future__ import annotations

import re

import httpx
from playwright.sync_api import Page

from tests.live import Live, Tenant


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
        self.user = (tenant or live.a).users[role]
        self.http = httpx.Client(base_url=live.url, follow_redirects=True, timeout=30)
        form = self.http.get("/console")
        sent = {name: hidden(form.text, name) for name in ("csrf", "next")}
        sent |= {"email": self.user["email"], "password": self.user["password"]}
        answer = self.http.post("/oauth/sign-in", data=sent)
        assert answer.status_code == 200 and answer.url.path == "/console/tokens", answer.text

    def csrf(self, path: str = "/console/tokens/new") -> str:
        """A fresh token for a form, taken from a page."""
        return hidden(self.http.get(path).text, "csrf")

    def post(
        self, path: str, fields: dict[str, str | list[str]] | None = None, csrf: str | None = None
    ) -> httpx.Response:
        """Send a form with a fresh token, and follow where it leads."""
        return self.http.post(path, data={"csrf": self.csrf() if csrf is None else csrf, **(fields or {})})

    def new_token(self, name: str, *scopes: str, days: int = 30) -> tuple[str, str]:
        """A token made by the form: its text and its public id."""
        page = self.post("/console/tokens/new", {"name": name, "days": str(days), "scope": list(scopes)})
        text = re.search(r'id="secret" value="([^"]+)"', page.text)
        token_id = re.search(r"/console/tokens/(tok_\w+)/revoke", page.text)
        assert text is not None and token_id is not None, page.text
        return text[1], token_id[1]


def hidden(page: str, name: str) -> str:
    """The value of a hidden field."""
    found = re.search(rf'name="{name}" value="([^"]*)"', page)
    assert found is not None, page
    return found[1]
