"""The pages of an authorization: the request is checked, the person signs in, agrees or not, and goes back to the app."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from urllib.parse import urlsplit

from authlib.oauth2 import OAuth2Error
from authlib.oauth2.rfc6749 import AccessDeniedError
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.auth.scopes import allowed
from gateway.auth.users import IdentityUnavailable, User
from gateway.downstream.parsing import MAX_TARGET
from gateway.oauth import authorization, clients, consent, metadata, redirects, request_snapshot
from gateway.oauth.authorization import Asked
from gateway.oauth.client_documents import Documents
from gateway.oauth.errors import UnusableError
from gateway.observe import access
from gateway.stores.errors import StoreUnavailable
from gateway.stores.sql.clients import Client
from gateway.web import csrf, forms, return_to, sign_in
from gateway.web.away import away
from gateway.web.context import Web
from gateway.web.sessions import Session

CONSENT: Final = "consent"


@dataclass(frozen=True, slots=True)
class Pages:
    """GET shows, POST decides; both check everything anew."""

    web: Web
    documents: Documents | None = None

    def routes(self) -> list[Route]:
        """The routes of people."""
        return [
            Route(metadata.AUTHORIZE, self.authorize, methods=["GET", "POST"]),
            *sign_in.routes(self.web),
        ]

    async def authorize(self, request: Request) -> Response:
        """Every failure is a page or a redirect that apps understand."""
        try:
            return await self._authorized(request)
        except UnusableError as fault:
            access.entry.get().code = "invalid_request"
            return self._told(request, 400, "This link does not work", str(fault))
        except (StoreUnavailable, IdentityUnavailable) as error:
            return away(self.web, request, error)

    async def _authorized(self, request: Request) -> Response:
        web, query = self.web, request.scope["query_string"]
        asked = await self._asked(request, query)
        authorization.answerable(asked)
        path = f"{metadata.AUTHORIZE}?{query.decode('ascii')}"
        source = redirects.policy_source(asked.redirect_uri)
        away_to = sign_in.address_of(web, path, (source,))
        if len(away_to) > MAX_TARGET:
            raise UnusableError("The link is too long: the app has to ask for access with fewer characters.")
        found = await sign_in.signed_in(web, request)
        if found is None:
            error = authorization.hopeless(asked)
            return _back(away_to) if error is None else self._fault(request, asked, error)
        error = authorization.refused(asked)
        if error is not None:
            return _denied(asked, error)
        session, user = found
        if request.method == "POST":
            return await self._decided(request, asked, session, path)
        if await web.sql.read(authorization.agreed_before, asked, session):
            # The consent may be withdrawn in between: whoever writes looks once more.
            target = await self._allowed(request, asked, session, answered=False)
            if target is not None:
                return _back(target)
        return await self._question(request, asked, session, user, path, source)

    async def _asked(self, request: Request, query: bytes) -> Asked:
        try:
            pairs = request_snapshot.pairs(query)
        except OAuth2Error:
            raise UnusableError("The link is damaged.") from None
        client_id = next((value for name, value in pairs if name == "client_id"), "")
        client = await self._client(request, client_id)
        return Asked(pairs, request.scope["brand"].origin, client, self.web.scopes)

    async def _client(self, request: Request, client_id: str) -> Client | None:
        if self.documents is not None and clients.is_document(client_id):
            return await self.documents.client(client_id, self.web.address(request))
        found = await self.web.sql.read(clients.live, client_id)
        # Without documents nobody is known by one, whatever was read when they were taken.
        return None if found is not None and found.document_url is not None else found

    async def _question(
        self, request: Request, asked: Asked, session: Session, user: User, path: str, source: str
    ) -> Response:
        web = self.web
        return web.templates.page(
            request,
            "consent.html",
            form_action=(source,),
            images=(asked.app.logo_uri,),
            app=asked.app,
            session=session,
            role=user.role,
            groups=consent.asked(web.catalogue, asked.scopes, allowed(web.scopes, user.role, web.settings.roles)),
            destination=_destination(asked.redirect_uri),
            documented=urlsplit(asked.app.document_url or "").netloc,
            loopback=all(redirects.is_loopback(each) for each in asked.app.redirect_uris),
            agent=asked.audience == "mcp",
            action=path,
            csrf=web.csrf.issue(session.id, CONSENT, _about(path, asked)),
            sign_out=web.csrf.issue(session.id, sign_in.SIGN_OUT),
            next=return_to.sealed(web.keys, path, (source,)),
        )

    async def _decided(self, request: Request, asked: Asked, session: Session, path: str) -> Response:
        web = self.web
        form = await forms.read(request, web.settings.server.body_timeout)
        if not await web.csrf.redeem(request, session.id, form.get(csrf.FIELD, ""), CONSENT, _about(path, asked)):
            text = (
                "It was answered already, is too old, or the request or the app was changed since. "
                "Nothing was allowed by this."
            )
            return self._told(request, 403, "This page cannot be used", text, again=path)
        if form.get("decision") == "allow":
            target = await self._allowed(request, asked, session, answered=True)
            assert target is not None
            return _back(target)
        address, now = web.address(request), datetime.now(UTC)
        await web.sql.run(authorization.note_denial, asked, session, address, now)
        return _denied(asked, AccessDeniedError(description="The user denied the request."))

    async def _allowed(self, request: Request, asked: Asked, session: Session, *, answered: bool) -> str | None:
        web = self.web
        address, now = web.address(request), datetime.now(UTC)
        return await web.sql.run(
            authorization.allowed, web.keys, web.settings, asked, session, address, now, answered=answered
        )

    def _fault(self, request: Request, asked: Asked, error: OAuth2Error) -> Response:
        access.entry.get().code = error.error
        link = {"href": asked.denied(error), "text": f"Back to {_destination(asked.redirect_uri)}"}
        text = f"What {asked.app.name} asks for cannot be answered. Its developers need to know: {error.description}"
        return self.web.templates.page(
            request, "message.html", 400, heading="This app asks wrongly", text=text, link=link
        )

    def _told(self, request: Request, status: int, heading: str, text: str, again: str | None = None) -> Response:
        link = {"href": again, "text": "Start again"} if again is not None else None
        return self.web.templates.page(request, "message.html", status, heading=heading, text=text, link=link)


def _about(path: str, asked: Asked) -> str:
    return f"{path}\0{asked.shown}"


def _denied(asked: Asked, error: OAuth2Error) -> Response:
    access.entry.get().code = error.error
    return _back(asked.denied(error))


def _back(target: str) -> Response:
    # Not RedirectResponse: it would re-encode the address, and the state has to arrive byte for byte.
    headers = {"Location": target, "Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}
    return Response(status_code=303, headers=headers)


def _destination(uri: str) -> str:
    parts = urlsplit(uri)
    return parts.netloc if parts.scheme in {"http", "https"} else f"the app that opens {parts.scheme}: links"
