"""The client of the internal `auth` service: who a user is, and which role they have now.

Effective permission depends on the role at the time of the request, so `live_user` keeps an answer only for `role_ttl`
(at most a minute) and asks once for all requests that wait for the same user. Not on the hot path, hence httpx.
"""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol
from urllib.parse import quote, urlsplit

import httpx

from gateway import trust
from gateway.auth.single_flight import SingleFlight
from gateway.observe.outage import Outage

CACHED_USERS: Final = 50_000
MAX_ANSWER: Final = 64 * 1024
PAUSE: Final = 1.0  # seconds between two probes of a service that hangs


class IdentityUnavailable(Exception):
    """The auth service did not answer, or not in a way that can be trusted. The message is for logs: it quotes nothing."""

    for_logs = True


class _Silent(IdentityUnavailable):
    """It let a whole time-out pass."""


class Timeouts(Protocol):
    """What the configuration says about a service's timeouts, both in seconds."""

    @property
    def connect(self) -> float: ...
    @property
    def total(self) -> float: ...


@dataclass(frozen=True, slots=True)
class User:
    """A user as the auth service knows them; ids are internal ones."""

    id: str
    tenant_id: str
    email: str
    name: str
    role: str
    active: bool


@dataclass(frozen=True, slots=True)
class Tenant:
    """A workspace as the auth service knows it; the id is the internal one."""

    id: str
    name: str


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A successful login: the session token of the internal service and whose it is."""

    token: str
    user: User


class Identity:
    """One connection pool to the auth service. Every method raises `IdentityUnavailable` when it cannot be asked."""

    def __init__(
        self,
        base_url: str,
        service_key: str,
        timeouts: Timeouts,
        *,
        role_ttl: float = 45.0,
        ca_file: Path | None = None,
    ) -> None:
        """`role_ttl` in seconds: how long `live_user` trusts an answer. `ca_file`: PEM authorities instead of the system's."""
        self._base_url = base_url.rstrip("/")
        self._headers = {"Authorization": f"Bearer {service_key}", "Accept": "application/json"}
        self._total = timeouts.total
        self._client = httpx.AsyncClient(
            # A compressed answer could be a thousand times as large as what is counted.
            headers={"Accept-Encoding": "identity"},
            timeout=httpx.Timeout(timeouts.total, connect=timeouts.connect),
            follow_redirects=False,
            verify=trust.context(ca_file, trust.HTTP),
            # The process environment may name a proxy; credentials of internal services never go through it.
            trust_env=False,
        )
        self._role_ttl = role_ttl
        self._known: OrderedDict[tuple[str, str], tuple[float, User | None]] = OrderedDict()
        self._asking: SingleFlight[tuple[str, str], User | None] = SingleFlight()
        self._outage = Outage("service", "auth", urlsplit(self._base_url).netloc)
        self._probing: asyncio.Task[None] | None = None

    def inherit(self, former: Identity) -> None:
        """Know what `former` knows, if it asks the same service in the same way and trusts an answer for as long."""
        if (self._base_url, self._headers, self._role_ttl) == (former._base_url, former._headers, former._role_ttl):
            self._known = former._known

    async def user(self, tenant_id: str, user_id: str) -> User | None:
        """The user by internal id, or None when that tenant has no such user."""
        data = await self._read(f"/api/auth/users/{quote(user_id, safe='')}", tenant_id)
        return _own(_user(data), tenant_id) if data is not None else None

    async def user_by_email(self, tenant_id: str, email: str) -> User | None:
        """The user by e-mail address, or None when that tenant has no such user."""
        data = await self._read(f"/api/auth/users?email={quote(email, safe='')}", tenant_id)
        return _own(_user(data), tenant_id) if data is not None else None

    async def tenant(self, tenant_id: str) -> Tenant | None:
        """The workspace by internal id, or None when there is none."""
        data = await self._read(f"/api/auth/tenants/{quote(tenant_id, safe='')}", tenant_id)
        return Tenant(_text(data, "id"), _text(data, "name")) if data is not None else None

    async def sign_in(self, email: str, password: str) -> SignedIn | None:
        """The session for these credentials, or None when the service refuses them."""
        path, credentials = "/api/auth/signin", {"email": email, "password": password}
        answer = await self._send("POST", path, {"Accept": "application/json"}, json=credentials)
        if answer.status_code in {400, 401, 403, 404, 422}:
            return None
        body = _object(answer)
        data = body.get("data", body)
        if not isinstance(data, Mapping):
            raise IdentityUnavailable("the auth service answered a sign-in without an object")
        user = data.get("user")
        if not isinstance(user, Mapping):
            raise IdentityUnavailable("the auth service answered a sign-in without a user")
        return SignedIn(_text(data, "token"), _user(user))

    def remembered(self, tenant_id: str, user_id: str) -> User | None:
        """What `live_user` would say of a user it knows, without a wait; None when it would have to ask, or knows of none."""
        known = self._known.get((tenant_id, user_id))
        return known[1] if known is not None and known[0] > time.monotonic() else None

    async def live_user(self, tenant_id: str, user_id: str) -> User | None:
        """Like `user`, from memory while the answer is younger than `role_ttl`; simultaneous callers share one call."""
        key = (tenant_id, user_id)
        known = self._known.get(key)
        if known is not None and known[0] > time.monotonic():
            return known[1]
        return await self._asking.ask(key, lambda: self._ask(key))

    async def aclose(self) -> None:
        """Close the connections."""
        if self._probing is not None:
            self._probing.cancel()
            await asyncio.gather(self._probing, return_exceptions=True)
        await self._client.aclose()

    async def _ask(self, key: tuple[str, str]) -> User | None:
        # The age counts from the question: an answer that took long is already old.
        expires = time.monotonic() + self._role_ttl
        user = await self.user(*key)
        self._known[key] = (expires, user)
        self._known.move_to_end(key)
        while len(self._known) > CACHED_USERS:
            self._known.popitem(last=False)
        return user

    async def _read(self, path: str, tenant_id: str) -> Mapping[str, object] | None:
        answer = await self._send("GET", path, {**self._headers, "X-Business-Id": tenant_id})
        if answer.status_code == httpx.codes.NOT_FOUND:
            return None
        body = _object(answer)
        data = body.get("data", body)
        if isinstance(data, list):
            data = data[0] if data else None
        if data is None:
            return None
        if not isinstance(data, Mapping):
            raise IdentityUnavailable("the auth service answered without an object")
        return data

    async def _send(
        self, method: str, path: str, headers: Mapping[str, str], json: object | None = None
    ) -> httpx.Response:
        if self._probing is not None:
            # Late: commands have no metrics.
            from gateway.observe import metrics

            metrics.fail_mode("identity_refused")
            raise IdentityUnavailable(
                "the auth service does not answer in time; it is being asked beside whether it does"
            )
        try:
            answer = await self._exchange(method, path, headers, json)
        except _Silent:
            if self._probing is None:
                self._probing = asyncio.create_task(self._probe())
            raise
        self._outage.worked()
        return answer

    async def _probe(self) -> None:
        """Ask until any answer comes: meanwhile nobody else has to wait for a service that hangs."""
        self._outage.failed("it did not answer in time")
        while True:
            try:
                # Neither a user nor a tenant: one of whom the service cannot speak must not be taken for all.
                await self._exchange("GET", "/", self._headers, None)
                break
            except _Silent:
                await asyncio.sleep(PAUSE)
            except IdentityUnavailable:
                break  # a refusal costs nobody any time
        self._probing = None

    async def _exchange(
        self, method: str, path: str, headers: Mapping[str, str], json: object | None
    ) -> httpx.Response:
        try:
            async with asyncio.timeout(self._total):
                request = self._client.build_request(method, self._base_url + path, headers=headers, json=json)
                answer = await self._client.send(request, stream=True)
                try:
                    body = bytearray()
                    async for chunk in answer.aiter_raw():
                        body += chunk
                        if len(body) > MAX_ANSWER:
                            raise IdentityUnavailable("the auth service answered more than an identity can need")
                finally:
                    await answer.aclose()
        # From None: httpx quotes the URL, and with it an internal host and an e-mail address.
        except (httpx.TimeoutException, TimeoutError) as error:
            raise _Silent(f"the auth service did not answer in time ({type(error).__name__})") from None
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise IdentityUnavailable(f"the auth service is unreachable ({type(error).__name__})") from None
        return httpx.Response(answer.status_code, content=bytes(body))


def _object(answer: httpx.Response) -> Mapping[str, object]:
    if answer.status_code != httpx.codes.OK:
        raise IdentityUnavailable(f"the auth service answered {answer.status_code}")
    try:
        body = answer.json()
    except (ValueError, RecursionError):
        raise IdentityUnavailable("the auth service did not answer with JSON") from None
    if not isinstance(body, dict):
        raise IdentityUnavailable("the auth service answered without an object")
    return body


def _own(user: User, tenant_id: str) -> User | None:
    # The service may answer for any tenant when asked with its service key: one tenant's user is nobody in another.
    return user if user.tenant_id == tenant_id else None


def _user(data: Mapping[str, object]) -> User:
    return User(
        id=_text(data, "id"),
        tenant_id=_text(data, "tenantId"),
        email=_text(data, "email"),
        name=_text(data, "name"),
        role=_text(data, "role"),
        # signin answers without it (documented), and only for active users
        active=data.get("active", True) is True,
    )


def _text(data: Mapping[str, object], name: str) -> str:
    value = data.get(name)
    if not isinstance(value, str):
        raise IdentityUnavailable(f"the auth service answered without {name}")
    return value
