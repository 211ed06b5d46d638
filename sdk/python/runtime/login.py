"""Signing a person in from a script: authorization code with PKCE over a loopback address (RFC 8252, RFC 7636)."""

from __future__ import annotations

import base64
import hashlib
import secrets
import webbrowser
from collections.abc import Callable, Iterable
from http.server import BaseHTTPRequestHandler, HTTPServer
from importlib import import_module
from urllib.parse import parse_qs, urlencode, urlsplit

from .errors import SignInNeeded
from .tokens import OAuth, Saved, tokens_of

_DONE = b"<!doctype html><title>Signed in</title><p>You are signed in. You can close this window.</p>"
_FAILED = b"<!doctype html><title>Not signed in</title><p>You are not signed in. You can close this window.</p>"


class _Returned(HTTPServer):
    """Waits for the browser to come back."""

    answer: dict[str, list[str]] | None = None

    def handle_timeout(self) -> None:
        """Nobody has come back."""
        raise SignInNeeded("timeout", "nobody signed in in time")


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        """Take the code; a browser also asks for an icon, which is no answer."""
        parts = urlsplit(self.path)
        asked = parse_qs(parts.query)
        ours = parts.path == "/callback" and "state" in asked
        if ours and isinstance(self.server, _Returned):
            self.server.answer = asked
        self.send_response(200 if ours else 404)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.end_headers()
        self.wfile.write(_DONE if ours and "code" in asked else _FAILED)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing: the code is in it."""


def _origin() -> str:
    """Where the API of the library is that this was copied into."""
    origin: str = import_module("._deployment", __name__.rpartition("._runtime")[0]).DEPLOYMENT.origin
    return origin


def _metadata(origin: str) -> dict[str, str]:
    """What the authorization server says of itself (RFC 8414)."""
    import httpx

    response = httpx.get(f"{origin}/.well-known/oauth-authorization-server", timeout=30)
    response.raise_for_status()
    known: dict[str, str] = response.json()
    return known


def login(
    client_id: str,
    scopes: Iterable[str] = (),
    *,
    base_url: str | None = None,
    client_secret: str | None = None,
    save: Saved | None = None,
    open_browser: Callable[[str], object] = webbrowser.open,
    timeout: float = 300,
) -> OAuth:
    """Let the person at this machine sign in with their browser → what `Client(oauth=…)` takes.

    The app needs `http://127.0.0.1/callback` among its redirect URIs; any port of it is allowed. Raises SignInNeeded when they refuse,
    or do not answer within `timeout` seconds.
    """
    import httpx

    known = _metadata((base_url or _origin()).rstrip("/"))
    verifier, state = secrets.token_urlsafe(48), secrets.token_urlsafe(24)
    digest = hashlib.sha256(verifier.encode()).digest()
    with _Returned(("127.0.0.1", 0), _Handler) as server:
        server.timeout = timeout
        redirect = f"http://127.0.0.1:{server.server_address[1]}/callback"
        asked = {
            "response_type": "code",
            "client_id": client_id,
            "redirect_uri": redirect,
            "state": state,
            "code_challenge": base64.urlsafe_b64encode(digest).rstrip(b"=").decode(),
            "code_challenge_method": "S256",
        }
        if wanted := " ".join(scopes):
            asked["scope"] = wanted
        open_browser(f"{known['authorization_endpoint']}?{urlencode(asked)}")
        while server.answer is None:
            server.handle_request()
        answer = {name: values[0] for name, values in server.answer.items()}
    if not secrets.compare_digest(answer.get("state", "").encode(), state.encode()):
        raise SignInNeeded("state_mismatch", "the answer is not to what was asked")
    # Of another server, which would be given the code (RFC 9207): nothing of it is used.
    if answer.get("iss") != known["issuer"]:
        raise SignInNeeded("issuer_mismatch", f"the answer is not from {known['issuer']}")
    if "code" not in answer:
        raise SignInNeeded(answer.get("error", "access_denied"), answer.get("error_description", ""))
    form = {
        "grant_type": "authorization_code",
        "code": answer["code"],
        "redirect_uri": redirect,
        "code_verifier": verifier,
    }
    headers = {}
    if client_secret is None:
        form["client_id"] = client_id
    else:
        pair = f"{client_id}:{client_secret}".encode()
        headers["Authorization"] = f"Basic {base64.b64encode(pair).decode()}"
    response = httpx.post(known["token_endpoint"], data=form, headers=headers, timeout=30)
    is_json = response.headers.get("content-type", "").startswith("application/json")
    tokens = tokens_of(response.status_code, response.json() if is_json else None)
    return OAuth(client_id, tokens, client_secret, save)
