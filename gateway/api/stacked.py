"""How stages become one handler, and why they cannot stand in another order."""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter
from typing import Any, TypeVar, cast

from adapters.core.operation import Operation
from gateway.api.dependencies import Dependencies
from gateway.api.exchange import Exchange
from gateway.observe import tracing
from gateway.observe.trace import Mark

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

    def behind(operation: Operation, dependencies: Dependencies) -> D:
        each = operation, dependencies
        mark = _marked if tracing.enabled() else _unmarked
        inner = mark(eighth, eighth(*each, mark(ninth, ninth(*each, mark(last, last(*each))))))
        outer = mark(sixth, sixth(*each, mark(seventh, seventh(*each, inner))))
        return mark(fourth, fourth(*each, mark(fifth, fifth(*each, outer))))

    def build(operation: Operation, dependencies: Dependencies) -> A:
        each = operation, dependencies
        mark = _marked if tracing.enabled() else _unmarked
        return first(*each, mark(second, second(*each, mark(third, third(*each, behind)))))

    return build


def _marked(stage: Callable[..., object], handler: A) -> A:
    """The handler, which notes of a request that is recorded when the stage begins."""
    name, call = stage.__name__, cast("Callable[..., object]", handler)

    def marked(first: Any, *rest: Any) -> object:
        exchange: Exchange = getattr(first, "exchange", first)
        if exchange.trace.marks is not None:
            exchange.trace.marks.append(Mark(name, perf_counter()))
        return call(first, *rest)

    return cast("A", marked)


def _unmarked(_: Callable[..., object], handler: A) -> A:
    return handler
