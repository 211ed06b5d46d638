"""One JSON object a line on stdout, whoever speaks: the gateway, uvicorn, or a library through `logging`.

Lines are written as bytes (structlog's BytesLogger over orjson). Control characters cannot break a line, because JSON
escapes them. The lines of finished requests, of which there are many, are made of parts that were quoted before, and those
of one turn of the event loop leave together: in writes of no more than a pipe takes in one piece, since all workers write
into one. Two rules keep secrets out at every level, DEBUG included: whatever looks like a credential is replaced
before the write, and an exception is told by its type and place, never by its message, since messages quote what a
client or an internal service sent. The exceptions of our own whose messages are made for logs say so (`for_logs`).
"""

import asyncio
import logging
import re
import sys
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache
from select import PIPE_BUF
from traceback import extract_tb
from typing import BinaryIO, Final, TypeAlias

import orjson
import structlog

from gateway.observe import trace
from gateway.observe.short_lines import ShortLines

Record: TypeAlias = dict[str, object]

LEVELS: Final[Mapping[str, int]] = {
    "debug": logging.DEBUG,
    "info": logging.INFO,
    "warning": logging.WARNING,
    "error": logging.ERROR,
}

# These print request lines, which hold internal hosts and e-mail addresses, the tokens they make, or a line for each step they take.
_QUIET: Final = (
    "httpx",
    "httpcore",
    "hpack",
    "asyncio",
    "alembic",
    "sqlalchemy",
    "python_multipart",
    "uvicorn.access",
    "authlib",
    "markdown_it",
)

_OPTIONS: Final = orjson.OPT_UTC_Z | orjson.OPT_NON_STR_KEYS
_KINDS: Final = frozenset({b"pat", b"app", b"oac", b"ort", b"cs", b"rat"})
# An escape of JSON is passed over whole: of one that was half concealed, no reader could make anything.
_CREDENTIAL: Final = re.compile(
    rb"(\\(?:u[0-9a-f]{4}|.))"
    rb"|(?:(?<=[Bb]earer )|(?<=[Bb]asic ))[^\s\"\\]+|[0-9A-Za-z]{1,32}_(?:test_)?(?:pat|app|oac|ort|cs|rat)_[0-9A-Za-z]{6,}"
)
# JSON lets them stand; to a terminal they are commands (C1), to some readers ends of lines.
_CONTROL: Final = re.compile("[\x7f-\x9f\u2028\u2029]")
_CONCEALED: Final = b"[concealed]"


class _Sink:
    """Where lines go and from which level up: one for the process, as stdout is."""

    __slots__ = ("lines", "named", "origin", "threshold", "waiting")

    def __init__(self) -> None:
        self.lines: structlog.BytesLogger | ShortLines = structlog.BytesLogger(sys.stdout.buffer)
        self.threshold: int = logging.INFO
        self.waiting: list[bytes] = []
        self.named: Record = {}
        self.origin: str = ""


_sink: Final = _Sink()


def configure(level: str = "info", stream: BinaryIO | None = None) -> None:
    """Send every log line of this process to `stream` (default: stdout) as JSON, from `level` (a key of LEVELS) up.

    In a terminal a person reads them: there they are short.
    """
    stream = stream if stream is not None else sys.stdout.buffer
    _sink.lines = ShortLines(stream) if stream.isatty() else structlog.BytesLogger(stream)
    _sink.threshold = LEVELS[level]
    structlog.configure(
        processors=[structlog.processors.add_log_level, _render],
        wrapper_class=structlog.make_filtering_bound_logger(_sink.threshold),
        logger_factory=lambda *_: _sink.lines,
        cache_logger_on_first_use=False,
    )
    root = logging.getLogger()
    root.handlers[:] = [_Bridge()]
    root.setLevel(_sink.threshold)
    for name in _QUIET:
        logging.getLogger(name).setLevel(max(_sink.threshold, logging.WARNING))


def name(instance: str, **process: int) -> None:
    """Let every line say which gateway it is of (`instance`, host and port), and which `process` of it, `worker=0` or `courier=0`; none is the supervisor."""
    _sink.named = {"instance": instance, **process}
    _sink.origin = orjson.dumps(_sink.named).decode()[1:-1] + ","


def access(members: str) -> None:
    """Write the one line of a finished request: `members` are those of its JSON object behind the time and the event.

    Every value in it is a number, came out of `quoted`, or is of an alphabet in which nothing needs quoting.
    """
    if _sink.threshold > logging.INFO:
        return
    _soon(f'{{"at":"{_moment()}","level":"info","event":"request",{_sink.origin}{members}}}'.encode())


def often(name: str, /, **fields: object) -> None:
    """As `event`, for what there is much of: its lines leave together with those of the same turn of the loop."""
    if _sink.threshold <= logging.INFO:
        _soon(_encode({"at": _now(), "level": "info", "event": name, **_sink.named, **_traced(), **fields}))


def _soon(line: bytes) -> None:
    if not _sink.waiting:
        try:
            asyncio.get_running_loop().call_soon(flush)
        except RuntimeError:  # no loop, no turn to wait for
            _sink.lines.info(line)
            return
    _sink.waiting.append(line)


