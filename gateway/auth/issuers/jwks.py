"""The public keys of one issuer (JWK Set, RFC 7517): read by the rules of egress, renewed, and kept while it is away.

A set is renewed every `refresh`, and sooner when a token names a key that it lacks, but for that at most once a minute: strangers
can invent names of keys. When the issuer is away, the keys that were read last go on for `stale`; they are on disk, so that
neither a reload nor a restart loses them.
"""

from __future__ import annotations

import asyncio
import json
import os
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from math import inf
from pathlib import Path
from typing import Any, Final

from joserfc.errors import JoseError
from joserfc.jwk import ECKey, JWKRegistry, OKPKey, RSAKey
from joserfc.util import base64_to_int

from adapters.core.faults import Malformed
from adapters.core.strict_json import read_json
from gateway.auth.issuers.errors import KeysUnavailable
from gateway.auth.single_flight import SingleFlight
from gateway.config.issuers import Issuer
from gateway.egress.fetching import Fetcher, Unfetched
from gateway.observe import issuer_metrics, logs, metrics

LARGEST: Final = 256 * 1024
MOST: Final = 100
UNKNOWN: Final = 60.0  # seconds between two readings because of a key that is not there
AGAIN: Final = 5.0  # seconds until an issuer that failed is asked again

PublicKey = RSAKey | ECKey | OKPKey

# The public members alone (RFC 7518 § 6, RFC 8037 § 2): nothing else of what is published can matter.
_MEMBERS: Final[Mapping[str, tuple[str, ...]]] = {"RSA": ("n", "e"), "EC": ("crv", "x", "y"), "OKP": ("crv", "x")}
_CURVES: Final = {
    "ES256": ("EC", "P-256"),
    "ES384": ("EC", "P-384"),
    "ES512": ("EC", "P-521"),
    "EdDSA": ("OKP", "Ed25519"),
    "Ed25519": ("OKP", "Ed25519"),
}
_RSA_BITS: Final = range(2048, 8193)


@dataclass(frozen=True, slots=True)
class SigningKey:
    """One key. algorithms: those of the configuration that it may be used with; thumbprint: RFC 7638."""

    kid: str | None
    algorithms: frozenset[str]
    public: PublicKey
    thumbprint: str


