"""Path and method → operation: a dict by the first segment, then the few shapes of path that a resource has
with so many segments, however many these are.

With 190 routes in a list the last one costs 160 µs to find; here each costs the same.
"""

from __future__ import annotations

from typing import Generic, TypeVar
from urllib.parse import unquote_to_bytes

from adapters.core.operation import Operation
from gateway.problems import MethodNotAllowed, NotFound

T = TypeVar("T")

Tails = dict[str, dict[str, tuple[T, tuple[int, ...]]]]
"""By the path behind the resource, `*` standing for a parameter, and by method."""


class Routes(Generic[T]):
    """Operations under `/v1`, each with what the caller keeps beside it."""

    def __init__(self) -> None:
        self._table: dict[str, Tails[T]] = {}
        # By the resource and the number of segments behind it: where parameters may stand in such a path.
        self._masks: dict[tuple[str, int], list[tuple[int, ...]]] = {}

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

    def find(self, method: str, path: str) -> tuple[T, tuple[str, ...]]:
        """What is kept of the operation and the decoded path parameters; NotFound or MethodNotAllowed.

        `path` is as the client sent it, without the query; literal segments are compared undecoded.
        """
        _, _, first, *tail = path.split("/") if path.count("/") > 1 else ("", "", "")
        tails = self._table.get(first)
        if tails is None or "" in tail:
            raise _nothing()
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
                raise _nothing()
        # HEAD is GET without the body (RFC 9110 § 9.3.2), which the server leaves out.
        found = methods.get("GET" if method == "HEAD" else method)
        if found is None:
            raise self._not_so(first, shape, methods)
        kept, slots = found
        if not slots:
            return kept, ()
        if len(slots) == 1:
            return kept, (_decoded(tail[slots[0]]),)
        return kept, tuple([_decoded(tail[slot]) for slot in slots])

    def _not_so(self, first: str, shape: str, methods: dict[str, tuple[T, tuple[int, ...]]]) -> MethodNotAllowed:
        allow = ", ".join(sorted({*methods, "HEAD"} if "GET" in methods else methods))
        detail = f"This path answers {allow} only." if allow else "This path answers no method."
        if not shape and "search" in self._table[first]:
            detail += f" Search with POST /v1/{first}/search."
        return MethodNotAllowed("method_not_allowed", detail, headers=((b"allow", allow.encode("ascii")),))


def _nothing() -> NotFound:
    return NotFound("route_unknown", "There is nothing at this path.")


def _decoded(segment: str) -> str:
    if "%" not in segment and segment.isascii():
        return segment
    try:
        return unquote_to_bytes(segment).decode("utf-8")
    except UnicodeDecodeError:
        raise _nothing() from None
