"""How stages become one handler, and why they cannot stand in another order."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

from adapters.core.operation import Operation
from gateway.api.dependencies import Dependencies
from gateway.api.exchange import Exchange
from gateway.observe import tracing
from gateway.observe.trace import Said

A = TypeVar("A")
B = TypeVar("B")
C = TypeVar("C")
D = TypeVar("D")
E = TypeVar("E")
F = TypeVar("F")
G = TypeVar("G")
H = TypeVar("H")
J = TypeVar("J")
K = TypeVar("K")
Outer = TypeVar("Outer")
Inner = TypeVar("Inner")

Stage = Callable[[Operation, Dependencies, Inner], Outer]
Innermost = Callable[[Operation, Dependencies], Outer]
Rebuilding = Callable[[Operation, Dependencies, Innermost[Inner]], Outer]
"""A stage that may make those behind it anew, around other parts."""


class _Plain:
    """How stages are put around each other: just so."""

    @staticmethod
    def around(stage: Stage[Inner, Outer], each: tuple[Operation, Dependencies], proceed: Inner) -> Outer:
        return stage(*each, proceed)

    @staticmethod
    def innermost(handler: A) -> A:
        return handler


class _Marked(_Plain):
    """The same, and of a request that is recorded each notes when it begins."""

    @staticmethod
    def around(stage: Stage[Inner, Outer], each: tuple[Operation, Dependencies], proceed: Inner) -> Outer:
        made = stage(*each, proceed)
        # One that has nothing to do for an operation is what it stands around.
        return made if cast("object", made) is proceed else _entering(Said(stage.__name__), made)

    @staticmethod
    def innermost(handler: A) -> A:
        # What it waits for are its calls, which have spans of their own.
        return _entering(None, handler)


def stacked(
    first: Stage[B, A],
    second: Stage[C, B],
    third: Rebuilding[D, C],
    fourth: Stage[E, D],
    fifth: Stage[F, E],
    sixth: Stage[G, F],
    seventh: Stage[H, G],
    eighth: Stage[J, H],
    ninth: Stage[K, J],
    last: Innermost[K],
) -> Innermost[A]:
    """The stages around each other, outermost first. Each takes what the one after it needs, so no other order type-checks."""

    def built(operation: Operation, dependencies: Dependencies, innermost: K, how: type[_Plain]) -> A:
        put = how.around

        def behind(of: Operation, parts: Dependencies) -> D:
            each = of, parts
            end = how.innermost(innermost if parts is dependencies else last(*each))
            inner = put(seventh, each, put(eighth, each, put(ninth, each, end)))
            return put(fourth, each, put(fifth, each, put(sixth, each, inner)))

        each = operation, dependencies
        return first(*each, put(second, each, put(third, each, behind)))

    def build(operation: Operation, dependencies: Dependencies) -> A:
        # One for both: it may keep something, such as how many streams are open.
        innermost = last(operation, dependencies)
        plain = built(operation, dependencies, innermost, _Plain)
        if not tracing.enabled():
            return plain
        return _either(plain, lambda: built(operation, dependencies, innermost, _Marked))

    return build


def _either(plain: A, make: Callable[[], A]) -> A:
    """Of a request that is recorded the stages are marked, and it alone pays for that; made when the first one comes."""
    proceed = cast("Callable[[Exchange], object]", plain)
    made: Callable[[Exchange], object] | None = None

    def either(exchange: Exchange) -> object:
        nonlocal made
        if exchange.trace.marks is None:
            return proceed(exchange)
        if made is None:
            made = cast("Callable[[Exchange], object]", make())
        return made(exchange)

    return cast("A", either)


def _entering(said: Said | None, handler: A) -> A:
    """The handler, which notes when it begins."""
    call = cast("Callable[..., object]", handler)

    def entered(first: Any, *rest: Any) -> object:
        exchange: Exchange = getattr(first, "exchange", first)
        if exchange.trace.marks is not None:
            exchange.trace.marks.enter(said)
        return call(first, *rest)

    return cast("A", entered)
