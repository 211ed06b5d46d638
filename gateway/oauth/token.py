"""The token endpoint (OAuth 2.1 § 3.2): a table of checks that Authlib leaves out, then Authlib's grants."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from authlib.oauth2 import OAuth2Error
from authlib.oauth2.rfc6749 import InvalidRequestError

from gateway.config.settings import Settings
from gateway.keys.keyring import Keyring
from gateway.oauth import syntax
from gateway.oauth.clients import GRANT_TYPES, METHODS
from gateway.oauth.errors import OtherGrantError
from gateway.oauth.grants import GRANTS
from gateway.oauth.request_snapshot import Snapshot, repeated
from gateway.oauth.resource_indicator import audience_of
from gateway.oauth.server import Holder, Known, Outcome, Server, failed
from gateway.stores.sql import Session, codes, grants, tenants

Check = Callable[[Snapshot], None]


def method_is_post(snapshot: Snapshot) -> None:
    """Credentials in a query end up in logs."""
    if snapshot.method != "POST":
        raise InvalidRequestError(description="This endpoint answers POST only.", status_code=405)


def parameters_are_in_the_body(snapshot: Snapshot) -> None:
    """A form, and nothing in the query."""
    if not snapshot.is_form:
        raise InvalidRequestError(description="Send the parameters as application/x-www-form-urlencoded.")
    if snapshot.query:
        raise InvalidRequestError(description="Send the parameters in the body only.")


def no_parameter_is_repeated(snapshot: Snapshot) -> None:
    """RFC 6749 § 3.2; `resource` may be (RFC 8707 § 2)."""
    if repeated(snapshot.pairs, but=("resource",)) is not None:
        raise InvalidRequestError(description="A parameter is given twice.")


def no_value_is_binary(snapshot: Snapshot) -> None:
    """What is no text, or holds a NUL, is none of our codes, tokens or names. Scopes have a grammar and error of their own."""
    if any(not value.isprintable() for pair in snapshot.pairs if pair[0] != "scope" for value in pair):
        raise InvalidRequestError(description="A parameter holds characters that none may hold.")


def client_authenticates_in_one_way(snapshot: Snapshot) -> None:
    """RFC 6749 § 2.3."""
    basic = snapshot.basic()
    if basic is None:
        return
    if snapshot.one("client_secret") is not None:
        raise InvalidRequestError(description="The client authenticates in two ways.")
    if snapshot.one("client_id") not in {None, basic.client_id}:
        raise InvalidRequestError(description="The request names two clients.")


def grant_type_is_known(snapshot: Snapshot) -> None:
    """Code and refresh only: no password, no implicit, no client credentials."""
    given = snapshot.one("grant_type")
    if given is None:
        raise InvalidRequestError(description="grant_type is missing.")
    if given not in GRANT_TYPES:
        raise OtherGrantError(GRANT_TYPES)


def scope_is_well_formed(snapshot: Snapshot) -> None:
    """Authlib would split on any white space."""
    given = snapshot.one("scope")
    if given is not None:
        syntax.scopes(given, snapshot.offered)


def resource_is_ours(snapshot: Snapshot) -> None:
    """RFC 8707: tokens for anybody else are not made here."""
    audience_of(snapshot.every("resource"), snapshot.issuer)


FORM_CHECKS: Final[tuple[Check, ...]] = (
    method_is_post,
    parameters_are_in_the_body,
    no_parameter_is_repeated,
    no_value_is_binary,
    client_authenticates_in_one_way,
)

CHECKS: Final[tuple[Check, ...]] = (
    *FORM_CHECKS,
    grant_type_is_known,
    scope_is_well_formed,
    resource_is_ours,
)


def refused(snapshot: Snapshot, checks: tuple[Check, ...]) -> Outcome | None:
    """The error of the first check that fails."""
    try:
        for check in checks:
            check(snapshot)
    except OAuth2Error as error:
        return failed(error, snapshot.issuer)
    return None


def known(session: Session, keys: Keyring, settings: Settings, snapshot: Snapshot) -> Known:
    """Which client asks, and whose code or refresh token it has."""
    client = Server(session, keys, settings, snapshot).client(METHODS)
    kind = "code" if snapshot.one("grant_type") == "authorization_code" else "refresh_token"
    presented = snapshot.one(kind)
    if client is None or presented is None:
        return Known(client)
    hashes = keys.hashes(presented.encode("utf-8", "surrogateescape"))
    found: codes.Code | grants.Grant | None
    if kind == "code":
        found = codes.get(session, hashes)
    else:
        refresh = grants.refresh_by_hash(session, hashes)
        found = grants.get(session, refresh.grant_id) if refresh is not None else None
    theirs = found is not None and found.client_id == client.id
    if found is None or not theirs:
        return Known(client)
    return Known(client, Holder(found.tenant_id, found.user_id, tenants.mode_of(session, found.tenant_id)))


def answer(session: Session, keys: Keyring, settings: Settings, snapshot: Snapshot) -> Outcome:
    """The token response or error. Errors do not roll back: a code that was misused stays used."""
    outcome: Outcome = Server(session, keys, settings, snapshot, GRANTS).create_token_response(snapshot)
    return outcome
