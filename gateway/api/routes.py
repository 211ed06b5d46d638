"""Path and method → operation: a dict by the first segment, then the few shapes of path that a resource has
with so many segments, however many these are.

With 190 routes in a list the last one costs 160 µs to find; here each costs the same.
"""

from __future__ import annotations

import re
from difflib import get_close_matches
from typing import Final, Generic, TypeVar
from urllib.parse import unquote_to_bytes

from adapters.core.operation import Operation
from gateway.problems import MethodNotAllowed, NotFound

T = TypeVar("T")

_LONGEST_GUESSED: Final = 200
# Letters, digits, `-`, `.`, `_` and `~`, quoted.
_QUOTED: Final = re.compile("%(2[dDeE]|3[0-9]|4[1-9a-fA-F]|5[0-9aAfF]|6[1-9a-fA-F]|7[0-9aAeE])")

Tails = dict[str, dict[str, tuple[T, tuple[int, ...]]]]
"""By the path behind the resource, `*` standing for a parameter, and by method."""


class Routes(Generic[T]):
    """Operations under `/v1`, each with what the caller keeps beside it."""

    def __init__(self) -> None:
        self._table: dict[str, Tails[T]] = {}
        # By the resource and the number of segments behind it: where parameters may stand in such a path.
        self._masks: dict[tuple[str, int], list[tuple[int, ...]]] = {}
        self._doors: dict[str, T] = {}

    def add(self, operation: Operation, kept: T) -> None:
        """Make the operation findable."""
        steps = operation.tail.split("/") if operation.tail else []
        slots = tuple(i for i, step in enumerate(steps) if step == "*")
        masks = self._masks.setdefault((operation.first, len(steps)), [])
        if slots and slots not in masks:
            masks.append(slots)
            # What says more of itself is tried first.
            masks.sort(key=len)
        # The bare collection exists for every resource, if only to say where to search.
        tails = self._table.setdefault(operation.first, {"": {}})
        tails.setdefault(operation.tail, {})[operation.method] = (kept, slots)

    def open(self, path: str, kept: T) -> None:
        """Make a path outside `/v1` findable, by any method."""
        self._doors[path] = kept

    def find(self, method: str, path: str) -> tuple[T, tuple[str, ...]]:
        """What is kept of the operation and the decoded path parameters; NotFound or MethodNotAllowed.

        `path` is as the client sent it, without the query.
        """
        _, room, first, *tail = path.split("/") if path.count("/") > 1 else ("", "", "")
        tails = self._table.get(first)
        if tails is None or "" in tail or room != "v1":
            return self._otherwise(method, path)
        shape = "/".join(tail)
        methods = tails.get(shape)
        if methods is None:
            for mask in self._masks.get((first, len(tail)), ()):
                steps = tail.copy()
                for slot in mask:
                    steps[slot] = "*"
                shape = "/".join(steps)
                methods = tails.get(shape)
                if methods is not None:
                    break
            else:
                return self._otherwise(method, path)
        # HEAD is GET without the body (RFC 9110 § 9.3.2), which the server leaves out.
        found = methods.get("GET" if method == "HEAD" else method)
        if found is None:
            raise self._not_so(first, shape, methods) if self._is_there(first, shape) else _nothing()
        kept, slots = found
        if not slots:
            return kept, ()
        if len(slots) == 1:
            return kept, (_decoded(tail[slots[0]]),)
        return kept, tuple([_decoded(tail[slot]) for slot in slots])

    def _otherwise(self, method: str, path: str) -> tuple[T, tuple[str, ...]]:
        """The same for a path outside `/v1`, or one that has quoted what needs no quoting (RFC 3986 § 2.3); NotFound for any other."""
        if path in self._doors:
            return self._doors[path], ()
        plain = _QUOTED.sub(_unquoted, path)
        if plain != path:
            return self.find(method, plain)
        meant = self._meant(path)
        raise NotFound("route_unknown", "There is nothing at this path." + (f" Did you mean {meant}?" if meant else ""))

    def _meant(self, path: str) -> str:
        """The template of the path that is nearest to this one, or nothing."""
        if len(path) > _LONGEST_GUESSED:
            return ""
        first, *tail = [step for step in path.split("/")[2:] if step] or [""]
        found = get_close_matches(first.lower(), self._table, n=1, cutoff=0.7)
        if not found:
            return ""
        for shape in sorted(self._table[found[0]], key=lambda shape: shape.count("*")):
            steps = shape.split("/") if shape else []
            if len(steps) == len(tail) and all(map(_resembles, steps, tail)) and self._is_there(found[0], shape):
                return "/".join(["/v1", found[0], *("{id}" if step == "*" else step for step in steps)])
        return ""

    def _is_there(self, first: str, shape: str) -> bool:
        """Whether the path is one that answers, or says where to search."""
        return bool(self._table[first][shape]) or "search" in self._table[first]

    def _not_so(self, first: str, shape: str, methods: dict[str, tuple[T, tuple[int, ...]]]) -> MethodNotAllowed:
        allow = ", ".join(sorted({*methods, "HEAD"} if "GET" in methods else methods))
        detail = f"This path answers {allow} only." if allow else "This path answers no method."
        if not shape and "search" in self._table[first]:
            detail += f" Search with POST /v1/{first}/search."
        headers: tuple[tuple[bytes, bytes], ...] = ((b"allow", allow.encode("ascii")),)
        if "PATCH" in methods:
            headers += ((b"accept-patch", b"application/json, application/merge-patch+json"),)  # RFC 5789 § 3.1
        return MethodNotAllowed("method_not_allowed", detail, headers=headers)


def _nothing() -> NotFound:
    return NotFound("route_unknown", "There is nothing at this path.")


def _resembles(step: str, sent: str) -> bool:
    return step == "*" or bool(get_close_matches(sent.lower(), [step], cutoff=0.7))


def _unquoted(match: re.Match[str]) -> str:
    return chr(int(match[1], 16))


def _decoded(segment: str) -> str:
    if "%" not in segment and segment.isascii():
        return segment
    try:
        return unquote_to_bytes(segment).decode("utf-8")
    except UnicodeDecodeError:
        raise _nothing() from None
