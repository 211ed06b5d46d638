"""Authlib's authorization server for the length of one request: one session, one snapshot, one moment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from authlib.oauth2 import OAuth2Error
from authlib.oauth2.rfc6749 import AuthorizationServer, InvalidClientError, OAuth2Request
from authlib.oauth2.rfc6749.requests import BasicOAuth2Payload

from gateway.config.settings import Settings
from gateway.keys.keyring import Keyring
from gateway.keys.token_format import Audience, Mode
from gateway.oauth import clients, token_families
from gateway.oauth.clients import App
from gateway.oauth.errors import InvalidTargetError
from gateway.oauth.first_tokens import issued
from gateway.oauth.request_snapshot import Snapshot
from gateway.oauth.resource_indicator import audience_of
from gateway.stores.sql import Session
from gateway.stores.sql.clients import Client
from gateway.stores.sql.grants import Grant, Revoked


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an endpoint answers, and which access tokens ended and have to be announced once that is committed."""

    status: int
    body: Mapping[str, Any] = field(repr=False)
    headers: tuple[tuple[str, str], ...] = ()
    announced: tuple[Revoked, ...] = ()


@dataclass(frozen=True, slots=True)
class Holder:
    """The user that a code or token stands for; ids are internal ones. mode: of their tenant."""

    tenant_id: str
    user_id: str
    mode: Mode


@dataclass(frozen=True, slots=True)
class Known:
    """What a look tells of a request before anything is written: which client authenticates, and whose token it sends.

    `holder` is None unless the token is that client's.
    """

    client: Client | None = None
    holder: Holder | None = None

    @property
    def by_secret(self) -> bool:
        """Whether a secret proves who asks: a public client's id is known to everybody."""
        return self.client is not None and not self.client.public


def failed(error: OAuth2Error, issuer: str) -> Outcome:
    """An error of RFC 6749 § 5.2."""
    headers: tuple[tuple[str, str], ...] = ()
    if error.status_code == 401:
        headers = (("WWW-Authenticate", f'Basic realm="{issuer}", charset="UTF-8"'),)
    return Outcome(error.status_code, dict(error.get_body()), headers)


class TokenRequest(OAuth2Request):  # type: ignore[misc] # shipped without annotations
    """The snapshot in the words that Authlib asks in."""

    def __init__(self, snapshot: Snapshot) -> None:
        # Authlib wants to see https. What the client used is between it and the proxy in front of us.
        super().__init__(snapshot.method, "https://authorization.invalid/")
        self.snapshot = snapshot
        self.payload = BasicOAuth2Payload({name: value for name, value in snapshot.pairs if value})

    @property
    def form(self) -> Mapping[str, str]:
        fields: Mapping[str, str] = self.payload.data
        return fields


class Server(AuthorizationServer):  # type: ignore[misc] # shipped without annotations
    """Made anew for each request, in the thread that has the session. `grants`: Authlib's classes of those it may be asked for."""

    def __init__(
        self, session: Session, keys: Keyring, settings: Settings, snapshot: Snapshot, grants: Sequence[type] = ()
    ) -> None:
        super().__init__()
        self.session = session
        self.keys = keys
        self.settings = settings
        self.snapshot = snapshot
        self.issuer = token_families.Issuer(session, keys, settings, snapshot.now)
        self.announced: list[Revoked] = []
        for grant in grants:
            self.register_grant(grant)
        for method, authenticate in _METHODS.items():
            self.register_client_auth_method(method, authenticate)
        self.register_token_generator("authorization_code", self._first_tokens)

    def query_client(self, client_id: str) -> App | None:
        return clients.app(self.session, client_id, self.keys)

    def authenticate_client(self, request: TokenRequest, methods: list[str], endpoint: str = "token") -> App:
        """The client: a public one by its id alone, another by its secret, wherever it was sent."""
        try:
            found: App = super().authenticate_client(request, methods, endpoint)
        except InvalidClientError:
            raise InvalidClientError(description="Client authentication failed.", status_code=401) from None
        return found

    def client(self, methods: Sequence[str]) -> Client | None:
        """The client that this request authenticates as, by one of `methods`; None when it does not."""
        try:
            return self.authenticate_client(TokenRequest(self.snapshot), [*methods]).record
        except OAuth2Error:
            return None

    def create_oauth2_request(self, request: Snapshot) -> TokenRequest:
        return TokenRequest(request)

    def save_token(self, token: Mapping[str, Any], request: TokenRequest) -> None:
        """Nothing: what is stored, a hash, was stored when the token was made."""

    def send_signal(self, name: str, *args: object, **kwargs: object) -> None:
        """Nothing listens: what must happen is written where it happens."""

    def handle_response(self, status: int, body: Mapping[str, Any], headers: object) -> Outcome:
        return Outcome(status, body, announced=tuple(self.announced))

    def handle_error_response(self, request: TokenRequest, error: OAuth2Error) -> Outcome:
        told = failed(error, self.snapshot.issuer)
        return Outcome(told.status, told.body, told.headers, tuple(self.announced))

    def is_for(self, audience: Audience) -> None:
        """InvalidTargetError when this request wants a token for another resource than was consented to (RFC 8707 § 2.2)."""
        named = audience_of(self.snapshot.every("resource"), self.snapshot.issuer)
        if named is not None and named != audience:
            raise InvalidTargetError

    def end(self, grant: Grant, reason: str, action: str, *, leaked: bool = False) -> None:
        """End a family because of what this request did; `action` and `leaked` as in `families.end`."""
        self.announced += token_families.end(
            self.session,
            grant,
            reason,
            actor=f"client:{grant.client_id}",
            now=self.snapshot.now,
            address=self.snapshot.address,
            action=action,
            leaked=leaked,
        )

    def _first_tokens(self, *, client: App, user: Grant, **_: object) -> dict[str, Any]:
        return issued(self.issuer, user, client, self.snapshot.offered)


def _none(query_client: Any, request: TokenRequest) -> App | None:
    # A client that tries to authenticate is not one that has nothing to authenticate with.
    form = request.form
    if request.snapshot.authorization is not None or "client_secret" in form:
        return None
    found: App | None = query_client(form.get("client_id", ""))
    return found


def _basic(query_client: Any, request: TokenRequest) -> App | None:
    given = request.snapshot.basic()
    if given is None:
        return None
    return _with_secret(query_client(given.client_id), given.secret)


def _post(query_client: Any, request: TokenRequest) -> App | None:
    form = request.form
    if "client_secret" not in form:
        return None
    return _with_secret(query_client(form.get("client_id", "")), form["client_secret"])


def _with_secret(app: App | None, secret: str) -> App | None:
    return app if app is not None and app.check_client_secret(secret) else None


_METHODS = {"none": _none, "client_secret_basic": _basic, "client_secret_post": _post}
