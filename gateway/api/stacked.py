"""How stages become one handler, and why they cannot stand in another order."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from adapters.core.operation import Operation
from gateway.api.dependencies import Dependencies

A = TypeVar("A")
B = TypeVar("B")
C = TypeVar("C")
D = TypeVar("D")
E = TypeVar("E")
F = TypeVar("F")
G = TypeVar("G")
H = TypeVar("H")
J = TypeVar("J")
Outer = TypeVar("Outer")
Inner = TypeVar("Inner")

Stage = Callable[[Operation, Dependencies, Inner], Outer]
Innermost = Callable[[Operation, Dependencies], Outer]


def stacked(
    first: Stage[B, A],
    second: Stage[C, B],
    third: Stage[D, C],
    fourth: Stage[E, D],
    fifth: Stage[F, E],
    sixth: Stage[G, F],
    seventh: Stage[H, G],
    eighth: Stage[J, H],
    last: Innermost[J],
) -> Innermost[A]:
    """The stages around each other, outermost first. Each takes what the one after it needs, so no other order type-checks."""

    def build(operation: Operation, dependencies: Dependencies) -> A:
        each = operation, dependencies
        inner = fifth(*each, sixth(*each, seventh(*each, eighth(*each, last(*each)))))
        return first(*each, second(*each, third(*each, fourth(*each, inner))))

    return build
