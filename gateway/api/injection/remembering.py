"""What is remembered of a call in test mode: request, answer, and the internal calls between them, secrets concealed."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Iterable
from contextlib import asynccontextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime
from time import perf_counter
from typing import Any, Final

import orjson

from adapters.core.calls import Answer
from adapters.core.operation import Operation
from gateway import problems
from gateway.api.dependencies import Dependencies
from gateway.api.exchange import Exchange
from gateway.api.injection.declared import altered
from gateway.auth.caller import Caller
from gateway.downstream.header_lines import lines
from gateway.observe import logs, metrics
from gateway.stores.call_log import CallLog
from gateway.stores.errors import StoreUnavailable
from gateway.upstream import Guard, Response

MOST: Final = 8_192  # characters of a body
CONCEALED: Final = "[concealed]"

_SECRET: Final = frozenset({"api_key", "client_secret", "password", "secret", "token"})
_WITHHELD: Final = frozenset({b"authorization", b"cookie", b"proxy-authorization"})

_under_way: ContextVar[list[dict[str, Any]] | None] = ContextVar("internal_calls", default=None)


@dataclass(frozen=True, slots=True)
class Remembering:
    """What notes calls down."""

    log: CallLog

    async def call(
        self,
        operation: Operation,
        dependencies: Dependencies,
        exchange: Exchange,
        caller: Caller,
        answering: Awaitable[Answer],
    ) -> Answer:
        """The answer, after it and what led to it were noted down; whatever is raised is noted as the problem it becomes."""
        at, calls = datetime.now(UTC), list[dict[str, Any]]()
        under_way = _under_way.set(calls)
        raised: Exception | None = None
        code = ""
        try:
            answer = await answering
        except Exception as error:  # noqa: BLE001 - raised again below
            raised, problem = error, problems.of(error) or problems.unforeseen()
            code, answer = problem.code, dependencies.render(problem, exchange)
        finally:
            _under_way.reset(under_way)
        try:
            await self.log.note(caller.tenant_id, _told(operation, exchange, caller, at, answer, code, calls))
        except StoreUnavailable:
            metrics.fail_mode("test_call_not_remembered")
        if raised is not None:
            raise raised
        return answer


def watched(guard: Guard) -> Guard:
    """The service, whose calls are noted with the call in test mode that they are made for."""

    def noted(given: tuple[Any, ...], started: float, *, status: int | None, error: Exception | None) -> None:
        method, path, _, *body = given
        calls = _under_way.get()
        if calls is not None:
            calls.append(
                {
                    "service": guard.name,
                    "method": method.decode("ascii"),
                    "path": path.decode("ascii", "replace"),
                    "body": _text(body[0])[0] if body and isinstance(body[0], bytes) and body[0] else None,
                    "status": status,
                    "error": None if error is None else type(error).__name__.lower(),
                    "duration_ms": round((perf_counter() - started) * 1000),
                }
            )

    async def request(*given: Any, **more: Any) -> Response:
        return await answered(given, guard.request(*given, **more))

    async def upload(*given: Any, **more: Any) -> Response:
        return await answered(given, guard.upload(*given, **more))

    async def answered(given: tuple[Any, ...], asking: Awaitable[Response]) -> Response:
        started = perf_counter()
        try:
            answer = await asking
        except Exception as error:
            noted(given, started, status=None, error=error)
            raise
        noted(given, started, status=answer.status, error=None)
        return answer

    @asynccontextmanager
    async def stream(*given: Any) -> AsyncIterator[Any]:
        started = perf_counter()
        async with guard.stream(*given) as answer:
            noted(given, started, status=answer.status, error=None)
            yield answer

    return altered(guard, request=request, upload=upload, stream=stream)


def _told(
    operation: Operation,
    exchange: Exchange,
    caller: Caller,
    at: datetime,
    answer: Answer,
    code: str,
    calls: list[dict[str, Any]],
) -> dict[str, Any]:
    document = exchange.document
    sent = exchange.body or (orjson.dumps(document) if isinstance(document, dict | list) else b"")
    asked, asked_cut = _text(sent)
    told, told_cut = _text(answer.body)
    head = exchange.lines + exchange.rate_lines + lines(answer.headers)
    return {
        "id": exchange.request_id,
        "at": at.isoformat(timespec="milliseconds")[:23] + "Z",
        "duration_ms": round((perf_counter() - exchange.started) * 1000),
        "operation": operation.name,
        "contract": exchange.version or None,
        "code": code or None,
        "fault": exchange.fault or None,
        "token_id": caller.token_id,
        "request": {
            "method": exchange.method,
            "path": exchange.path,
            "query": exchange.query.decode("latin-1") or None,
            "headers": _headers(exchange.headers.items()),
            "body": asked or None,
            "truncated": asked_cut,
        },
        "answer": {
            "status": answer.status,
            "headers": _headers(_pairs(head)),
            "body": told or None,
            "truncated": told_cut,
        },
        "calls": calls,
    }


def _pairs(head: bytes) -> Iterable[tuple[bytes, bytes]]:
    return [(name.lower(), value) for name, _, value in (line.partition(b": ") for line in head.split(b"\r\n") if line)]


def _headers(pairs: Iterable[tuple[bytes, bytes]]) -> list[dict[str, str]]:
    return [
        {
            "name": name.decode("latin-1"),
            "value": CONCEALED if name in _WITHHELD else _concealed(value.decode("latin-1")),
        }
        for name, value in pairs
    ]


def _text(body: bytes) -> tuple[str, bool]:
    """The body as text, what is secret in it concealed; and whether its end is missing."""
    try:
        text = orjson.dumps(_without_secrets(orjson.loads(body))).decode()
    except orjson.JSONDecodeError:
        text = body[: MOST * 4].decode("utf-8", "replace")
    except (orjson.JSONEncodeError, RecursionError):
        # It nests too deep to be looked through for what is secret in it.
        text = CONCEALED
    return _concealed(text[:MOST]), len(text) > MOST


def _without_secrets(node: Any) -> Any:
    if isinstance(node, dict):
        return {
            name: CONCEALED if name in _SECRET and isinstance(value, str) else _without_secrets(value)
            for name, value in node.items()
        }
    return [_without_secrets(each) for each in node] if isinstance(node, list) else node


def _concealed(text: str) -> str:
    told: str = orjson.loads(logs.quoted_once(text))
    return told
