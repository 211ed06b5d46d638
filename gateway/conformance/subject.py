"""What is checked: one resource as it is declared and offered, and bodies, ids and paths that follow from its declaration."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from typing import Any, Final

from adapters.core.compile.catalogue import Catalogue
from adapters.core.declare.resource import Resource
from adapters.core.operation import Operation
from adapters.core.shapes import NONE, Field, Shape, shapes_of
from gateway.conformance.api import Api, Unmade, ok

_TAKEN: Final = "already_taken"


class Subject:
    """One resource of a catalogue. `operations`: those of it that are offered; ids are in the deployment's `alphabets`."""

    def __init__(
        self,
        catalogue: Catalogue,
        resource: Resource,
        operations: Sequence[Operation],
        alphabets: dict[str, str] | None = None,
    ) -> None:
        self.resource = resource
        self.operations = [each for each in operations if each.first == resource.path and each.enabled]
        self.home = f"/v1/{resource.path}"
        self.dates = [contract.date for contract in catalogue.contracts]
        self.newest = self.dates[0]
        self.id = resource.id.of(alphabets or {})
        self._catalogue = catalogue
        self._beneath: str | None = None
        self._shapes = shapes_of(resource, catalogue.contracts, alphabets or NONE)
        self._names = {each.name.partition(".")[2] for each in self.operations}

    def can(self, *names: str) -> bool:
        """Whether the standard operations of these names are offered."""
        return self._names.issuperset(names)

    def shape(self, date: str) -> Shape:
        """The resource in a contract."""
        return self._shapes[date]

    def sample(self, api: Api, date: str) -> dict[str, Any]:
        """A body that makes a record: every writable field's example, and references only where there must be one."""
        return {
            field.name: self._referred(api, field) if field.kind and field.kind.points_to else field.example
            for field in self.shape(date).fields
            if not field.read_only
            and (field.required or field.today == self.resource.within or not (field.kind and field.kind.points_to))
        }

    def make(self, api: Api, date: str, **instead: Any) -> tuple[dict[str, Any], dict[str, Any], str]:
        """Make a record → the body that was sent, the document that came, and where it is. `instead`: of the examples.

        What another record has already, and no two may have, is made another value.
        """
        body = self.sample(api, date) | instead
        answer = api.call("POST", self.home, body, version=date)
        # A service may tell of one such field at a time.
        for _ in body:
            errors = answer.json()["errors"] if answer.status_code == 422 else []
            taken = {error["pointer"][1:] for error in errors if error["code"] == _TAKEN} & body.keys()
            if not taken:
                break
            body |= {name: _another(self.resource.path, body[name]) for name in taken}
            answer = api.call("POST", self.home, body, version=date)
        if answer.status_code == 422:
            raise Unmade(f"the documented examples make no record: {answer.text[:300]}")
        document = ok(answer, 201)
        return body, document, answer.headers.get("location", f"{self.home}/{document['data']['id']}")

    def least(self, api: Api, date: str, **more: Any) -> dict[str, Any]:
        """The body of a search for all that there is, as far as one search can tell."""
        within = self.resource.within
        if within is None:
            return more
        name = next(field.name for field in self.shape(date).fields if field.today == within)
        condition = {"field": name, "operator": "eq", "value": self.beneath(api)}
        return {**more, "filters": [*more.get("filters", ()), condition]}

    def beneath(self, api: Api) -> str:
        """The id of a record beneath which these lie."""
        if self._beneath is None:
            field = next(each for each in self.shape(self.newest).fields if each.today == self.resource.within)
            self._beneath = str(self._referred(api, field))
        return self._beneath

    @property
    def nobody(self) -> str:
        """A well-formed id that belongs to no record."""
        return self.id.sample()

    def path(self, operation: Operation, record: str = "") -> str:
        """The operation's path for a record, or for nobody's."""
        words = iter(operation.words)
        own = [str(next(words).example) if kind is None else kind.sample() for kind in operation.params]
        steps = iter([record or self.nobody, *own[1:]])
        tail = "/".join(next(steps) if step == "*" else step for step in operation.tail.split("/"))
        return "/".join(part for part in ("/v1", operation.first, tail) if part)

    def _referred(self, api: Api, field: Field) -> Any:
        """The id of some record that the field may point at."""
        of = field.kind.points_to if field.kind else None
        there = next((each for each in self._catalogue.every if of is not None and each.id.prefix == of.prefix), None)
        if there is None:
            return field.example
        rows = ok(api.call("POST", f"/v1/{there.path}/search", {"limit": 1}, version=self.newest))["data"]
        if not rows:
            raise Unmade(f"{field.name} needs one of {there.path}, and there is none")
        return rows[0]["id"]


def _another(path: str, value: object) -> object:
    fresh = f"{path[:3]}-{secrets.token_hex(3)}"
    return f"{fresh}@example.com" if isinstance(value, str) and "@" in value else fresh
