"""Apps that register themselves (RFC 7591), and look after their registration (RFC 7592)."""

from __future__ import annotations

import hmac
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from math import ceil
from typing import Any, Final

import orjson
from authlib.oauth2 import OAuth2Error
from authlib.oauth2.rfc6749 import AccessDeniedError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from adapters.core.compile.scopes import Scopes
from gateway.api.rate_limits import policy
from gateway.brands import Brand
from gateway.keys.token_format import mint
from gateway.oauth import clients as apps
from gateway.oauth import metadata, redirects
from gateway.oauth.announce_revoked import Announcements
from gateway.oauth.clients import GRANT_TYPES, ClientRefused, Registered
from gateway.oauth.errors import InvalidClientMetadataError, InvalidRedirectURIError, InvalidTokenError, SlowDownError
from gateway.oauth.syntax import HABITUAL
from gateway.observe import access, logs, metrics
from gateway.stores.errors import StoreUnavailable
from gateway.stores.sql import Session
from gateway.stores.sql.clients import Client
from gateway.stores.sql.grants import Revoked
from gateway.web import forms
from gateway.web.context import Web
from gateway.web.strangers import too_many

_NO_STORE: Final = {"Cache-Control": "no-store", "Pragma": "no-cache"}


@dataclass(frozen=True, slots=True)
class Registration:
    """The handlers."""

    web: Web
    announcements: Announcements

    def routes(self) -> list[Route]:
        """The routes of apps that register."""
        one = f"{metadata.REGISTER}/{{client_id}}"
        return [
            Route(metadata.REGISTER, _told_when_away(self.create), methods=["POST"]),
            Route(one, _told_when_away(self.show), methods=["GET"]),
            Route(one, _told_when_away(self.change), methods=["PUT"]),
            Route(one, _told_when_away(self.remove), methods=["DELETE"]),
        ]

    async def create(self, request: Request) -> Response:
        """RFC 7591 § 3."""
        try:
            await self._welcome(request)
            given = await self._document(request)
        except OAuth2Error as error:
            return _refused(error)
        address = self.web.address(request)

        def write(session: Session) -> tuple[Registered, str]:
            now = datetime.now(UTC)
            made = apps.draft(now, name="", redirect_uris=(), scopes=(), origin="registration")
            token = mint(self.web.settings.tokens.prefix, "registration")
            client = replace(
                self._described(made, given),
                registration_hash=self.web.keys.hash(token.encode()),
                registration_key_id=self.web.keys.hashing_id,
            )
            prefix = self.web.settings.tokens.prefix
            made_of = apps.register(
                session, self.web.keys, prefix, client, self.web.scopes, actor="registration", address=address
            )
            return made_of, token

        try:
            registered, token = await self.web.sql.run(write)
        except ClientRefused as error:
            return _refused(_told(error))
        return _answered(201, request, registered, token)

    async def show(self, request: Request) -> Response:
        """RFC 7592 § 2.1."""
        try:
            client = await self.web.sql.read(self._owned, request.path_params["client_id"], _bearer(request))
        except OAuth2Error as error:
            return await self._turned_away(request, error)
        return _answered(200, request, Registered(client, None), None)

    async def change(self, request: Request) -> Response:
        """RFC 7592 § 2.2: the whole description anew. An app that is confidential from now on gets a secret."""
        address = self.web.address(request)
        try:
            # A body may take its time: who sends it, and whether the app still lives, is asked once it is here.
            given = await self._document(request)
            changed = await self.web.sql.run(
                self._changed, request.path_params["client_id"], _bearer(request), given, address
            )
        except ClientRefused as error:
            return _refused(_told(error))
        except OAuth2Error as error:
            return await self._turned_away(request, error)
        return _answered(200, request, changed, None)

    async def remove(self, request: Request) -> Response:
        """RFC 7592 § 2.3: with everything that was granted to it."""
        address = self.web.address(request)
        try:
            known = await self.web.sql.read(self._owned, request.path_params["client_id"], _bearer(request))
        except OAuth2Error as error:
            return await self._turned_away(request, error)

        def write(session: Session) -> tuple[Revoked, ...]:
            return apps.disable(session, known, actor=f"client:{known.id}", now=datetime.now(UTC), address=address)

        await self.announcements.announce(await self.web.sql.run(write))
        return Response(status_code=204, headers=_NO_STORE)

    def _changed(
        self, session: Session, client_id: str, token: str, given: Mapping[str, Any], address: str
    ) -> Registered:
        known = self._owned(session, client_id, token)
        if given.get("client_id") != known.id:
            raise InvalidClientMetadataError(description="client_id must be the one that is changed.")
        wanted, actor, now = self._described(known, given), f"client:{known.id}", datetime.now(UTC)
        if not apps.change(session, known, wanted, self.web.scopes, actor=actor, now=now, address=address):
            raise InvalidTokenError
        if wanted.public or not known.public:
            return Registered(wanted, None)
        prefix = self.web.settings.tokens.prefix
        return apps.rotate_secret(session, self.web.keys, prefix, wanted, actor=actor, now=now, address=address)

    def _described(self, client: Client, given: Mapping[str, Any]) -> Client:
        return apps.of_nobody_else(described(client, given, self.web.scopes), self.web.settings.brands)

    async def _turned_away(self, request: Request, error: OAuth2Error) -> Response:
        """The refusal, which counts against the address unless a registration token has said who asks."""
        if isinstance(error, InvalidTokenError) and (wait := await too_many(self.web, request)) is not None:
            return _refused(SlowDownError(wait.members["retry_after"]))
        return _refused(error)

    async def _welcome(self, request: Request) -> None:
        settings = self.web.settings
        limit = policy("registration", settings.limits.registration, "address")
        verdict = await self.web.services.limiter.admit_address(self.web.address(request), limit)
        if not verdict.allowed:
            metrics.rate_limited(limit.name)
            raise SlowDownError(max(1, ceil(verdict.readings[0].retry_after)))
        if settings.oauth.registration == "closed":
            raise AccessDeniedError(description="Apps cannot register themselves here.", status_code=403)
        if settings.oauth.registration == "gated":
            secret = settings.oauth.initial_access_token
            wanted = secret.read() if secret is not None else ""
            if not wanted or not hmac.compare_digest(_bearer(request).encode(), wanted.encode()):
                raise InvalidTokenError

    async def _document(self, request: Request) -> Mapping[str, Any]:
        try:
            document = orjson.loads(await forms.body(request, self.web.settings.server.body_timeout))
        except HTTPException as error:
            raise InvalidClientMetadataError(description=error.detail, status_code=error.status_code) from None
        except orjson.JSONDecodeError:
            raise InvalidClientMetadataError(description="The body is not JSON.") from None
        if not isinstance(document, dict):
            raise InvalidClientMetadataError(description="The body is not a JSON object.")
        return document

    def _owned(self, session: Session, client_id: str, token: str) -> Client:
        client = apps.live(session, client_id)
        hashes = self.web.keys.hashes(token.encode("utf-8", "surrogateescape"))
        kept = client.registration_hash if client is not None else None
        # Who has no token of this client learns nothing about whether there is such a client (RFC 7592 § 2.1).
        if client is None or kept is None or not any(hmac.compare_digest(kept, each) for each in hashes):
            raise InvalidTokenError
        return client


