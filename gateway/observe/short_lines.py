"""Log lines for whoever starts a gateway in a terminal: one short line each, where programs get JSON (gateway/observe/logs.py)."""

from __future__ import annotations

from datetime import datetime
from typing import Any, BinaryIO, Final

import orjson

# Told in their own places, or the same on every line of one terminal.
_KNOWN: Final = frozenset({"at", "level", "event", "instance", "worker", "courier", "logger", "frames"})
_FAILED: Final = 400


class ShortLines:
    """Takes lines of JSON as structlog's BytesLogger does, and writes what people look for in them."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream

    def info(self, lines: bytes) -> None:
        """Write one line or several."""
        self._stream.write(b"".join(f"{short(orjson.loads(line))}\n".encode() for line in lines.split(b"\n")))
        self._stream.flush()


def short(line: dict[str, Any]) -> str:
    """`15:04:05 POST /v1/{resource}/search 200 12 ms`, or an event with what it says. Times are local."""
    at = datetime.fromisoformat(line["at"]).astimezone()
    told = _request(line) if line["event"] == "request" else _event(line)
    # What a client chose for a path must not steer the terminal.
    return "".join(letter if letter.isprintable() else f"\\u{ord(letter):04x}" for letter in f"{at:%H:%M:%S} {told}")


def _request(line: dict[str, Any]) -> str:
    told = f"{line['method']} {line['path']} {line['status']} {line['total_ms']:.0f} ms"
    if line["status"] < _FAILED:
        return told
    return f"{told} {line.get('code') or ''} trace_id={line['trace_id']}"


def _event(line: dict[str, Any]) -> str:
    level = "" if line["level"] == "info" else f"{line['level']}: "
    said = [f"{name}={_plain(value)}" for name, value in line.items() if name not in _KNOWN and value is not None]
    return " ".join([f"{level}{line['event']}", *said])


def _plain(value: object) -> str:
    return value if isinstance(value, str) else orjson.dumps(value).decode()
