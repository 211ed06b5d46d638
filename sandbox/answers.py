"""What a call ends in: a Reply, or a Refused that becomes one."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import orjson

JSON = b"application/json"
Header = tuple[bytes, bytes]


@dataclass(slots=True)
class Reply:
    """`stream` takes the place of `body`; `created` is how many rows the call made."""

    status: int
    body: bytes = b""
    media: bytes = JSON
    headers: tuple[Header, ...] = ()
    stream: AsyncIterator[bytes] | None = None
    created: int = 0


class Refused(Exception):
    """A request the services turn down.

    fields: the problems by field name (validation); members: what else the error object carries.
    """

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        *,
        fields: dict[str, list[str]] | None = None,
        members: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message
        self.fields, self.members = fields, members

    def reply(self) -> Reply:
        error: dict[str, Any] = {"code": self.code, "message": self.message}
        if self.fields is not None:
            error["fields"] = self.fields
        if self.members is not None:
            error |= self.members
        return Reply(self.status, orjson.dumps({"error": error}))


def invalid(fields: dict[str, list[str]]) -> Refused:
    return Refused(400, "validation_failed", "Some fields were not accepted.", fields=fields)


def query_invalid(message: str) -> Refused:
    return Refused(400, "query_invalid", message)


def not_found() -> Refused:
    return Refused(404, "not_found", "There is no such thing.")


def data(value: Any, status: int = 200) -> Reply:
    return Reply(status, orjson.dumps({"data": value}))


def document(ready: bytes, status: int = 200, created: int = 0) -> Reply:
    """An answer around one JSON document that is already text."""
    return Reply(status, b'{"data":' + ready + b"}", created=created)
