"""Grant families: the access and refresh tokens that one authorization led to, made together and ended together.

Access tokens are rows among all other tokens, so that the path of a request to `/v1` knows no difference. The principal of
an app's token is its family: idempotency keys survive a refresh.

Whoever adds tokens to a family, or ends it, holds its grant: of a refresh and an end at the same moment one waits for the
other, and either finds what that did. Locks are taken in one order, so that nobody waits in a circle: the client, the
consent, the codes, then the grants, newest first.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from authlib.oauth2.rfc6749 import InvalidGrantError

from gateway.config.settings import Settings
from gateway.keys.keyring import Keyring, Unsealable
from gateway.keys.token_format import Credential, display_prefix, mint, new_id
from gateway.stores.sql import Session, audit, codes, consents, grants, tenants, tokens
from gateway.stores.sql.audit import Event
from gateway.stores.sql.grants import Grant, Refresh, Revoked

KEPT: Final = timedelta(days=1)  # expired access tokens are told apart from unknown ones for this long

_SUCCESSOR: Final = "refresh-successor"


@dataclass(frozen=True, slots=True)
class Issuer:
    """What tokens are made with, at one moment."""

    session: Session
    keys: Keyring
    settings: Settings
    now: datetime

    def access(self, grant: Grant, app_name: str, scopes: Sequence[str]) -> dict[str, Any]:
        """A new access token of the family, as the members of a token response (RFC 6749 § 5.1)."""
        lifetime = min(timedelta(seconds=self.settings.oauth.access_lifetime), grant.expires_at - self.now)
        text = self._minted(grant, "app")
        grants.forget_access_tokens(self.session, grant.id, self.now - KEPT)
        tokens.insert(
            self.session,
            tokens.Token(
                id=new_id(),
                tenant_id=grant.tenant_id,
                user_id=grant.user_id,
                user_email=grant.user_email,
                name=app_name,
                kind="app",
                hash=self.keys.hash(text.encode()),
                hash_key_id=self.keys.hashing_id,
                display_prefix=display_prefix(text),
                scopes=tuple(scopes),
                created_at=self.now,
                expires_at=self.now + lifetime,
                family=grant.id,
                audience=grant.audience,
            ),
        )
        return {
            "access_token": text,
            "token_type": "Bearer",
            "expires_in": int(lifetime.total_seconds()),
            "scope": " ".join(scopes),
        }

    def refresh(self, grant: Grant) -> tuple[str, Refresh]:
        """A new refresh token of the family."""
        text = self._minted(grant, "refresh")
        idle = self.now + timedelta(seconds=self.settings.oauth.refresh_idle)
        record = Refresh(
            id=new_id(),
            grant_id=grant.id,
            hash=self.keys.hash(text.encode()),
            hash_key_id=self.keys.hashing_id,
            created_at=self.now,
            expires_at=min(idle, grant.expires_at),
        )
        grants.add_refresh(self.session, record)
        return text, record

    def _minted(self, grant: Grant, kind: Credential) -> str:
        return mint(self.settings.tokens.prefix, kind, tenants.mode_of(self.session, grant.tenant_id))

    def rotated(self, grant: Grant, old: Refresh) -> str:
        """The successor of a refresh token that is unused or `repeatable`: whoever comes first makes it, others get the same.

        The grant is held: nobody else uses the token at this moment.
        """
        if old.used_at is None:
            text, record = self.refresh(grant)
            sealed = self.keys.seal(_SUCCESSOR, grant.id, text.encode(), old.hash)
            if not grants.claim(self.session, old, record.id, sealed, self.now):
                raise InvalidGrantError(description="This refresh token has been used.")
            return text
        try:
            return self.keys.open(_SUCCESSOR, grant.id, old.successor_sealed or "", old.hash).decode()
        except Unsealable:
            raise InvalidGrantError(
                description="This refresh token has been used, and its successor is gone."
            ) from None

    def repeatable(self, used: Refresh) -> bool:
        """Whether a used refresh token may be used once more: within the grace, while its successor was not used."""
        if used.used_at is None or self.now - used.used_at > timedelta(seconds=self.settings.oauth.grace):
            return False
        successor = grants.refresh_by_id(self.session, used.successor_id or "")
        return successor is not None and successor.used_at is None and used.successor_sealed is not None


def end(
    session: Session,
    grant: Grant,
    reason: str,
    *,
    actor: str,
    now: datetime,
    address: str | None = None,
    action: str = "grant.revoke",
    leaked: bool = False,
) -> tuple[Revoked, ...]:
    """End a family; `action` is what the audit calls it. Returns the access tokens to announce, at a second time too.

    `leaked`: its tokens may be in wrong hands, and whoever has them must not get others without its user being asked.
    """
    if leaked:
        _withdraw(session, grant.client_id, grant.tenant_id, grant.user_id, now)
    ended, announced = grants.revoke(session, grant.id, reason, now)
    if ended:
        detail = {"client": grant.client_id, "user": grant.user_id, "reason": reason}
        audit.append(
            session,
            Event(
                at=now,
                tenant_id=grant.tenant_id,
                actor=actor,
                action=action,
                subject=f"grant:{grant.id}",
                address=address,
                detail=detail,
            ),
        )
    return announced


def disconnect(
    session: Session,
    client_id: str,
    tenant_id: str,
    user_id: str,
    *,
    actor: str,
    now: datetime,
    address: str | None = None,
) -> tuple[Revoked, ...]:
    """A user takes back everything granted to an app: all its families, codes on their way, and the remembered consent."""
    # Before the families are listed: whoever is redeeming a code at this moment is waited for, and its family found.
    if _withdraw(session, client_id, tenant_id, user_id, now):
        detail = {"client": client_id, "user": user_id}
        audit.append(
            session,
            Event(
                at=now,
                tenant_id=tenant_id,
                actor=actor,
                action="consent.withdraw",
                subject=f"client:{client_id}",
                address=address,
                detail=detail,
            ),
        )
    announced: list[Revoked] = []
    for grant in grants.live(session, client_id, now, tenant_id=tenant_id, user_id=user_id):
        announced += end(session, grant, "disconnected by the user", actor=actor, now=now, address=address)
    return tuple(announced)


def _withdraw(session: Session, client_id: str, tenant_id: str, user_id: str, now: datetime) -> bool:
    """Forget the consent, and spend the codes that were made on its strength. Whether there was one."""
    # In this order: whoever is making a code holds the consent until the code can be seen.
    withdrawn = consents.forget(session, client_id, tenant_id, user_id)
    codes.spend(session, client_id, now, tenant_id=tenant_id, user_id=user_id)
    return withdrawn
