"""What arrived: counts by route, and the last requests word for word."""

from collections import deque
from dataclasses import dataclass
from typing import Any

import orjson

_REQUESTS_KEPT = 200
_BODY_KEPT = 65536


@dataclass(slots=True)
class Seen:
    method: str
    path: str
    query: str
    template: str
    headers: list[tuple[bytes, bytes]]
    body: bytes = b""

    def shown(self) -> dict[str, Any]:
        headers: dict[str, str] = {}
        for raw_name, raw_value in self.headers:
            name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1")
            headers[name] = f"{headers[name]}, {value}" if name in headers else value
        return {
            "method": self.method,
            "path": self.path,
            "query": self.query,
            "template": self.template,
            "headers": headers,
            "body": self._body(),
        }

    def _body(self) -> Any:
        if not self.body:
            return None
        try:
            return orjson.loads(self.body)
        except orjson.JSONDecodeError:
            return self.body.decode("utf-8", "replace")


class Watch:
    def __init__(self) -> None:
        self._requests: dict[str, int] = {}
        self._created: dict[str, int] = {}
        self._last: deque[Seen] = deque(maxlen=_REQUESTS_KEPT)

    def received(self, seen: Seen) -> None:
        name = f"{seen.method} {seen.template}" if seen.template != "unmatched" else "unmatched"
        self._requests[name] = self._requests.get(name, 0) + 1
        self._last.append(seen)

    def created(self, seen: Seen, rows: int) -> None:
        name = f"{seen.method} {seen.template}"
        self._created[name] = self._created.get(name, 0) + rows

    def counts(self) -> dict[str, dict[str, int]]:
        return {
            name: {"requests": requests, "created": self._created.get(name, 0)}
            for name, requests in sorted(self._requests.items())
        }

    def last(self, count: int) -> list[dict[str, Any]]:
        return [seen.shown() for seen in list(self._last)[-count:]] if count else []

    def clear_counts(self) -> None:
        self._requests.clear()
        self._created.clear()

    def clear_last(self) -> None:
        self._last.clear()


def kept(body: bytes) -> bytes:
    return body[:_BODY_KEPT]
