"""Apps whose `client_id` is the address of a document that describes them (OAuth Client ID Metadata Document, IETF draft).

Nobody registers: the document is read when somebody is sent here by the app, by the rules for every address that a stranger
names, and kept for as long as its Cache-Control allows. The app is a row like any other, under an id made of the address, so
that grants, disconnecting and switching off work as ever.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from urllib.parse import urlsplit

from adapters.core.compile.scopes import Scopes
from adapters.core.faults import Malformed
from adapters.core.strict_json import read_json
from gateway.api.rate_limits import policy
from gateway.auth.single_flight import SingleFlight
from gateway.config.settings import Settings
from gateway.egress.fetching import Fetched, Fetcher, Unfetched
from gateway.oauth import clients as apps
from gateway.oauth.clients import ClientRefused
from gateway.oauth.errors import UnusableError
from gateway.oauth.registration import described
from gateway.observe import logs, metrics
from gateway.stores.sql import Session, clients
from gateway.stores.sql.clients import Client
from gateway.web.context import Web

LARGEST: Final = 5 * 1024  # bytes
KEPT: Final = timedelta(hours=1)  # when the document says nothing
MOST_KEPT: Final = timedelta(hours=24)

_MAX_AGE: Final = re.compile(r"(?:^|,)\s*max-age\s*=\s*\"?(\d{1,9})\"?\s*(?:,|$)")
_SECRETS: Final = ("client_secret", "client_secret_expires_at", "client_secret_hash")
_JSON: Final = re.compile(r"application/(?:[a-z0-9.\-]+\+)?json")


@dataclass(slots=True)
class Documents:
    """Reads them, and keeps what they say."""

    web: Web
    fetcher: Fetcher
    _reading: SingleFlight[str, Client] = field(default_factory=SingleFlight)

    async def client(self, url: str, address: str) -> Client | None:
        """The app that the document at `url` describes; None when it is switched off. UnusableError when there is none.

        address: of whoever was sent here, who pays for a document that has to be read.
        """
        known = await self.web.sql.read(apps.known, url)
        if known is not None and known.disabled_at is not None:
            return None
        if (problem := fault(url, self.web.settings)) is not None:
            raise _unusable(url, problem)
        if known is not None and known.document_until is not None and known.document_until > datetime.now(UTC):
            return known
        await self._welcome(address)
        return await self._reading.ask(url, lambda: self._read(url, address))

    async def _welcome(self, address: str) -> None:
        limit = policy("registration", self.web.settings.limits.registration, "address")
        verdict = await self.web.services.limiter.admit_address(address, limit)
        if not verdict.allowed:
            metrics.rate_limited(limit.name)
            raise UnusableError("Too many apps were asked about from your address. Try again later.")

    async def _read(self, url: str, address: str) -> Client:
        try:
            fetched = await self.fetcher.fetch(url, largest=LARGEST, accept="application/json")
            given = document(fetched, url)
        except (Unfetched, ClientRefused) as error:
            kind = error.kind if isinstance(error, Unfetched) else "refused"
            logs.event("client document refused", "warning", url=url, kind=kind, reason=error)
            metrics.client_document(kind)
            raise _unusable(url, str(error)) from None
        until = datetime.now(UTC) + kept(fetched.headers.get(b"cache-control", b"").decode("latin-1"))
        settings, offered = self.web.settings, self.web.scopes

        def write(session: Session) -> Client | None:
            old = apps.known(session, url)
            made = old or replace(
                apps.draft(datetime.now(UTC), name="", redirect_uris=(), scopes=(), origin="document")
            )
            made = replace(made, id=apps.id_of(url), document_url=url, document_until=until)
            client = apps.of_nobody_else(_described(made, given, offered), settings.brands)
            return _kept(session, self.web, old, client, address)

        try:
            client = await self.web.sql.run(write)
        except ClientRefused as error:
            metrics.client_document("refused")
            raise _unusable(url, str(error)) from None
        except clients.Taken:  # another worker was told of it at the same moment
            client = await self.web.sql.read(apps.live, url)
        if client is None:
            raise _unusable(url, "it was switched off here")
        metrics.client_document("read")
        return client


def fault(url: str, settings: Settings) -> str | None:
    """Why there can be no app at this address, or None. Draft § 3: https, a path, no dots in it, no fragment, no credentials."""
    parts = urlsplit(url)
    hosts = settings.oauth.client_documents
    if hosts != ("*",) and parts.hostname not in hosts:
        return "apps of this host are not taken here"
    if parts.path in {"", "/"}:
        return "its address has no path"
    return None


def document(fetched: Fetched, url: str) -> Mapping[str, Any]:
    """What was read, as an app's metadata. ClientRefused when it is none, or another one's, or is one that needs a secret."""
    if fetched.status != 200:
        raise ClientRefused("client_id", f"is answered with status {fetched.status}")
    if not _JSON.fullmatch(fetched.media_type):
        raise ClientRefused("client_id", "is not answered with application/json")
    try:
        given = read_json(fetched.body)
    except Malformed:
        raise ClientRefused("client_id", "is not answered with strict JSON") from None
    if not isinstance(given, dict):
        raise ClientRefused("client_id", "is not answered with a JSON object")
    if given.get("client_id") != url:
        raise ClientRefused("client_id", "is another one in the document than its address")
    if any(given.get(name) is not None for name in _SECRETS):
        raise ClientRefused("client_secret", "cannot be in a document that everybody reads")
    if given.get("token_endpoint_auth_method", "none") != "none":
        raise ClientRefused("token_endpoint_auth_method", "must be none: nobody else knows a secret of ours")
    if not given.get("redirect_uris"):
        raise ClientRefused("redirect_uris", "must be 1 to 20 URIs")
    return given


def kept(cache_control: str) -> timedelta:
    """How long a document may be used without reading it again (RFC 9111 § 5.2.2), a day at most."""
    said = cache_control.lower()
    if any(word in said for word in ("no-store", "no-cache")):
        return timedelta(0)
    found = _MAX_AGE.search(said)
    return min(timedelta(seconds=int(found[1])), MOST_KEPT) if found else KEPT


def _described(client: Client, given: Mapping[str, Any], offered: Scopes) -> Client:
    """As the document has it. A picture of another host is not shown: it would be anybody's, and tell them of each visitor."""
    made = described(client, {**given, "token_endpoint_auth_method": "none"}, offered)
    host = urlsplit(client.document_url or "").netloc
    own = {link: link if link and urlsplit(link).netloc == host else None for link in (made.logo_uri, made.client_uri)}
    return replace(made, logo_uri=own[made.logo_uri], client_uri=own[made.client_uri])


def _kept(session: Session, web: Web, old: Client | None, client: Client, address: str) -> Client | None:
    """The row as it is from now on; None when the app was switched off meanwhile."""
    actor, prefix = "visitor", web.settings.tokens.prefix
    if old is None:
        return apps.register(session, web.keys, prefix, client, web.scopes, actor=actor, address=address).client
    if replace(old, document_until=client.document_until) == client:
        return client if clients.replace(session, client) else None
    now = datetime.now(UTC)
    changed = apps.change(session, old, client, web.scopes, actor=actor, now=now, address=address)
    return client if changed else None


def _unusable(url: str, why: str) -> UnusableError:
    host = urlsplit(url).netloc[:253]
    return UnusableError(f"The app describes itself at {host}, and what it says there cannot be used: {why}.")
