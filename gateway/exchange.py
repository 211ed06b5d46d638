"""The values that travel with a request. Slots are filled in the order of the stages (see pipeline.py)."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from starlette.types import Receive

from adapters.core.calls import Answer, Input
from adapters.core.operations import Face
from gateway.observe.trace import Trace

if TYPE_CHECKING:
    from gateway.brands import Brand
    from gateway.stores.limits import Gate
    from gateway.stores.policies import Verdict


@dataclass(frozen=True, slots=True)
class Caller:
    """Who presented the token, as SQL knew it at `generation`.

    headers: by service, the identity lines the gateway mints for internal calls; gates: by rate-limit class;
    principal: what idempotency keys belong to (stays the same when the token is rotated); expires_at: epoch seconds;
    logged: what log lines say of them, as members of a JSON object.
    """

    token_id: str
    kind: str
    tenant_id: str
    tenant_name: str
    user_id: str
    principal: str
    scopes: frozenset[str]
    expires_at: float
    revoked: bool
    generation: int
    headers: Mapping[str, bytes]
    gates: Mapping[str, Gate]
    read_at: float
    logged: str


class Permit:
    """Proof that `authorize` let the caller through; internal calls demand it. `role` is the one the user has now."""

    __slots__ = ("name", "role", "scopes")

    def __init__(self, role: str, name: str, scopes: frozenset[str]) -> None:
        self.role = role
        self.name = name
        self.scopes = scopes


@dataclass(frozen=True, slots=True)
class File:
    """A file that was received, checked, and translated for the service.

    content: its bytes, once; length: how many; digest: the SHA-256 of what the client sent, in hex.
    """

    content: Callable[[], AsyncIterator[bytes]]
    length: int
    digest: str


class Exchange:
    """One request under way.

    body: the whole of it when it came together with the head, else None, and `receive` has it; lines: the header lines
    of the answer so far.
    """

    __slots__ = (
        "body",
        "brand",
        "caller",
        "calls",
        "client",
        "document",
        "face",
        "file",
        "headers",
        "idempotency_key",
        "input",
        "internal_seconds",
        "lines",
        "method",
        "path",
        "permit",
        "query",
        "receive",
        "request_id",
        "segments",
        "started",
        "trace",
        "verdict",
        "version",
        "wrote",
    )

    # filled by dispatch
    segments: tuple[str, ...]
    # by authenticate, limit, negotiate, authorize, accept
    caller: Caller | None
    verdict: Verdict | None
    version: str
    face: Face | None
    permit: Permit | None
    document: Any
    input: Input
    file: File | None
    # by forward
    calls: int
    wrote: bool
    internal_seconds: float
    idempotency_key: bytes
    lines: bytes

    def __init__(
        self,
        method: str,
        path: str,
        query: bytes,
        headers: Mapping[bytes, bytes],
        brand: Brand,
        *,
        body: bytes | None,
        receive: Receive,
        client: str,
        trace: Trace,
        request_id: str,
        started: float,
    ) -> None:
        self.method = method
        self.path = path
        self.query = query
        self.headers = headers
        self.brand = brand
        self.body = body
        self.receive = receive
        self.client = client
        self.trace = trace
        self.request_id = request_id
        self.started = started
        self.caller = None
        self.verdict = None
        self.version = ""
        self.face = None
        self.permit = None
        self.document = None
        self.file = None
        self.calls = 0
        self.wrote = False
        self.internal_seconds = 0.0
        self.idempotency_key = b""
        self.lines = b""


Handler = Callable[[Exchange], Awaitable[Answer]]
