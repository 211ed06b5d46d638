"""The authorization request (OAuth 2.1 § 4.1.1): two tables of checks, in the order in which they are made.

What FIRST refuses is told to the person on a page: until client and redirect URI are known to belong together, nobody is
redirected anywhere. What THEN refuses is told to the app, by a redirect, once somebody is signed in: a link that we answer
by sending whoever follows it elsewhere, unasked, would be of use to phishers (RFC 9700 § 4.11.2). One fault is told before
that, on a page that leads to the app if its link is followed: whose app knows no PKCE should not sign in to learn of it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import orjson
from authlib.oauth2 import OAuth2Error
from authlib.oauth2.rfc6749 import InvalidRequestError, InvalidScopeError, UnsupportedResponseTypeError

from adapters.core.compile.scopes import Scopes
from gateway.config.settings import Settings
from gateway.keys.keyring import Keyring
from gateway.keys.token_format import Audience, mint, new_id
from gateway.oauth import redirects, syntax
from gateway.oauth.errors import UnusableError
from gateway.oauth.request_snapshot import Pairs, repeated
from gateway.oauth.resource_indicator import audience_of
from gateway.stores.sql import Session, audit, codes, consents, tenants
from gateway.stores.sql.audit import Event
from gateway.stores.sql.clients import Client
from gateway.stores.sql.codes import Code
from gateway.web.sessions import Session as Person


@dataclass(frozen=True, slots=True)
class Asked:
    """An authorization request. `client` is None when there is none of that id; `offered`: the scopes there are."""

    pairs: Pairs
    issuer: str
    client: Client | None
    offered: Scopes

    def one(self, name: str) -> str:
        """A parameter's value, "" when it was not sent."""
        return next((value for each, value in self.pairs if each == name), "")

    @property
    def app(self) -> Client:
        """The client, once `client_is_known` has passed."""
        assert self.client is not None
        return self.client

    @property
    def redirect_uri(self) -> str:
        """Where the answer goes, once `redirect_uri_is_registered` has passed; the only one there is need not be named."""
        registered = self.app.redirect_uris
        return self.one("redirect_uri") or (registered[0] if len(registered) == 1 else "")

    @property
    def scopes(self) -> tuple[str, ...]:
        """What is asked for: when the app does not say, all that it is registered for, or what needs least explaining.

        An app that has never said, neither now nor when it registered itself, is taken to want to read.
        """
        given = self.one("scope")
        named = syntax.scopes(given, self.offered) if given else ()
        if named or frozenset(self.app.scopes) != self.offered.single:
            return named or self.app.scopes
        return self.offered.reading

    @property
    def audience(self) -> Audience:
        """The door that the tokens shall open; InvalidTargetError when `resource` names none of ours, or two."""
        named = [value for name, value in self.pairs if name == "resource" and value]
        return audience_of(named, self.issuer) or "api"

    @property
    def shown(self) -> str:
        """What a person is asked about, as one text. The app may change while they read; their answer is not about that."""
        app = self.app
        described = app.name, app.auth_method, app.logo_uri, app.client_uri
        return orjson.dumps([sorted(self.scopes), self.audience, self.redirect_uri, *described]).decode()

    def back(self, *parameters: tuple[str, str]) -> str:
        """The redirect to the app, with the issuer (RFC 9207) and the state as it came."""
        state = [("state", self.one("state"))] if self.one("state") else []
        return redirects.added(self.redirect_uri, [*parameters, *state, ("iss", self.issuer)])

    def denied(self, error: OAuth2Error) -> str:
        """The redirect that tells the app of an error (RFC 6749 § 4.1.2.1)."""
        return self.back(*error.get_body())


Check = Callable[[Asked], None]


def client_is_named_once(asked: Asked) -> None:
    """Two ids or two redirect URIs: whom would we tell?"""
    if repeated(tuple(pair for pair in asked.pairs if pair[0] in {"client_id", "redirect_uri"})) is not None:
        raise UnusableError("The link names the app or its address twice.")


def client_is_known(asked: Asked) -> None:
    """Registered and not disabled."""
    if asked.client is None:
        raise UnusableError("The link names an app that is not registered here, or is no longer.")


def redirect_uri_is_registered(asked: Asked) -> None:
    """The same string; on a loopback IP any port."""
    if not asked.redirect_uri:
        raise UnusableError("The link does not say which of the app's registered addresses it leads back to.")
    if not redirects.matches(asked.app.redirect_uris, asked.redirect_uri):
        raise UnusableError("The link would lead to an address that is not registered for this app.")


def no_parameter_is_repeated(asked: Asked) -> None:
    """RFC 6749 § 3.1; `resource` may be (RFC 8707 § 2)."""
    if repeated(asked.pairs, but=("resource",)) is not None:
        raise InvalidRequestError(description="A parameter is given twice.")


def response_type_is_code(asked: Asked) -> None:
    """Nothing but `code`: no implicit, no hybrid."""
    if not asked.one("response_type"):
        raise InvalidRequestError(description="response_type is missing.")
    if asked.one("response_type") != "code":
        raise UnsupportedResponseTypeError("(as given)")


