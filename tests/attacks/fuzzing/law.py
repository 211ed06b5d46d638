"""What holds of every answer, whatever was asked."""

from __future__ import annotations

import gzip
import json
import sys
from collections.abc import Iterable, Sequence

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

from gateway.error_codes import error_codes, field_codes
from tests.attacks.fuzzing.inside import Said
from tests.attacks.fuzzing.service import Call
from tests.live import NEWEST
from tests.openapi.generated import validator

# Refused by what the request is, before anything is asked of a service.
_UNASKED = frozenset({400, 401, 405, 406, 408, 410, 412, 413, 415, 429, 501})
_DOCUMENTED = frozenset({501})  # of those beyond 4xx: what a service does not support
_PROBLEM = validator(NEWEST, {"$ref": "#/components/schemas/Problem"})


class Law:
    """`secrets`: what must be in no answer."""

    def __init__(self, secrets: Sequence[str]) -> None:
        self._secrets = [each.encode() for each in secrets]
        self._codes = error_codes()
        self._fields = field_codes()
        self._seen: set[tuple[object, ...]] = set()

    def broken(self, said: Said, calls: Iterable[Call], *, api: bool = False, hurried: bool = False) -> str:
        """How it was broken; empty when it was not.

        api: whether a refusal has to be a problem document; hurried: whether the client has said how long it waits.
        """
        status = said.status
        if not (200 <= status < 500 or status in _DOCUMENTED or (hurried and status == 504)):
            return f"status {status}"
        if not said.whole:
            return "the answer is not as long as announced"
        if not said.head.endswith(b"\r\n") or said.head.count(b"\n") != said.head.count(b"\r\n") or b"\0" in said.head:
            return "a head that is none"
        if any(each in said.head or each in said.body for each in self._secrets):
            return "a secret was told"
        if b"\r\nset-cookie: canary" in said.head.lower():
            return "a header was made by the client"
        media = said.header(b"content-type")
        if status >= 400:
            if media == b"application/problem+json":
                if fault := self._problem(said, calls):
                    return fault
            elif api and said.body:
                return f"a refusal as {media!r}"
        elif media == b"application/json":
            return _parsed(said)
        return ""

    def _problem(self, said: Said, calls: Iterable[Call]) -> str:
        if not said.body:  # of a HEAD
            return ""
        try:
            problem = json.loads(_plain(said))
        except (ValueError, OSError, zstd.ZstdError) as error:
            return f"a problem that is no JSON: {error}"
        code, errors = problem.get("code"), problem.get("errors", [])
        if problem.get("status") != said.status or code not in self._codes:
            return f"an unknown problem: {code}"
        if any(each["code"] not in self._fields for each in errors):
            return f"an unknown fault of a field: {errors}"
        shape = (code, *sorted(problem), *sorted({name for each in errors for name in each}))
        if shape not in self._seen:
            if found := [error.message for error in _PROBLEM.iter_errors(problem)]:
                return f"no problem as described: {found}"
            self._seen.add(shape)
        for call in calls:
            if said.status in _UNASKED:
                return f"{code} after {call}"
            if call.wrote:
                return f"{code}, and yet something was written: {call}"
        return ""


def _parsed(said: Said) -> str:
    try:
        if said.body:
            json.loads(_plain(said))
    except (ValueError, OSError, zstd.ZstdError) as error:
        return f"an answer that is no JSON: {error}"
    return ""


def _plain(said: Said) -> bytes:
    """The body without its coding."""
    coding = said.header(b"content-encoding")
    if coding == b"gzip":
        return gzip.decompress(said.body)
    return zstd.decompress(said.body) if coding == b"zstd" else said.body
