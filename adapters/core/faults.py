"""What can go wrong while a request is read or a service's answer is understood.

    Fault
    ├── Malformed            the request document is not acceptable JSON or CSV   400
    ├── BadParameter         a query parameter unknown, repeated or out of range  400
    ├── StaleCursor          a cursor that is not this query's                    400
    ├── Invalid              well-formed, but not what the contract allows        422
    ├── RecordNotFound       no such record for this caller                       404
    ├── Conflict             the service refused the state change                 409
    ├── RoleForbids          the service refuses it of the acting user            403
    ├── ServiceThrottled     the service's own limit was reached                  429
    ├── ServiceFailed        the service answered with a failure                  502
    │   └── Unsettled        a list was walked as far as it may be, and did not tell
    └── ServiceInvalid       the service's answer cannot be understood            502

The edge turns each into its RFC 9457 problem; nothing here knows of HTTP.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FieldError:
    """One entry of a problem's `errors`: a JSON pointer (RFC 6901), a stable code, a sentence, what is allowed.

    In a file, `row` and `column` say where: row 0 has the column names, row 1 is the first below; column is None where
    the row itself is at fault. The pointer is the one within the row's record.
    """

    pointer: str
    code: str
    message: str
    allowed: tuple[str, ...] = ()
    row: int | None = None
    column: str | None = None


class Fault(Exception):
    """Base of everything the adapters raise on purpose."""


class Malformed(Fault):
    """The body is not acceptable JSON, or CSV; `args[0]` says why in one sentence, `code` for programs."""

    def __init__(self, message: str, code: str = "json_malformed") -> None:
        super().__init__(message)
        self.code = code


class BadParameter(Fault):
    """A query parameter that cannot be; `args[0]` is the sentence, `code` for programs: `parameter_unknown`, `_invalid` or `_conflict`."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class StaleCursor(Fault):
    """The cursor was sealed for another query, tenant or contract, or is too old."""


class Invalid(Fault):
    """The document breaks the contract; `errors` name every place."""

    def __init__(self, errors: list[FieldError]) -> None:
        super().__init__(errors[0].message)
        self.errors = errors


class RecordNotFound(Fault):
    """No record with that id is visible to the caller."""


class Conflict(Fault):
    """The service refused because of the record's present state; `current` and `allowed` where it is known which that is."""

    def __init__(self, current: str | None = None, allowed: tuple[str, ...] = (), *, code: str = "") -> None:
        super().__init__("conflict")
        self.code = code or ("conflict" if current is None else "state_conflict")
        self.current = current
        self.allowed = allowed


class RoleForbids(Fault):
    """The service does not let the acting user do this, whatever their scopes are."""


class ServiceThrottled(Fault):
    """The service's own limit is reached; `retry_after` is in seconds, `limit` in requests and None when it was not told."""

    def __init__(self, retry_after: float, limit: int | None) -> None:
        super().__init__("service throttled")
        self.retry_after = retry_after
        self.limit = limit


class ServiceFailed(Fault):
    """The service answered with a status that tells of its own failure."""

    def __init__(self, status: int) -> None:
        super().__init__(f"service answered {status}")
        self.status = status


class Unsettled(ServiceFailed):
    """A record was looked for in a list as far as the cost limit goes; whether it exists is not known."""

    def __init__(self) -> None:
        super().__init__(200)


class ServiceInvalid(Fault):
    """The service's answer has not the declared shape; `args[0]` is for the log, never for the client."""
