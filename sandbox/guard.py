"""What happens around every call: count, read, misbehave if told to, look at the key, apply the cap, run, answer."""

import sys
import traceback
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

import orjson
from starlette.types import Receive, Scope, Send

from sandbox.answers import Refused, Reply, invalid, not_found
from sandbox.cap import Cap
from sandbox.directory import Directory, Tenant
from sandbox.emitter import Emitter
from sandbox.faults import Faults, misbehave
from sandbox.homes import Home, SharedHome
from sandbox.seed import Pristine
from sandbox.store import Store
from sandbox.watch import Seen, Watch, kept
from sandbox.wire import read_body, send_reply

if TYPE_CHECKING:
    from sandbox.testing.tenants import TestTenants


class Access(Enum):
    """WORKSPACE: a tenant's key, or the service key with X-Business-Id · SERVICE: the service key · OPEN: the call looks itself."""

    WORKSPACE = auto()
    SERVICE = auto()
    OPEN = auto()


@dataclass(slots=True)
class Services:
    """Everything a call may need."""

    store: Store
    directory: Directory
    pristine: Pristine
    emitter: Emitter
    service_key: str
    cap: Cap
    deduplicate: bool
    documented_only: bool
    watch: Watch = field(default_factory=Watch)
    faults: Faults = field(default_factory=Faults)
    answered: dict[tuple[str, str, str], Reply] = field(default_factory=dict)
    test_tenants: "TestTenants | None" = None

    def home(self, tenant_id: str) -> Home | None:
        """That of the tenant with this id."""
        return self._shared(self.directory.by_id.get(tenant_id)) or (
            self.test_tenants.by_id(tenant_id) if self.test_tenants is not None else None
        )

    def home_of(self, api_key: str) -> Home | None:
        """That of the tenant with this key."""
        return self._shared(self.directory.by_key.get(api_key)) or (
            self.test_tenants.by_key(api_key) if self.test_tenants is not None else None
        )

    def _shared(self, tenant: Tenant | None) -> Home | None:
        return SharedHome(tenant, self.store, self.directory) if tenant is not None else None

    def forget(self, tenant_id: str) -> None:
        """Everything about one tenant that is not a row."""
        self.answered = {key: reply for key, reply in self.answered.items() if key[0] != tenant_id}


@dataclass(slots=True)
class Call:
    """One request. `named` is set for WORKSPACE calls, and for SERVICE calls that name one."""

    services: Services
    seen: Seen
    headers: Mapping[bytes, bytes]
    path: Mapping[str, str]
    receive: Receive
    body: bytes = b""
    named: Home | None = None
    user_id: str | None = None

    @property
    def home(self) -> Home:
        if self.named is None:
            raise AssertionError("the call is not one of a workspace")
        return self.named

    @property
    def tenant(self) -> Tenant:
        return self.home.tenant

    @property
    def directory(self) -> Directory:
        """The users that the call may ask for: of the tenant that it names, or of all that were seeded."""
        return self.named.directory if self.named is not None else self.services.directory

    def query(self) -> dict[str, list[str]]:
        return parse_qs(self.seen.query, keep_blank_values=True) if self.seen.query else {}

    def json(self) -> dict[str, Any]:
        """The body as an object."""
        media = self.headers.get(b"content-type", b"application/json").split(b";")[0].strip().lower()
        if media not in {b"application/json", b"application/merge-patch+json"}:
            raise Refused(415, "content_type_unsupported", "The body must be JSON.")
        try:
            decoded = orjson.loads(self.body)
        except orjson.JSONDecodeError:
            raise Refused(400, "json_malformed", "The body is not JSON.") from None
        if not isinstance(decoded, dict):
            raise invalid({"": ["must be an object"]})
        return decoded

    def header(self, name: bytes) -> str | None:
        value = self.headers.get(name)
        return value.decode("latin-1") if value is not None else None

    def bearer(self) -> str:
        scheme, _, key = (self.header(b"authorization") or "").partition(" ")
        return key.strip() if scheme.lower() == "bearer" else ""