def flush() -> None:
    """Write the lines that still wait; to be called before a process ends."""
    waiting, _sink.waiting = _sink.waiting, []
    written = b""
    for encoded in waiting:
        if written and len(written) + len(encoded) + 1 >= PIPE_BUF:
            _sink.lines.info(written)
            written = b""
        written = written + b"\n" + encoded if written else encoded
    if written:
        _sink.lines.info(written)


@lru_cache(maxsize=10_000)
def quoted(text: str) -> str:
    """The text as a JSON string, with what looks like a credential concealed; remembered, since the same few come again."""
    return _encode(text).decode()


def quoted_once(text: str) -> str:
    """The same of a text that will hardly come again, such as a path that a client chose: remembering it costs memory."""
    return _encode(text).decode()


def event(name: str, level: str = "info", /, **fields: object) -> None:
    """Write one line about the process itself. `error=` may be an exception: its type and place are written.

    Of what happens while a request outside `/v1` is answered, the line has the request's trace_id.
    """
    if LEVELS[level] >= _sink.threshold:
        error = fields.pop("error", None)
        described = describe(error) if isinstance(error, BaseException) else {} if error is None else {"error": error}
        line: Record = {"at": _now(), "level": level, "event": name, **_sink.named, **_traced(), **fields, **described}
        _sink.lines.info(_encode(line))


def describe(error: BaseException) -> Record:
    """Type, place and causes of an exception, without its message.

    Messages of the system, of imports, and of exceptions that are `for_logs` hold nobody's data, nor do the codes of databases. What
    tells no reason itself has that of what it was raised from.
    """
    described: Record = {
        "error": f"{type(error).__module__}.{type(error).__qualname__}",
        "frames": [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in extract_tb(error.__traceback__)[-12:]],
    }
    if getattr(error, "for_logs", False):
        described["reason"] = str(error)
    elif isinstance(error, OSError) and error.strerror:
        described["reason"] = error.strerror
    elif isinstance(error, ImportError):
        described["reason"] = error.msg
    elif code := getattr(error, "sqlite_errorname", None):
        described["reason"] = str(code)
    elif code := getattr(error, "sqlstate", None):
        described["reason"] = f"SQLSTATE {code}"
    cause = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if cause is not None:
        described["cause"] = within = describe(cause)
        if error.__cause__ is not None and "reason" in within:
            described.setdefault("reason", within["reason"])
    return described


class _Bridge(logging.Handler):
    """Carries records of the standard library's `logging` into the same lines."""

    def emit(self, record: logging.LogRecord) -> None:
        line: Record = {
            "at": _now(),
            "level": record.levelname.lower(),
            "event": record.getMessage().strip(),
            **_sink.named,
            "logger": record.name,
            **_traced(),
        }
        if record.exc_info and record.exc_info[1] is not None:
            line |= describe(record.exc_info[1])
        _sink.lines.info(_encode(line))


def _render(_logger: object, _method: str, fields: structlog.typing.EventDict) -> bytes:
    error = fields.pop("exc_info", None)
    line: Record = {
        "at": _now(),
        "level": fields.pop("level"),
        "event": fields.pop("event", None),
        **_sink.named,
        **fields,
    }
    if error:
        raised = error if isinstance(error, BaseException) else sys.exc_info()[1]
        if raised is not None:
            line |= describe(raised)
    return _encode(line)


def _traced() -> Record:
    found = trace.current.get()
    return {} if found is None else {"trace_id": found.trace_id}


def _encode(line: Record | str) -> bytes:
    try:
        encoded = orjson.dumps(line, default=str, option=_OPTIONS)
    except orjson.JSONEncodeError:
        # Lone surrogates are what orjson refuses; a log line is never the reason for a failed request.
        plain = ascii(line) if isinstance(line, str) else {key: ascii(value) for key, value in line.items()}
        encoded = orjson.dumps(plain)
    if not encoded.isascii() or b"\x7f" in encoded:
        encoded = _CONTROL.sub(_escaped, encoded.decode()).encode()
    return _CREDENTIAL.sub(_concealed, encoded) if _suspect(encoded) else encoded


def _concealed(found: re.Match[bytes]) -> bytes:
    return found[1] or _CONCEALED


def _escaped(found: re.Match[str]) -> str:
    return f"\\u{ord(found[0]):04x}"


def _suspect(encoded: bytes) -> bool:
    """Whether a credential may be in the line; the expression that finds it costs more than all else about a line."""
    if not _KINDS.isdisjoint(encoded.split(b"_")):
        return True
    return b" " in encoded and (b"earer " in encoded or b"asic " in encoded)


def _now() -> datetime:
    return datetime.now(UTC)


def _moment() -> str:
    """The present time as `_now` is written, its whole seconds made once for all the lines that they are in."""
    now = time.time()
    second = int(now)
    return f"{_second(second)}.{int((now - second) * 1e6):06d}Z"


@lru_cache(maxsize=4)
def _second(second: int) -> str:
    return datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%dT%H:%M:%S")
