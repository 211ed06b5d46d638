"""Making and replacing tokens by the rules of the contract, whoever asks: the command line, the start, later the consent page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from gateway.auth.scopes import allowed
from gateway.auth.users import User
from gateway.config import Settings
from gateway.keys.keyring import Keyring
from gateway.keys.token_format import Audience, Mode, display_prefix, mint, new_id
from gateway.stores.sql import Session, audit, tenants, tokens
from gateway.stores.sql.audit import Event

if TYPE_CHECKING:
    from adapters.core.compile.scopes import Scopes


class IssueRefused(Exception):
    """The rules do not allow this token; the message is one line for the person who asked."""


@dataclass(frozen=True, slots=True)
class Issued:
    """A token, seen this once, and what is kept of it."""

    token: str = field(repr=False)
    record: tokens.Token


def permitted(scopes: Sequence[str], user: User, settings: Settings, offered: Scopes) -> None:
    """IssueRefused unless every scope exists and `user` may use it now."""
    if not scopes:
        raise IssueRefused("a token needs at least one scope")
    if unknown := sorted(set(scopes) - offered.known):
        raise IssueRefused(f"there is no scope {_listed(unknown)}. Choose from: {_listed(sorted(offered.known))}.")
    if not user.active:
        raise IssueRefused(f"{user.email} is disabled, and a token of theirs could do nothing")
    may = allowed(offered, user.role, settings.roles)
    if beyond := sorted(offered.expanded(scopes) - may):
        raise IssueRefused(
            f"the role {user.role} of {user.email} does not allow {_listed(beyond)}. "
            f"It allows: {_listed(sorted(may)) or 'nothing'}."
        )


def issue(
    session: Session,
    keys: Keyring,
    settings: Settings,
    offered: Scopes,
    user: User,
    *,
    name: str,
    scopes: Sequence[str],
    lifetime: float | None,
    actor: str,
    now: datetime,
    address: str | None = None,
    audience: Audience = "api",
) -> Issued:
    """A new personal token for `user`, stored as a keyed hash, with its audit entry.

    `lifetime` in seconds, None for the configured default; `offered`: the scopes there are. IssueRefused when a rule forbids it.
    """
    permitted(scopes, user, settings, offered)
    text, record = _made(
        keys,
        settings,
        user,
        name,
        tuple(dict.fromkeys(scopes)),
        lifetime,
        now,
        audience,
        tenants.mode_of(session, user.tenant_id),
    )
    tokens.insert(session, record)
    _record(session, actor, "token.create", record, now, address)
    return Issued(text, record)


def rotate(
    session: Session,
    keys: Keyring,
    settings: Settings,
    offered: Scopes,
    user: User,
    old: tokens.Token,
    *,
    lifetime: float | None,
    actor: str,
    now: datetime,
    address: str | None = None,
) -> tuple[Issued, tokens.Token]:
    """A successor of `user`'s token with the same name and scopes, and the old token, which ends after the overlap.

    IssueRefused when the old token is revoked, expired or succeeded already, or the role allows its scopes no longer.
    """
    permitted(old.scopes, user, settings, offered)
    text, record = _made(
        keys,
        settings,
        user,
        old.name,
        old.scopes,
        lifetime,
        now,
        old.audience,
        tenants.mode_of(session, user.tenant_id),
        old,
    )
    try:
        replaced = tokens.rotate(session, record, now + timedelta(seconds=settings.tokens.rotation_overlap), now)
    except tokens.NotRotatable as error:
        raise IssueRefused(
            "only a token that works and has no successor yet can be rotated: create a new one"
        ) from error
    _record(session, actor, "token.rotate", replaced, now, address, successor=record.id)
    return Issued(text, record), replaced


def revoke(
    session: Session, old: tokens.Token, *, reason: str, actor: str, now: datetime, address: str | None = None
) -> tokens.Token:
    """The token as it is when revoked. A second time changes nothing and is no event for the audit."""
    revoked = tokens.revoke(session, old.tenant_id, old.id, reason, now)
    if revoked is None:
        raise IssueRefused("the token is gone")
    if revoked.revoked_at == now:
        _record(session, actor, "token.revoke", revoked, now, address, reason=reason)
    return revoked


def _made(
    keys: Keyring,
    settings: Settings,
    user: User,
    name: str,
    scopes: tuple[str, ...],
    lifetime: float | None,
    now: datetime,
    audience: Audience,
    mode: Mode,
    replaces: tokens.Token | None = None,
) -> tuple[str, tokens.Token]:
    seconds = settings.tokens.default_lifetime if lifetime is None else lifetime
    if seconds > settings.tokens.max_lifetime:
        raise IssueRefused(f"a token may live for at most {settings.tokens.max_lifetime / 86_400:g} days")
    text = mint(settings.tokens.prefix, "personal", mode)
    token_id = new_id()
    record = tokens.Token(
        id=token_id,
        tenant_id=user.tenant_id,
        user_id=user.id,
        user_email=user.email,
        name=name,
        kind="personal",
        hash=keys.hash(text.encode()),
        hash_key_id=keys.hashing_id,
        display_prefix=display_prefix(text),
        scopes=scopes,
        created_at=now,
        expires_at=now + timedelta(seconds=seconds),
        audience=audience,
        family=token_id if replaces is None else replaces.family,
        replaces=None if replaces is None else replaces.id,
    )
    return text, record


def _record(
    session: Session, actor: str, action: str, token: tokens.Token, now: datetime, address: str | None, **detail: str
) -> None:
    described = {"name": token.name, "user": token.user_id, "scopes": list(token.scopes), **detail}
    if token.audience != "api":
        described["audience"] = token.audience
    audit.append(
        session,
        Event(
            at=now,
            tenant_id=token.tenant_id,
            actor=actor,
            action=action,
            subject=f"token:{token.id}",
            address=address,
            detail=described,
        ),
    )


def _listed(words: Sequence[str]) -> str:
    return ", ".join(words)
