"""What checks ask, and how they say that an answer is not as the contract has it."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final, Protocol

import httpx

_PATIENCE: Final = 120.0  # seconds that a limit may make one request wait


class Broken(Exception):
    """The contract is not kept; the text says what was asked, what came, and what should have."""


class Unmade(Exception):
    """What a check needs cannot be had from this deployment's services; the text says why."""


class Api(Protocol):
    """A gateway, and whoever asks it."""

    def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        version: str | None,
        headers: dict[str, str] | None = None,
        content: bytes | None = None,
    ) -> httpx.Response:
        """One request. `path` from `/v1` on; `version`: the contract's date; body: as JSON, or `content` as it is."""
        ...

    def counted(self) -> int | None:
        """How many calls have reached the services; None where nobody counts them."""
        ...


class Remote:
    """A gateway at an address, asked with one token. A 429 is waited for: limits are no departure from the contract."""

    def __init__(self, url: str, token: str, host: str | None = None) -> None:
        """`host`: the brand's, where the address is another."""
        headers = {"Authorization": f"Bearer {token}"} | ({"Host": host} if host else {})
        self._client = httpx.Client(base_url=url, timeout=60, headers=headers, trust_env=False)

    def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        version: str | None,
        headers: dict[str, str] | None = None,
        content: bytes | None = None,
    ) -> httpx.Response:
        sent = ({} if version is None else {"Version": version}) | (headers or {})
        until = time.monotonic() + _PATIENCE
        while True:
            if body is None:
                answer = self._client.request(method, path, content=content, headers=sent)
            else:
                answer = self._client.request(method, path, json=body, headers=sent)
            wait = float(answer.headers.get("retry-after", "1"))
            if answer.status_code != 429 or time.monotonic() + wait > until:
                return answer
            time.sleep(wait)

    def counted(self) -> None:
        return None

    def close(self) -> None:
        """Close its connections."""
        self._client.close()


def expect(holds: object, answer: httpx.Response, wanted: str) -> None:
    """Broken unless it holds."""
    if not holds:
        raise Broken(f"{_asked(answer)}: wanted {wanted}, got {answer.status_code} {answer.text[:300]}")


def same(what: str, got: object, wanted: object) -> None:
    """Broken unless both are equal."""
    if got != wanted:
        raise Broken(f"{what}: wanted {_short(wanted)}, got {_short(got)}")


def agrees(sent: Any, answered: Any) -> bool:
    """Whether an answer holds all that was sent, with whatever the service adds."""
    if isinstance(sent, dict) and isinstance(answered, dict):
        return all(name in answered and agrees(each, answered[name]) for name, each in sent.items())
    if isinstance(sent, list) and isinstance(answered, list):
        return len(sent) == len(answered) and all(map(agrees, sent, answered))
    return bool(sent == answered)


def ok(answer: httpx.Response, status: int = 200) -> Any:
    """The document of an answer that went well."""
    expect(answer.status_code == status, answer, str(status))
    return answer.json() if answer.content else None


def refused(answer: httpx.Response, status: int, code: str | None = None) -> Mapping[str, Any]:
    """The problem document (RFC 9457) of a refusal, with all that every one of them has."""
    expect(answer.status_code == status, answer, f"{status} {code or ''}".strip())
    media = answer.headers.get("content-type", "")
    expect(media.startswith("application/problem+json"), answer, "a problem document")
    document: Mapping[str, Any] = answer.json()
    lacking = [
        name for name in ("type", "title", "status", "detail", "instance", "code", "trace_id") if not document.get(name)
    ]
    same(f"{_asked(answer)}: members that the problem document lacks", lacking, [])
    same(f"{_asked(answer)}: the status in the document", document["status"], status)
    if code is not None:
        same(f"{_asked(answer)}: the code", document["code"], code)
    return document


def pointers(document: Mapping[str, Any]) -> list[str]:
    """Where the errors of a 422 are."""
    return [error["pointer"] for error in document["errors"]]


@contextmanager
def unreached(api: Api, what: str) -> Iterator[None]:
    """Broken when anything in between has reached a service, where that is known."""
    before = api.counted()
    yield
    same(f"calls to services for {what}", api.counted(), before)


def _asked(answer: httpx.Response) -> str:
    request = answer.request
    sent = request.content.decode(errors="replace")[:200]
    return f"{request.method} {request.url.raw_path.decode()}" + (f" {sent}" if sent else "")


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 300 else f"{text[:300]}…"
