"""What a package from outside adds to the API: the value that a deployment's `resources` lead to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from adapters.core.declare.changes import Contract
from adapters.core.declare.event import Announced
from adapters.core.declare.resource import Resource
from adapters.core.words.report import Report


@dataclass(frozen=True, slots=True, kw_only=True)
class Extension:
    """The resources and reports of a package, and what its services only tell of (`announced`), as its attribute `EXTENSION`.

    contracts: changes of its own resources, by the date of the contract that brought them. One of a date that the gateway
    does not have is a new contract of the whole API. restricted: families of scopes that a role has only when they are
    named in it, however much its patterns cover.
    """

    resources: Sequence[Resource] = ()
    reports: Sequence[Report] = ()
    announced: Sequence[Announced] = ()
    contracts: Sequence[Contract] = ()
    restricted: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        if not self.resources and not self.reports:
            raise TypeError("an extension adds resources or reports, and this one has neither")