def _told_when_away(endpoint: Callable[[Request], Awaitable[Response]]) -> Callable[[Request], Awaitable[Response]]:
    async def answered(request: Request) -> Response:
        try:
            return await endpoint(request)
        except StoreUnavailable as error:
            logs.event("oauth store lost", "warning", error=error)
            body = {"error": "temporarily_unavailable"}
            return Response(orjson.dumps(body), 503, {**_NO_STORE, "Retry-After": "1"}, "application/json")

    return answered


def described(client: Client, given: Mapping[str, Any], offered: Scopes) -> Client:
    """The client as the metadata describes it. ClientRefused for members of a wrong type.

    What is null or empty counts as left out (RFC 7592 § 2.2). What no server could do is refused; what this one does not do
    beside what it does, such as a further grant type, is left out, and the answer says what was registered (RFC 7591 § 2).
    """
    scope = _text(given, "scope")
    if scope is not None and scope.split(" ") != scope.split():
        raise ClientRefused("scope", "must be words separated by single spaces")
    named = [each for each in dict.fromkeys((scope or "").split(" ")) if each and each not in HABITUAL]
    if "code" not in _words(given, "response_types", ["code"]):
        raise ClientRefused("response_types", "must have code among them")
    grant_types = _words(given, "grant_types", GRANT_TYPES)
    uris = _words(given, "redirect_uris", [])
    usable = [uri for uri in uris if redirects.fault(uri) is None]
    return replace(
        client,
        name=_text(given, "client_name") or "An app without a name",
        redirect_uris=tuple(dict.fromkeys(usable or uris)),
        # Who names none may ask for all that the metadata offers. What they get, people and their roles decide. Nor has
        # anything been chosen by who repeats what we told them to begin with: agents ask for more when they need it.
        scopes=tuple(sorted(offered.single)) if set(named) in (set(), set(offered.reading)) else tuple(named),
        auth_method=_text(given, "token_endpoint_auth_method") or "client_secret_basic",
        grant_types=tuple(each for each in GRANT_TYPES if each in grant_types),
        logo_uri=_text(given, "logo_uri"),
        client_uri=_page(given),
    )


