"""Reading several records by their ids in one request."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from pydantic_core import SchemaValidator, ValidationError, core_schema

from adapters.core.answer.from_service import Outward
from adapters.core.calls import Answer, Call, Input, Plan, Planner
from adapters.core.compile.builder import Builder
from adapters.core.declare.ids import IdType
from adapters.core.declare.kinds import Reference
from adapters.core.declare.word import Word
from adapters.core.faults import Invalid
from adapters.core.operation import Body, Face, Operation, Request
from adapters.core.paging.lookup import LookAll
from adapters.core.payloads import JSON, Describing, Given, Media, Sent
from adapters.core.request.json_body import MOST_ERRORS, describe
from adapters.core.request.selection import FIELDS, Selection
from adapters.core.shapes import Shape

MOST_IDS = 100


@dataclass(frozen=True)
class GetMany(Word):
    """`POST /{resource}/get` with `{"ids": […]}`: the records in the order of the ids, and which of these are not there."""

    verb: ClassVar[str] = "read"

    def operations(self, build: Builder) -> Iterator[Operation]:
        resource, several = build.resource, build.look_all()
        ahead = several.ahead

        def foreseen(request: Input) -> Sequence[Call]:
            assert ahead is not None
            return ahead(request.ids)

        def face(date: str, shape: Shape) -> Face:
            plan = build.planned(date, lambda outward: reading(several.look, resource.id, outward))
            foresees = foreseen if ahead else None
            return Face(
                Asking(resource.id, Selection(shape)).accept,
                plan,
                Ids(shape, resource.id),
                Several(shape),
                ahead=foresees,
            )

        yield build.operation(
            "get_many",
            "POST",
            "get",
            "read",
            face,
            able=build.finds_all,
            summary=f"Get several {resource.path}",
            description=f"Reads up to {MOST_IDS} {resource.path} by their ids, in the order of these. An id that is sent more than "
            "once is read, answered and counted once. Ids of records that do not exist, or are not visible to you, are in "
            "`meta.missing`. Counts as one request for each id on every rate limit; when the limits do not allow all of them, "
            "none is read.",
            body=Body.JSON,
            charged=True,
        )


class Asking:
    """The compiled body of such a request in one contract."""

    def __init__(self, of: IdType, selection: Selection) -> None:
        self._decode, self._chosen = of.decode, selection.chosen
        ids = core_schema.list_schema(Reference(of).core(), strict=True, min_length=1, max_length=MOST_IDS)
        fields = {
            "ids": core_schema.typed_dict_field(ids, required=True),
            FIELDS: core_schema.typed_dict_field(core_schema.nullable_schema(selection.core()), required=False),
        }
        self._check = SchemaValidator(core_schema.typed_dict_schema(fields, extra_behavior="forbid"))

    def accept(self, request: Request) -> Input:
        """The ids, each once; Invalid names every fault."""
        try:
            sent: dict[str, Any] = self._check.validate_python(request.document)
        except ValidationError as error:
            found = error.errors(include_url=False)
            raise Invalid([describe(each, ("ids", FIELDS)) for each in found[:MOST_ERRORS]]) from None
        ids = tuple(map(self._decode, dict.fromkeys(sent["ids"])))
        return Input(ids=ids, units=len(ids), fields=self._chosen(sent.get(FIELDS)))


def reading(look: LookAll, of: IdType, outward: Outward) -> Planner:
    """The records that are there, and the ids of those that are not."""

    def plan(request: Input) -> Plan:
        found = yield from look(request.ids)
        rows = [outward.read(found[each]) for each in request.ids if each in found]
        return Answer(200, outward.several(rows, [of.encode(each) for each in request.ids if each not in found]))

    return plan


@dataclass(frozen=True)
class Ids(Sent):
    """A body with ids of records."""

    shape: Shape
    of: IdType

    def content(self, about: Describing) -> dict[str, Media]:
        ids = {
            "type": "array",
            "minItems": 1,
            "maxItems": MOST_IDS,
            "items": Reference(self.of).strict(),
            "description": f"Which records, 1 to {MOST_IDS}.",
        }
        schema = {
            "type": "object",
            "description": "Which records are read.",
            "additionalProperties": False,
            "required": ["ids"],
            "properties": {"ids": ids, FIELDS: about.fields(self.shape)},
        }
        return {JSON: {"schema": about.add(f"{self.shape.name}GetMany", schema), "example": self.sample()}}

    def sample(self) -> Any:
        return {"ids": [self.shape.named()["id"].example]}


@dataclass(frozen=True)
class Several(Given):
    """An answer with the records that are there, and the ids of those that are not."""

    shape: Shape

    def content(self, about: Describing) -> Media:
        schema = about.several(f"{self.shape.name}List", about.record(self.shape), MOST_IDS)
        return {"schema": schema, "example": {"data": [self.shape.example()], "meta": {"missing": []}}}
