"""What the verbs of agents can do, compiled once from the operations that this deployment offers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from adapters.core.operation import Body, Operation

PLAIN: Final = ("search", "get", "create", "update", "delete")
"""Verbs with one operation a resource, of the same name."""

Operations = Mapping[str, Operation]


@dataclass(frozen=True, slots=True)
class Offered:
    """plain: verb → resource → operation; actions and related: resource → name → operation; prefixes: of ids → resource."""

    contract: str
    plain: dict[str, dict[str, Operation]] = field(default_factory=lambda: {verb: {} for verb in PLAIN})
    actions: dict[str, dict[str, Operation]] = field(default_factory=dict)
    related: dict[str, dict[str, Operation]] = field(default_factory=dict)
    prefixes: dict[str, str] = field(default_factory=dict)

    @property
    def paths(self) -> tuple[str, ...]:
        """Every resource of which anything is offered."""
        return tuple(
            dict.fromkeys(path for path in [*(path for named in self.plain.values() for path in named), *self.actions])
        )

    def resources(self, verb: str, scopes: frozenset[str]) -> list[str]:
        """The resources on which `verb` is permitted with these scopes."""
        if verb == "act":
            return [path for path, named in self.actions.items() if self.permitted(named, scopes)]
        return self.permitted(self.plain[verb], scopes)

    def permitted(self, named: Operations, scopes: frozenset[str]) -> list[str]:
        """The names whose operations are permitted with these scopes."""
        return [name for name, operation in named.items() if scopes.issuperset(operation.scopes)]

    def resource_of(self, public_id: str) -> str | None:
        """The resource whose ids look like this one."""
        prefix, found, _ = public_id.partition("_")
        return self.prefixes.get(prefix + found)


def offered(operations: Iterable[Operation], contract: str, *, outward: bool) -> Offered:
    """The verbs over `operations`, in one contract. outward: actions that send something to somebody outside are there too."""
    made = Offered(contract)
    for operation in operations:
        if _unusable(operation, contract) or (operation.outward and not outward):
            continue
        resource, _, name = operation.name.partition(".")
        if name in PLAIN:
            made.plain[name][resource] = operation
            if name == "get" and operation.params[0] is not None:
                made.prefixes[operation.params[0].prefix] = resource
        elif operation.tail.startswith("*/") and operation.method == "GET" and operation.tail.count("*") == 1:
            made.related.setdefault(resource, {})[name.removeprefix("list_")] = operation
        elif operation.tail.startswith("*/") and operation.method != "GET":
            made.actions.setdefault(resource, {})[name] = operation
    return made


def _unusable(operation: Operation, contract: str) -> bool:
    """What no agent is offered: what is switched off or not of this contract, files, and what is no resource's."""
    return (
        not operation.enabled
        or operation.faces.get(contract) is None
        or operation.streamed
        or operation.body is Body.FILE
        or bool(operation.takes)
    )
