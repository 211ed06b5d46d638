"""What a call ends in: a Reply, or a Refused that becomes one in the error shape of its service."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import orjson

JSON = b"application/json"
Header = tuple[bytes, bytes]
Complaints = dict[str, list[str]]
# these answer errors flat (E2), all others nested (E1): README.md, "Shapes"
_FLAT = ("/api/hr/", "/api/hrms/", "/api/payroll/", "/api/helpdesk/", "/api/support/")
# in the flat shape a plain complaint about fields has no reason of its own
_UNREASONED = "validation_failed"


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

    fields: the problems by field name, nested ones dotted · state: the one that the row is in · members: what else
    the error object carries.
    """

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        *,
        fields: Complaints | None = None,
        state: str | None = None,
        members: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message
        self.fields, self.state, self.members = fields, state, members

    def reply(self, path: str = "") -> Reply:
        """The answer as the service at this path gives it."""
        return Reply(self.status, orjson.dumps(self._flat() if path.startswith(_FLAT) else self._nested()))

    def _nested(self) -> dict[str, Any]:
        error: dict[str, Any] = {"code": self.code, "message": self.message}
        if self.fields is not None:
            error["fields"] = self.fields
        if self.state is not None:
            error["state"] = self.state
        return {"error": error | (self.members or {})}

    def _flat(self) -> dict[str, Any]:
        rule = "invalid" if self.code == _UNREASONED else self.code
        errors = [
            {"path": path, "rule": "required" if message == "is required" else rule, "message": message}
            for path, messages in (self.fields or {}).items()
            for message in messages
        ]
        reason = None if self.code == _UNREASONED else self.code
        shown = {"success": False, "message": self.message, "reason": reason, "state": self.state, "errors": errors}
        return shown | (self.members or {})


def invalid(fields: Complaints) -> Refused:
    return refused("validation_failed", fields)


def refused(code: str, fields: Complaints | None = None, message: str = "Some fields were not accepted.") -> Refused:
    """A refusal in one of the services' words, about these fields."""
    return Refused(400, code, message, fields=fields)


def violated(field: str, complaint: str) -> Refused:
    """A rule between fields does not hold."""
    return refused("rule_violated", {field: [complaint]})


def state_invalid(state: str) -> Refused:
    return Refused(400, "invalid_state", f"This cannot be done in the state {state}.", state=state)


def query_invalid(message: str) -> Refused:
    return Refused(400, "query_invalid", message)


def not_found() -> Refused:
    return Refused(404, "not_found", "There is no such thing.")


def data(value: Any, status: int = 200) -> Reply:
    return Reply(status, orjson.dumps({"data": value}))


def document(ready: bytes, status: int = 200, created: int = 0) -> Reply:
    """An answer around one JSON document that is already text."""
    return Reply(status, b'{"data":' + ready + b"}", created=created)
