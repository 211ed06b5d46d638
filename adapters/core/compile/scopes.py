"""Which single scopes there are: those that an operation of a declared resource needs, and no other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from adapters.core.compile.catalogue import words_of
from adapters.core.declare.resource import Resource

ACTIONS = ("read", "write", "delete")


def single_scopes(resources: Sequence[Resource]) -> tuple[str, ...]:
    """`contact.read`, …: by family in the order of the declarations, and in each what reads, writes and deletes."""
    needed = set(_needed(resources))
    families = dict.fromkeys(scope.partition(".")[0] for scope in _needed(resources))
    return tuple(scope for family in families for action in ACTIONS if (scope := f"{family}.{action}") in needed)


def _needed(resources: Sequence[Resource]) -> Iterator[str]:
    for resource in resources:
        for word in words_of(resource):
            yield from word.needs(resource)