Run = Callable[[Call], Awaitable[Reply]]


@dataclass(frozen=True, slots=True)
class Operation:
    """What a method on a path does. streams: it reads the body itself."""

    run: Run
    access: Access = Access.WORKSPACE
    documented: bool = False
    streams: bool = False


class Guard:
    """The ASGI application of one path; `operations` by method."""

    def __init__(self, services: Services, template: str, operations: Mapping[str, Operation]) -> None:
        self._services = services
        self._template = template
        self._operations = operations

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        seen = Seen(
            scope["method"], scope["path"], scope["query_string"].decode("latin-1"), self._template, scope["headers"]
        )
        call = Call(self._services, seen, dict(scope["headers"]), scope.get("path_params", {}), receive)
        self._services.watch.received(seen)
        operation = self._operations.get(seen.method)
        try:
            if operation is None or not operation.streams:
                call.body = await read_body(receive)
                seen.body = kept(call.body)
        except Refused as refused:
            await send_reply(refused.reply(seen.path), send)
            return

        async def run() -> Reply:
            return await self._answer(operation, call)

        fault = self._services.faults.take(seen.method, seen.path)
        if fault is not None:
            await misbehave(fault, run, scope["sandbox.transport"], receive, send)
        else:
            await send_reply(await run(), send)

    async def _answer(self, operation: Operation | None, call: Call) -> Reply:
        limits: tuple[tuple[bytes, bytes], ...] = ()
        try:
            if operation is None:
                raise self._no_operation()
            if operation.access is not Access.OPEN:
                identify(call, operation.access)
            if operation.access is Access.WORKSPACE:
                limits, refusal = self._services.cap.take(call.tenant.id)
                if refusal is not None:
                    raise refusal
            reply = await self._once(operation, call)
        except Refused as refused:
            reply = refused.reply(call.seen.path)
        except Exception:  # noqa: BLE001  (like any service: a crash is a 500, the trace goes to stderr)
            traceback.print_exc(file=sys.stderr)
            reply = Refused(500, "internal", "Something went wrong.").reply(call.seen.path)
        reply.headers += limits
        return reply

    def _no_operation(self) -> Refused:
        if not self._operations:
            return not_found()
        return Refused(405, "method_not_allowed", "The path has no such method.")

    async def _once(self, operation: Operation, call: Call) -> Reply:
        """Runs the call; with --deduplicate a repeated POST with the same key gets the first answer again."""
        key = call.header(b"idempotency-key")
        if not self._services.deduplicate or key is None or call.seen.method != "POST":
            return await self._counted(operation, call)
        name = (call.tenant.id if call.named is not None else "", call.seen.path, key)
        known = self._services.answered.get(name)
        if known is None:
            known = await self._counted(operation, call)
            if known.status < 300:
                self._services.answered[name] = Reply(known.status, known.body, known.media)
        return Reply(known.status, known.body, known.media)

    async def _counted(self, operation: Operation, call: Call) -> Reply:
        reply = await operation.run(call)
        if reply.created:
            self._services.watch.created(call.seen, reply.created)
        return reply


def identify(call: Call, access: Access) -> None:
    """Fills in tenant and user from the headers, or refuses with 401."""
    services, key = call.services, call.bearer()
    business = call.header(b"x-business-id")
    if key and key == services.service_key:
        home = services.home(business or "")
        if home is None and (business is not None or access is Access.WORKSPACE):
            raise Refused(401, "business_unknown", "X-Business-Id names no tenant.")
    else:
        home = services.home_of(key) if access is Access.WORKSPACE else None
        if home is None:
            raise Refused(401, "key_invalid", "The key is missing or not known.")
        if business not in {None, home.tenant.id}:
            raise Refused(401, "business_mismatch", "X-Business-Id names another tenant than the key.")
    user_id = call.header(b"x-user-id")
    if home is not None and user_id is not None and not home.directory.employs(home.tenant, user_id):
        raise Refused(401, "user_unknown", "X-User-Id names no user of the tenant.")
    call.named, call.user_id = home, user_id