class Keys:
    """`kept`: the file that the set is kept in."""

    def __init__(self, name: str, settings: Issuer, fetcher: Fetcher, kept: Path) -> None:
        self._name = name
        self._settings = settings
        self._fetcher = fetcher
        self._kept = kept
        self._keys: tuple[SigningKey, ...] = ()
        self._read_at = 0.0  # by the wall clock: it has to be told across restarts
        self._failed_at = self._unknown_at = -inf
        self._for_unknown = False
        self._told = ""  # why they could not be read: each reason is told once, whenever it is tried again
        self._reading: SingleFlight[None, bool] = SingleFlight()
        self._restore()

    async def follow(self) -> None:
        """Keep up with the issuer until cancelled."""
        while True:
            fine = await self._read()
            await asyncio.sleep(self._settings.refresh if fine else min(AGAIN, self._settings.refresh))

    async def find(self, kid: str | None, algorithm: str) -> SigningKey | None:
        """The key that a token names; the only one that fits when it names none. None when there is no such key.

        Raises KeysUnavailable.
        """
        if self._age() > self._settings.stale:
            if time.monotonic() - self._failed_at > AGAIN:
                await self._read()
            if self._age() > self._settings.stale:
                raise KeysUnavailable(f"the keys of the issuer {self._name} cannot be read")
        elif self._age() > 2 * self._settings.refresh:
            metrics.fail_mode("issuer_keys_stale")
        found = self._found(kid, algorithm)
        if found is None and time.monotonic() - self._unknown_at > UNKNOWN:
            self._for_unknown = True
            await self._read()
            found = self._found(kid, algorithm)
        return found

    def holds(self, thumbprint: str) -> bool:
        """Whether the issuer still publishes this key, as far as is known."""
        return any(key.thumbprint == thumbprint for key in self._keys)

    def _age(self) -> float:
        # A clock that was set back makes no key younger than it is.
        return abs(time.time() - self._read_at)

    def _found(self, kid: str | None, algorithm: str) -> SigningKey | None:
        fitting = [key for key in self._keys if algorithm in key.algorithms and kid in (key.kid, None)]
        return fitting[0] if fitting and (kid is not None or len(fitting) == 1) else None

    async def _read(self) -> bool:
        """Whether they were read. Whoever asks meanwhile waits for the same answer."""
        return await self._reading.ask(None, self._fetch)

    async def _fetch(self) -> bool:
        try:
            return await self._fetched()
        finally:
            # Only now: whoever names a key that is being asked for waits for the answer.
            if self._for_unknown:
                self._for_unknown, self._unknown_at = False, time.monotonic()

    async def _fetched(self) -> bool:
        try:
            fetched = await self._fetcher.fetch(self._settings.jwks_url, largest=LARGEST, accept="application/json")
            if fetched.status != 200:
                raise Unfetched("status", f"it answers {fetched.status}")
            keys = keys_of(fetched.body, self._settings.algorithms)
        except (Unfetched, ValueError) as error:
            self._failed_at = time.monotonic()
            kind = error.kind if isinstance(error, Unfetched) else "invalid"
            issuer_metrics.keys_read(self._name, "failed")
            if self._told != (why := str(error)):
                self._told = why
                logs.event("keys of an issuer not read", "error", issuer=self._name, reason=kind, error=error)
            return False
        issuer_metrics.keys_read(self._name, "read")
        if self._told:
            self._told = ""
            logs.event("keys of an issuer read again", issuer=self._name)
        if {key.thumbprint for key in keys} != {key.thumbprint for key in self._keys}:
            logs.event("keys of an issuer", issuer=self._name, kids=[key.kid for key in keys])
        self._keys, self._read_at = keys, time.time()
        await asyncio.to_thread(self._keep, fetched.body)
        return True

    def _keep(self, body: bytes) -> None:
        draft = self._kept.with_name(f"{self._kept.name}.{os.getpid()}")
        # Without it the next start needs the issuer: no reason to refuse anybody now.
        with suppress(OSError):
            self._kept.parent.mkdir(mode=0o700, exist_ok=True)
            kept = {"url": self._settings.jwks_url, "at": self._read_at, "keys": body.decode("utf-8")}
            draft.write_text(json.dumps(kept), encoding="utf-8")
            draft.replace(self._kept)

    def _restore(self) -> None:
        with suppress(OSError, ValueError, KeyError, TypeError):
            kept = json.loads(self._kept.read_text(encoding="utf-8"))
            if kept["url"] == self._settings.jwks_url:
                self._keys = keys_of(kept["keys"].encode("utf-8"), self._settings.algorithms)
                self._read_at = float(kept["at"])


def keys_of(body: bytes, algorithms: Sequence[str]) -> tuple[SigningKey, ...]:
    """The keys of a set that signatures by `algorithms` can be checked with; others are passed over (RFC 7517 § 5).

    ValueError for what is no set, and for one without any.
    """
    try:
        document = read_json(body)
    except Malformed as fault:
        raise ValueError(f"it is no JSON that can be read in one way only: {fault}") from None
    listed = document.get("keys") if isinstance(document, dict) else None
    if not isinstance(listed, list) or len(listed) > MOST:
        raise ValueError(f"it is no JWK Set of at most {MOST} keys")
    keys = tuple(key for each in listed if (key := _key(each, algorithms)) is not None)
    if not keys:
        raise ValueError(f"it has no key for {', '.join(algorithms)}")
    return keys


def _key(entry: Any, algorithms: Sequence[str]) -> SigningKey | None:
    kind = entry.get("kty") if isinstance(entry, dict) else None
    if not isinstance(kind, str) or kind not in _MEMBERS or entry.get("use", "sig") != "sig":
        return None
    operations, kid = entry.get("key_ops", ["verify"]), entry.get("kid")
    if not isinstance(operations, list) or "verify" not in operations or not isinstance(kid, str | None):
        return None
    public = {name: entry[name] for name in ("kty", *_MEMBERS[kind]) if isinstance(entry.get(name), str)}
    fitting = frozenset(each for each in algorithms if _fits(each, public) and entry.get("alg", each) == each)
    try:
        if not fitting or (public["kty"] == "RSA" and base64_to_int(public["n"]).bit_length() not in _RSA_BITS):
            return None
        key = JWKRegistry.import_key(public)
        assert isinstance(key, RSAKey | ECKey | OKPKey), "_MEMBERS names no other kind"
        return SigningKey(kid, fitting, key, key.thumbprint())
    except (JoseError, ValueError, KeyError):
        return None


def _fits(algorithm: str, public: Mapping[str, str]) -> bool:
    curve = _CURVES.get(algorithm)
    return public["kty"] == "RSA" if curve is None else (public["kty"], public.get("crv")) == curve
