"""One call to the API, whatever sends it: what it is made of, when it is tried again, and what its answers mean."""

from __future__ import annotations

import json
import keyword
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any
from urllib.parse import quote, urlencode

from .errors import BY_STATUS, AnswerInvalid, ApiError, ConnectionFailed, Error, OutcomeUnknown, ServerError
from .fields import plain

AGAIN = {408, 429, 502, 503, 504}
_FIRST_WAIT, _LONGEST_WAIT = 0.5, 8.0
_CHUNK = 65536

Upload = str | bytes | Path | IO[bytes]
"""A file to send: its text, its bytes, where it lies, or open for reading bytes."""


@dataclass(frozen=True)
class Timeout:
    """In seconds: to connect, between two pieces of an answer, and for a whole call with its repetitions; None is no limit."""

    connect: float | None = 5.0
    read: float | None = 30.0
    total: float | None = 120.0


@dataclass
class Call:
    """A request that is sent at least once. `key`: the idempotency key that all its attempts share."""

    method: str
    path: str
    query: list[tuple[str, str]] = field(default_factory=list)
    body: Mapping[str, Any] | None = None
    upload: Upload | None = None
    accept: str = "application/json"
    key: str | None = None
    writes: bool = False
    repeatable: bool = True

    @property
    def target(self) -> str:
        """Path and query."""
        return f"{self.path}?{urlencode(self.query, quote_via=quote, safe='')}" if self.query else self.path

    def headers(self) -> dict[str, str]:
        """Those that belong to this call."""
        headers = {"Accept": f"{self.accept}, application/problem+json"}
        if self.key is not None:
            headers["Idempotency-Key"] = self.key
        if self.upload is not None:
            headers["Content-Type"] = "text/csv"
        elif self.body is not None:
            headers["Content-Type"] = "application/json"
        return headers

    def content(self) -> bytes | Iterator[bytes] | None:
        """The body of one attempt."""
        if self.body is not None:
            return json.dumps(plain(self.body), ensure_ascii=False, separators=(",", ":")).encode()
        if isinstance(self.upload, str):
            return self.upload.encode()
        if self.upload is None or isinstance(self.upload, bytes):
            return self.upload
        return _pieces(self.upload)


def _pieces(source: Path | IO[bytes]) -> Iterator[bytes]:
    if not isinstance(source, Path):
        yield from iter(lambda: source.read(_CHUNK), b"")
        return
    with source.open("rb") as file:
        yield from iter(lambda: file.read(_CHUNK), b"")


def new_key() -> str:
    """An idempotency key that nobody else has."""
    # Not a UUID: the module for them takes a quarter of the time that an import of this library does.
    return os.urandom(16).hex()


def address(template: str, *ids: str) -> str:
    """`/v1/contacts/{}` and an id → a path. Raises ValueError for an empty id, which would be another path."""
    if not all(ids):
        raise ValueError("an id is empty")
    return template.format(*(quote(each, safe="") for each in ids))


def given(**sent: Any) -> dict[str, Any]:
    """The members of a body that were given: null is as good as not sent."""
    return {own_name(name): value for name, value in sent.items() if value is not None}


def own_name(name: str) -> str:
    """A name as the API has it, where Python has that word for itself: `from_` → `from`."""
    return name[:-1] if name.endswith("_") and keyword.iskeyword(name[:-1]) else name


def question(**asked: Any) -> list[tuple[str, str]]:
    """The query parameters that were given, in the order of their names here. Lists are joined by commas."""
    return [(own_name(name), _text(plain(value))) for name, value in asked.items() if value is not None]


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return ",".join(value) if isinstance(value, list) else str(value)


@dataclass
class Attempts:
    """What has come of a call so far. `left`: how often it may be tried again; `deadline`: None without one."""

    call: Call
    left: int
    deadline: float | None
    made: int = 0
    open: bool = False
    """Whether an attempt may have been carried out without our knowing."""

    def lost(self, error: ConnectionFailed, now: float, *, sent: bool) -> float:
        """How many seconds to wait after an attempt without an answer. Raises the error, or OutcomeUnknown, where there is no
        other. sent: whether the API may have got the request.
        """
        self.open = self.open or (sent and self.call.writes)
        # What was never sent can be sent again, even if it must not be done twice.
        if (self.call.repeatable or not self.open) and self._may_wait(wait := self._backoff(), now):
            return wait
        if self.open:
            raise OutcomeUnknown(self.call.key) from error
        raise error

    def answered(self, error: ApiError, now: float) -> float:
        """How many seconds to wait after a refusal. Raises the error where it is final."""
        again = error.status in AGAIN or (error.code == "idempotency_in_progress" and "retry-after" in error.headers)
        if again and self.call.repeatable:
            told = _seconds(error.headers.get("retry-after"))
            if self._may_wait(wait := self._backoff() if told is None else told, now):
                return wait
        if error.code == "idempotency_outcome_unknown":
            raise OutcomeUnknown(self.call.key, error)
        raise error

    def deleted(self, error: ApiError) -> bool:
        """Whether a record that is not there was deleted by an earlier attempt, whose answer was lost."""
        return self.call.method == "DELETE" and self.open and error.code == "record_not_found"

    def _may_wait(self, wait: float, now: float) -> bool:
        if self.left <= 0 or (self.deadline is not None and now + wait >= self.deadline):
            return False
        self.left -= 1
        return True

    def _backoff(self) -> float:
        """Full jitter: clients that failed together do not come back together."""
        longest = min(_LONGEST_WAIT, _FIRST_WAIT * 2.0**self.made)
        self.made += 1
        return longest * int.from_bytes(os.urandom(4), "big") / 2**32


def _seconds(told: str | None) -> float | None:
    try:
        return None if told is None else max(0.0, float(told))
    except ValueError:
        return None


@dataclass(frozen=True)
class Answer:
    """A whole answer. Names of headers are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def request_id(self) -> str:
        """What support finds the request by."""
        return self.headers.get("x-request-id", "")

    def envelope(self) -> dict[str, Any]:
        """`{"data": …}`, perhaps with `"meta"`. Raises AnswerInvalid for anything else."""
        try:
            found = json.loads(self.body)
        except ValueError:
            raise AnswerInvalid(self.status, self.request_id, "the answer is not JSON") from None
        if not isinstance(found, dict) or "data" not in found:
            raise AnswerInvalid(self.status, self.request_id, "the answer has no data")
        return found

    def error(self, codes: Mapping[str, type[Error]]) -> ApiError:
        """The exception of a refusal: of its code, or else of its status."""
        try:
            problem = json.loads(self.body)
        except ValueError:
            problem = {}
        if not isinstance(problem, dict):
            problem = {}
        found = codes.get(str(problem.get("code")))
        kind = found if found is not None and issubclass(found, ApiError) else None
        kind = kind or BY_STATUS.get(self.status, ServerError if self.status >= 500 else ApiError)
        return kind(self.status, problem, self.headers)


def joined(names: Iterable[str] | None) -> list[str] | None:
    """The names of fields, as a list."""
    return None if names is None else list(names)
