"""Path, query and body → the operation's input, checked whole before anything else happens."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Mapping, Sequence
from time import monotonic
from typing import Final
from urllib.parse import parse_qsl

from adapters.core.calls import Answer, Input
from adapters.core.declare.ids import IdType
from adapters.core.faults import BadParameter
from adapters.core.operation import Body, Operation, Request
from adapters.core.request.json_body import nearest
from adapters.core.strict_json import read_json
from gateway import problems
from gateway.api.body import reading
from gateway.api.body.files import received
from gateway.api.dependencies import Dependencies
from gateway.api.exchange import Accepted, Authorized, Permitted
from gateway.api.standing import EVERY, Standing
from gateway.auth.challenges import denied
from gateway.auth.scopes import Permissions
from gateway.problems import NotAcceptable, NotFound, PreconditionFailed, UnsupportedMediaType

Ids = tuple[str, ...]
Query = Mapping[str, str]

_PATIENCE: Final = b"x-request-timeout"
_SECONDS: Final = re.compile(rb"[0-9]{1,9}(?:\.[0-9]{1,9})?")
_JSON = ("application/json",)
_MERGE = ("application/json", "application/merge-patch+json")


def accept(operation: Operation, dependencies: Dependencies, proceed: Accepted) -> Authorized:
    """Hands on the input, and fills `exchange.document` for the idempotency fingerprint; or raises 400 … 422."""
    cursors, server, permissions = dependencies.cursors, dependencies.settings.server, dependencies.permissions
    params, expected = operation.params, operation.body
    known = (*operation.query, *(each.name for each in operation.takes))
    media = _MERGE if expected is Body.MERGE else _JSON
    produces, reads = operation.produces, expected not in (Body.NONE, Body.FILE)
    declared = (produces, problems.CONTENT_TYPE.decode("ascii"))
    taken = frozenset({b"*/*", *(each.encode("ascii") for each in declared)})
    answers = operation.success != 204
    writes = operation.replayable or operation.method in ("PATCH", "DELETE")
    demanding = any(face is not None and face.demands for face in operation.faces.values())
    if expected is Body.FILE:
        proceed = _with_file(operation, dependencies, proceed)

    def accepted(permitted: Permitted) -> Awaitable[Answer]:
        exchange = permitted.exchange
        accepts = exchange.headers.get(b"accept")
        if accepts and answers and accepts not in taken:
            _acceptable(accepts, declared)
        if writes:
            _unconditional(exchange.headers)
        if _PATIENCE in exchange.headers:
            exchange.deadline = exchange.started + _patience(exchange.headers[_PATIENCE])
        ids = _ids(params, exchange.segments)
        query = _query(exchange.query, known)
        if not reads:
            return understood(permitted, ids, query)
        raw = reading.arrived(exchange, server.max_body)
        return read(permitted, ids, query, raw) if raw is not None else awaited(permitted, ids, query)

    async def awaited(permitted: Permitted, ids: Ids, query: Query) -> Answer:
        raw = await reading.whole(permitted.exchange, server.max_body, server.body_timeout)
        return await read(permitted, ids, query, raw)

    def read(permitted: Permitted, ids: Ids, query: Query, raw: bytes) -> Awaitable[Answer]:
        exchange = permitted.exchange
        if raw or not expected.may_be_absent:
            _media(exchange.headers.get(b"content-type"), media, raw)
            exchange.document = read_json(raw)
        return understood(permitted, ids, query)

    def understood(permitted: Permitted, ids: Ids, query: Query) -> Awaitable[Answer]:
        exchange = permitted.exchange
        if demanding:
            _demanded(operation, permissions, permitted)
        bound = cursors.of(permitted.caller.tenant_id, exchange.version, permitted.caller.ahead)
        request = Request(ids, query, exchange.document, bound.open, bound.sealer)
        return proceed(permitted, permitted.face.accept(request))

    return accepted


def _demanded(operation: Operation, permissions: Permissions, permitted: Permitted) -> None:
    """Refuse a body with members that need more than the operation does."""
    exchange, caller, demands = permitted.exchange, permitted.caller, permitted.face.demands
    more = demands(exchange.document) if demands is not None else frozenset()
    if not more <= permitted.permit.scopes:
        asked = permissions.asked(caller.scopes)
        raise denied(more.union(operation.scopes), asked, exchange.brand)


def _with_file(operation: Operation, dependencies: Dependencies, proceed: Accepted) -> Accepted:
    """Receives, checks and translates the file of an import, which is gone when the request is over."""
    server, files_thread = dependencies.settings.server, dependencies.files_thread
    standing = Standing(operation, dependencies)

    async def filed(permitted: Permitted, given: Input) -> Answer:
        exchange, began = permitted.exchange, monotonic()
        async with received(
            exchange,
            permitted.face.translation(given),
            files_thread,
            most=server.max_import,
            timeout=server.body_timeout,
            folder=server.data_dir,
        ) as file:
            given.file = file
            exchange.document = file.digest
            # Nothing was done yet, and a large file may take its sender minutes.
            if monotonic() - began >= EVERY:
                permitted = await standing.now(permitted)
            return await proceed(permitted, given)

    return filed


def _unconditional(headers: Mapping[bytes, bytes]) -> None:
    """Refuse a write that is to happen on a condition (RFC 9110 § 13.1): records have no entity tags, and no date to ask by."""
    if (
        headers.get(b"if-match", b"*") != b"*"
        or headers.get(b"if-none-match") == b"*"
        or b"if-unmodified-since" in headers
    ):
        raise PreconditionFailed(
            "precondition_failed",
            "Records have no entity tags, so this condition cannot hold, and nothing was done. Send the request without "
            "If-Match, If-None-Match and If-Unmodified-Since.",
        )


def _acceptable(header: bytes, declared: Sequence[str]) -> None:
    """Whether a media type that the operation declares is among what the client takes (RFC 9110 § 12.5.1)."""
    taken = {"*/*", *declared, *(each.partition("/")[0] + "/*" for each in declared)}
    for choice in header.decode("latin-1").lower().split(","):
        media, *parameters = [part.strip() for part in choice.split(";")]
        refused = any(each.replace(" ", "").rstrip("0") in ("q=", "q=0.") for each in parameters)
        if media in taken and not refused:
            return
    raise NotAcceptable("not_acceptable", f"This operation answers in {declared[0]} only.")


def _patience(asked: bytes) -> float:
    """Seconds that the client, who says so, is going to wait for the answer."""
    if not _SECONDS.fullmatch(asked) or not float(asked):
        raise BadParameter("parameter_invalid", "X-Request-Timeout is a number of seconds above 0, such as 2.5.")
    return float(asked)


def _ids(params: tuple[IdType | None, ...], segments: tuple[str, ...]) -> Ids:
    ids = []
    for kind, segment in zip(params, segments, strict=True):
        internal = segment if kind is None else kind.decode(segment)
        if internal is None:
            raise NotFound("record_not_found", "There is no such record, or it is not visible to you.")
        ids.append(internal)
    return tuple(ids)


def _query(raw: bytes, known: tuple[str, ...]) -> Query:
    if not raw:
        return {}
    try:
        pairs = parse_qsl(raw.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=50)
    except ValueError:
        raise BadParameter("parameter_invalid", "The query is not a list of name=value pairs in UTF-8.") from None
    query: dict[str, str] = {}
    for name, value in pairs:
        if name not in known:
            allowed = f" It takes {', '.join(known)}." if known else " It takes none."
            raise BadParameter(
                "parameter_unknown",
                f"This operation has no query parameter {name[:64]!r}.{nearest(name, known) or allowed}",
            )
        if name in query:
            raise BadParameter("parameter_invalid", f"The query parameter {name!r} is given twice.")
        query[name] = value
    return query


def _media(header: bytes | None, media: tuple[str, ...], raw: bytes) -> None:
    if header == b"application/json":
        return
    # A charset means nothing for JSON (RFC 8259 § 11): what is not UTF-8 is seen when it is read.
    if (header or b"").partition(b";")[0].strip().lower().decode("latin-1") not in media:
        patch = ((b"accept-patch", ", ".join(media).encode("ascii")),) if media is _MERGE else ()
        wanted = f"{' or '.join(media)} in UTF-8."
        detail = f"Send the body as {wanted}" if raw else f"There is no body. Send one as {wanted}"
        raise UnsupportedMediaType("unsupported_media_type", detail, headers=patch)
