"""A little authorization server of somebody else: it publishes keys over HTTP and signs access tokens."""

from __future__ import annotations

import base64
import json
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from joserfc import jws
from joserfc.jwk import ECKey, OKPKey, RSAKey

AUDIENCE = "https://api.example.com"
AGENTS = "https://api.example.com/mcp"
Private = RSAKey | ECKey | OKPKey


def rsa(kid: str | None) -> RSAKey:
    return RSAKey.generate_key(2048, {"kid": kid} if kid else None)


def encoded(value: Any) -> str:
    """Base64url of bytes, or of a value as JSON."""
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


class Issuer:
    """`keys`: with which it signs, the first one usually; `published`: what it says of them; `status`: what it answers."""

    def __init__(self) -> None:
        self.keys: list[Private] = [rsa("one")]
        self.published: list[dict[str, Any]] | None = None
        self.status = 200
        self.asked = 0
        self.port = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def jwks_url(self) -> str:
        return f"{self.url}/jwks"

    def jwks(self) -> bytes:
        published = self.published
        if published is None:
            published = [each.as_dict(private=False) | {"use": "sig"} for each in self.keys]
        return json.dumps({"keys": published}).encode()

    def claims(self, subject: str, **changed: Any) -> dict[str, Any]:
        """What an access token says; a claim that is changed to None is left out."""
        now = int(time.time())
        claims = {
            "iss": self.url,
            "sub": subject,
            "aud": AUDIENCE,
            "client_id": "their-app",
            "iat": now,
            "exp": now + 300,
            "jti": uuid.uuid4().hex,
        } | changed
        return {name: value for name, value in claims.items() if value is not None}

    def token(
        self, subject: str, header: dict[str, Any] | None = None, key: Private | None = None, **claims: Any
    ) -> str:
        key = self.keys[0] if key is None else key
        said = {"alg": "RS256", "typ": "at+jwt", "kid": key.kid} | (header or {})
        said = {name: value for name, value in said.items() if value is not None}
        # Put together here: a library would not sign a header that makes no sense.
        text = f"{encoded(said)}.{encoded(self.claims(subject, **claims))}"
        signature = jws.JWSRegistry(algorithms=[said["alg"]]).get_alg(said["alg"]).sign(text.encode(), key)
        return f"{text}.{encoded(signature)}"


@contextmanager
def issuing(issuer: Issuer | None = None) -> Iterator[Issuer]:
    made = issuer or Issuer()

    class Answering(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            made.asked += 1
            body = made.jwks()
            self.send_response(made.status)
            self.send_header("Content-Type", "application/jwk-set+json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_request(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", made.port), Answering)
    made.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield made
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