def _text(given: Mapping[str, Any], name: str) -> str | None:
    value = given.get(name)
    if value is not None and not isinstance(value, str):
        raise ClientRefused(name, "must be a string")
    return value or None


def _words(given: Mapping[str, Any], name: str, default: Sequence[str]) -> Sequence[str]:
    value = given.get(name) or default
    if not isinstance(value, Sequence) or isinstance(value, str) or not all(isinstance(each, str) for each in value):
        raise ClientRefused(name, "must be a list of strings")
    return value


def _page(given: Mapping[str, Any]) -> str | None:
    """The app's home page; one by plain http is not shown to people, and no reason to turn the app away."""
    value = _text(given, "client_uri")
    return None if value is not None and value.startswith("http://") else value


def _bearer(request: Request) -> str:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def _told(error: ClientRefused) -> OAuth2Error:
    kind = InvalidRedirectURIError if error.member == "redirect_uris" else InvalidClientMetadataError
    text = "".join(each if " " <= each <= "~" and each not in '"\\' else "?" for each in str(error))
    return kind(description=text)


def _refused(error: OAuth2Error) -> Response:
    access.entry.get().code = error.error
    headers = {**_NO_STORE, **dict(error.get_headers())}
    return Response(orjson.dumps(dict(error.get_body())), error.status_code, headers, "application/json")


def _answered(status: int, request: Request, made: Registered, token: str | None) -> Response:
    brand: Brand = request.scope["brand"]
    client = made.client
    document: dict[str, Any] = {
        "client_id": client.id,
        "client_id_issued_at": int(client.created_at.timestamp()),
        "client_name": client.name,
        "redirect_uris": client.redirect_uris,
        "grant_types": client.grant_types,
        "response_types": ["code"],
        "scope": " ".join(client.scopes),
        "token_endpoint_auth_method": client.auth_method,
        "registration_client_uri": f"{brand.origin}{metadata.REGISTER}/{client.id}",
    }
    links = {"logo_uri": client.logo_uri, "client_uri": client.client_uri}
    document |= {name: link for name, link in links.items() if link is not None}
    if made.secret is not None:
        document |= {"client_secret": made.secret, "client_secret_expires_at": 0}
    if token is not None:
        document["registration_access_token"] = token
    return Response(orjson.dumps(document), status, _NO_STORE, "application/json")