def answer_goes_into_the_query(asked: Asked) -> None:
    """The one response mode there is."""
    if asked.one("response_mode") not in {"", "query"}:
        raise InvalidRequestError(description="response_mode must be query.")


def nothing_is_passed_by_reference(asked: Asked) -> None:
    """RFC 9101 is not offered: an ignored request object would be a request that nobody made."""
    if asked.one("request") or asked.one("request_uri"):
        raise InvalidRequestError(description="Request objects are not supported.")


def challenge_is_sent(asked: Asked) -> None:
    """By every client, confidential ones too (OAuth 2.1 § 7.5.1)."""
    if not asked.one("code_challenge"):
        text = "PKCE is required: send code_challenge and code_challenge_method=S256 (RFC 7636)."
        raise InvalidRequestError(description=text)


def challenge_is_s256(asked: Asked) -> None:
    """A missing method would mean `plain` (RFC 7636 § 4.3)."""
    if not syntax.is_challenge(asked.one("code_challenge")):
        raise InvalidRequestError(description="code_challenge must be 43 characters of base64url.")
    if asked.one("code_challenge_method") != "S256":
        raise InvalidRequestError(description="code_challenge_method must be S256.")


def scope_is_allowed(asked: Asked) -> None:
    """Well-formed, existing, and within what the app is registered for: refused, never cut."""
    if beyond := sorted(asked.offered.expanded(asked.scopes) - asked.offered.expanded(asked.app.scopes)):
        raise InvalidScopeError(description=f"The app is not registered for {', '.join(beyond)}.")


def resource_is_ours(asked: Asked) -> None:
    """RFC 8707: codes for anybody else are not made here."""
    audience_of([value for name, value in asked.pairs if name == "resource" and value], asked.issuer)


FIRST: Final[tuple[Check, ...]] = (client_is_named_once, client_is_known, redirect_uri_is_registered)

THEN: Final[tuple[Check, ...]] = (
    no_parameter_is_repeated,
    response_type_is_code,
    answer_goes_into_the_query,
    nothing_is_passed_by_reference,
    challenge_is_sent,
    challenge_is_s256,
    scope_is_allowed,
    resource_is_ours,
)


def answerable(asked: Asked) -> None:
    """UnusableError for what must not be told by a redirect."""
    for check in FIRST:
        check(asked)


def hopeless(asked: Asked) -> OAuth2Error | None:
    """What is wrong with an `answerable` request of an app that will not get anywhere here, whoever signs in."""
    try:
        challenge_is_sent(asked)
    except OAuth2Error as error:
        return error
    return None


def refused(asked: Asked) -> OAuth2Error | None:
    """What is wrong with an `answerable` request, for the app to be told."""
    try:
        for check in THEN:
            check(asked)
    except OAuth2Error as error:
        return error
    return None


def agreed_before(session: Session, asked: Asked, person: Person, *, held: bool = False) -> bool:
    """Whether this person has agreed to all of this already, and the app does not want them to be asked all the same.

    `held`: and cannot take it back before the end of the transaction.
    """
    if "consent" in asked.one("prompt").split(" ") or asked.audience != "api":
        # What was agreed to is remembered for the API; whoever lets an agent in is asked each time.
        return False
    agreed = consents.scopes(session, asked.app.id, person.tenant_id, person.user_id, held=held)
    return syntax.covered(asked.scopes, agreed, asked.offered)


def allowed(
    session: Session,
    keys: Keyring,
    settings: Settings,
    asked: Asked,
    person: Person,
    address: str,
    now: datetime,
    *,
    answered: bool,
) -> str | None:
    """Remember the consent, make the code and return the redirect that carries it.

    `answered`: whether the person has said yes just now; else they must have before, and None says that they have not.
    """
    if not agreed_before(session, asked, person, held=True):
        if not answered:
            return None
        consents.remember(session, asked.app.id, person.tenant_id, person.user_id, frozenset(asked.scopes), now)
        audit.append(session, _event(asked, person, "consent.allow", address, now))
    text = mint(settings.tokens.prefix, "code", tenants.mode_of(session, person.tenant_id))
    codes.insert(
        session,
        Code(
            hash=keys.hash(text.encode()),
            client_id=asked.app.id,
            tenant_id=person.tenant_id,
            user_id=person.user_id,
            user_email=person.email,
            grant_id=new_id(),
            redirect_uri=asked.redirect_uri,
            challenge=asked.one("code_challenge"),
            scopes=asked.scopes,
            issuer=asked.issuer,
            audience=asked.audience,
            created_at=now,
            expires_at=now + timedelta(seconds=settings.oauth.code_lifetime),
        ),
    )
    return asked.back(("code", text))


def note_denial(session: Session, asked: Asked, person: Person, address: str, now: datetime) -> None:
    """The audit knows what was refused, too."""
    audit.append(session, _event(asked, person, "consent.deny", address, now))


def _event(asked: Asked, person: Person, action: str, address: str, now: datetime) -> Event:
    subject, actor = f"client:{asked.app.id}", f"user:{person.user_id}"
    return Event(
        at=now,
        tenant_id=person.tenant_id,
        actor=actor,
        action=action,
        subject=subject,
        address=address,
        detail={"scopes": list(asked.scopes)},
    )
