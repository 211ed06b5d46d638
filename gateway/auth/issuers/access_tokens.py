"""Validating an access token by RFC 9068 § 4: what it is, who signed it, whom and what it is for, and when.

Nothing of a token chooses how it is checked: its algorithm must be among the configured ones, its key is one that the issuer
publishes, and where else keys may be had (`jku`, `jwk`, `x5u`, `x5c`) is not looked at (RFC 8725 § 3.1, 3.10).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from joserfc import jws
from joserfc.errors import JoseError

from adapters.core.faults import Malformed
from adapters.core.strict_json import read_json
from gateway.auth.issuers.errors import TokenRefused
from gateway.auth.issuers.jwks import Keys
from gateway.config.issuers import Issuer
from gateway.keys.token_format import Audience

LONGEST: Final = 8 * 1024
"""Bytes of a token that is looked at."""

_TYPES: Final = ("at+jwt", "application/at+jwt")
_TEXT: Final = 300  # characters of a claim that becomes part of something kept
_LATEST: Final = 253_402_300_799  # the last second of the year 9999


@dataclass(frozen=True, slots=True)
class Verified:
    """What a good token says. issuer: the name of the configuration; key: thumbprint of what it was signed with;
    expires_at: epoch seconds, the leeway added.
    """

    issuer: str
    key: str
    claims: Mapping[str, Any]
    client_id: str
    audience: Audience
    scopes: frozenset[str]
    expires_at: float


class AccessTokens:
    """issuers, keys: by the names of the configuration."""

    def __init__(self, issuers: Mapping[str, Issuer], keys: Mapping[str, Keys]) -> None:
        self._issuers = {each.issuer: (name, each) for name, each in issuers.items()}
        self._keys = keys
        self._registries = {
            # What a header says beyond what is looked at is no reason to refuse it (RFC 7515 § 4).
            name: jws.JWSRegistry(algorithms=[*each.algorithms], strict_check_header=False)
            for name, each in issuers.items()
        }

    async def verified(self, token: bytes, now: float) -> Verified:
        """Raises TokenRefused, or KeysUnavailable. `now`: epoch seconds."""
        try:
            parsed = jws.extract_compact(token)
            header, claims = read_json(_decoded(token)), read_json(parsed.payload)
        except (JoseError, Malformed, ValueError, RecursionError):
            raise TokenRefused("malformed") from None
        if not isinstance(header, dict) or not isinstance(claims, dict):
            raise TokenRefused("malformed")
        issuer = claims.get("iss")
        name, settings = self._issuers.get(issuer, ("", None)) if isinstance(issuer, str) else ("", None)
        if settings is None:
            raise TokenRefused("issuer")
        try:
            key = await self._signed(name, settings, header, parsed)
            return _checked(name, settings, key, claims, now)
        except TokenRefused as refused:
            refused.issuer = name
            raise

    async def _signed(
        self, name: str, settings: Issuer, header: Mapping[str, Any], parsed: jws.CompactSignature
    ) -> str:
        """The thumbprint of the key that it is signed with."""
        algorithm, kid, kind = header.get("alg"), header.get("kid"), header.get("typ")
        if not isinstance(kind, str) or kind.lower() not in _TYPES:
            raise TokenRefused("type")
        if algorithm not in settings.algorithms:
            raise TokenRefused("algorithm")
        # What is critical to understand is not understood here (RFC 7515 § 4.1.11).
        if "crit" in header or not isinstance(kid, str | None):
            raise TokenRefused("malformed")
        key = await self._keys[name].find(kid, algorithm)
        if key is None:
            raise TokenRefused("key")
        try:
            good = jws.validate_compact(parsed, key.public, registry=self._registries[name])
        except (JoseError, ValueError):
            good = False
        if not good:
            raise TokenRefused("signature")
        return key.thumbprint


def _decoded(token: bytes) -> bytes:
    from joserfc.util import urlsafe_b64decode

    return urlsafe_b64decode(token.partition(b".")[0])


def _checked(name: str, settings: Issuer, key: str, claims: Mapping[str, Any], now: float) -> Verified:
    audience = _audience(settings, claims.get("aud"))
    client_id = claims.get("client_id")
    # All of them are REQUIRED (RFC 9068 § 2.2).
    texts = [claims.get(each) for each in ("sub", "jti")] + [client_id]
    if not all(isinstance(each, str) and 0 < len(each) <= _TEXT for each in texts):
        raise TokenRefused("claims")
    issued, expires, begins = (_moment(claims, each) for each in ("iat", "exp", "nbf"))
    if issued is None or expires is None or expires - issued > settings.max_lifetime:
        raise TokenRefused("claims")
    if "cnf" in claims:
        # It is bound to a key whose proof would have to come with it (RFC 7800, RFC 9449 § 7): whoever took it may not use it.
        raise TokenRefused("bound")
    if max(issued, begins or 0) - settings.leeway > now:
        raise TokenRefused("early")
    if expires + settings.leeway <= now:
        raise TokenRefused("expired", "token_expired")
    scope = claims.get("scope", "")
    if not isinstance(scope, str):
        raise TokenRefused("claims")
    scopes = frozenset(scope.split(" ")) - {""}
    return Verified(name, key, claims, str(client_id), audience, scopes, expires + settings.leeway)


def _moment(claims: Mapping[str, Any], name: str) -> float | None:
    """A NumericDate (RFC 7519 § 2); None when there is none."""
    value = claims.get(name)
    if value is None and name not in claims:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= _LATEST:
        raise TokenRefused("claims")
    return float(value)


def _audience(settings: Issuer, told: object) -> Audience:
    named: Sequence[object] = told if isinstance(told, list) else [told]
    api, agents = (any(each in known for each in named) for known in (settings.audiences, settings.agents))
    if api and agents:
        raise TokenRefused("audience", "audience_twofold")
    if not api and not agents:
        raise TokenRefused("audience", "audience_foreign")
    return "api" if api else "mcp"
