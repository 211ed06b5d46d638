"""What can go wrong. Everything that is raised on purpose is an Error; what the API refused is an ApiError."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class Error(Exception):
    """The base of all exceptions of this library."""


class ConnectionFailed(Error):
    """No whole answer came: the API could not be reached, or the connection was lost."""


class TimedOut(ConnectionFailed):
    """No whole answer came in time."""


class SignInNeeded(Error):
    """The tokens of an app cannot be refreshed: its user has to sign in again. `code`: OAuth's, such as `invalid_grant`."""

    def __init__(self, code: str, description: str = "") -> None:
        super().__init__(f"{code}: {description}" if description else code)
        self.code = code


class SignatureInvalid(Error):
    """A delivery is not from where it says it is, or too old."""


class AnswerInvalid(Error):
    """An answer that says it is a success, and is not what the API answers. Something between may have written it."""

    def __init__(self, status: int, request_id: str, what: str) -> None:
        super().__init__(f"{what} (status {status}, request {request_id or 'unknown'})")
        self.status = status
        self.request_id = request_id


class ApiError(Error):
    """The API refused a request or failed at it (RFC 9457). Decide by `code` or by class, show `detail` to people, and quote
    `trace_id` and `request_id` when you ask for help. `problem` has every member of the answer, those of later releases too.
    """

    def __init__(self, status: int, problem: Mapping[str, Any], headers: Mapping[str, str]) -> None:
        self.status = status
        self.problem = problem
        self.headers = headers
        self.code = str(problem.get("code", ""))
        self.title = str(problem.get("title", ""))
        self.detail = str(problem.get("detail", ""))
        self.trace_id = str(problem.get("trace_id", ""))
        self.request_id = headers.get("x-request-id", "")
        told = self.detail or self.title or f"status {status}"
        about = ", ".join(part for part in (self.code, f"request {self.request_id}" if self.request_id else "") if part)
        super().__init__(f"{told} ({about})" if about else told)


class BadRequest(ApiError):
    """400: the request cannot be read."""


class Unauthorized(ApiError):
    """401: there is no token, or none that is valid."""


class Forbidden(ApiError):
    """403: the token or the user's role does not allow it. `required`: the scopes that it needs."""

    @property
    def required(self) -> list[str]:
        """The scopes that the operation needs."""
        return list(self.problem.get("required_scopes", ()))


class NotFound(ApiError):
    """404: there is no such thing, or it is not visible to you."""


class Conflict(ApiError):
    """409: the request does not fit the state that things are in."""


class Gone(ApiError):
    """410: the contract no longer has it."""


class Unprocessable(ApiError):
    """422: the request was understood, and is not valid."""

    @property
    def errors(self) -> list[dict[str, Any]]:
        """Every place that is wrong: `{"pointer", "code", "message"}` and, where there is a choice, `"allowed"`."""
        return list(self.problem.get("errors", ()))


class RateLimited(ApiError):
    """429: too many requests. They were already tried again as often as the client may."""

    @property
    def retry_after(self) -> float:
        """How many seconds to wait, at least."""
        told = self.headers.get("retry-after", self.problem.get("retry_after", 0))
        try:
            return float(told)
        except (TypeError, ValueError):
            return 0.0

    @property
    def policies(self) -> list[str]:
        """The names of the limits that were exceeded."""
        return list(self.problem.get("violated_policies", ()))


class ServerError(ApiError):
    """5xx: the API failed, or what stands behind it."""


class OutcomeUnknown(Error):
    """A write may have been done, or not. Look, or make the same call again with `idempotency_key`: it is never done twice.

    `answer`: what the API said, where it said so itself; None where its answers were lost.
    """

    def __init__(self, idempotency_key: str | None, answer: ApiError | None = None) -> None:
        told = "it is not known whether this was done"
        super().__init__(f"{told}; its idempotency key is {idempotency_key}" if idempotency_key else told)
        self.idempotency_key = idempotency_key
        self.answer = answer
        self.trace_id = answer.trace_id if answer else ""
        self.request_id = answer.request_id if answer else ""


BY_STATUS: dict[int, type[ApiError]] = {
    400: BadRequest,
    401: Unauthorized,
    403: Forbidden,
    404: NotFound,
    409: Conflict,
    410: Gone,
    422: Unprocessable,
    429: RateLimited,
}
