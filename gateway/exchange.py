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
    principal: what idempotency keys belong to (stays the same when the token is rotated); expires_at: epoch seconds.
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
    """One request under way."""

    __slots__ = (
        "answer_headers",
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
    method: str
    path: str
    query: bytes
    headers: dict[bytes, bytes]
    segments: tuple[str, ...]
    receive: Receive
    brand: Brand
    client: str
    trace: Trace
    request_id: str
    started: float
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
    answer_headers: list[tuple[bytes, bytes]]

    def __init__(self) -> None:
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
        self.answer_headers = []


Handler = Callable[[Exchange], Awaitable[Answer]]
