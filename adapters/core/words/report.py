"""Reports: answers worked out over a span or at a moment, which are no records."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, ClassVar
from urllib.parse import urlencode

import msgspec

from adapters.core.answer.from_service import STRANGE
from adapters.core.answer.replies import body_of
from adapters.core.calls import Answer, Call, Input, Place, Plan, Reply
from adapters.core.declare.parameter import Parameter
from adapters.core.faults import FieldError, Invalid, ServiceInvalid
from adapters.core.operation import Face, Operation, Request
from adapters.core.payloads import Describing, Given, Media, Schema
from adapters.core.request import parameters
from adapters.core.request.parameters import Parameters

MOST_BYTES = 4 * 2**20
FIRST = "reports"
"""The first segment of every report's path."""
_encode = msgspec.json.Encoder().encode


class Question(msgspec.Struct):
    """What a request asks of a report. `queries`: of each internal call, in order."""

    queries: Sequence[Mapping[str, str]]


class Layout(ABC):
    """What a report is made of: which calls answer a request, and what their answers are put together to.

    model: the public document, every member described. Nothing here does I/O or looks at a clock.
    """

    model: ClassVar[type[msgspec.Struct]]

    @abstractmethod
    def question(self, given: parameters.Given, now: datetime) -> Question:
        """The checked parameters → what to ask; BadParameter or Invalid when together they cannot be."""

    @abstractmethod
    def document(self, question: Any, bodies: Sequence[bytes], now: datetime, alphabets: Mapping[str, str]) -> Any:
        """The answers to the question's queries, in order → a `model`; raises one of STRANGE when they are not as declared."""

    @abstractmethod
    def example(self) -> msgspec.Struct:
        """A `model` as documents show it."""


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """`GET /v1/reports/{name}`: no ids, pages or filters, but query parameters with kinds, and one document.

    scope: the family whose `read` it needs; takes, apart: its parameters, and the pairs that exclude one another; layout:
    which calls it makes and what becomes of them. All its calls are known before the first, so the edge takes the budget
    for all of them first and has several under way at once.
    """

    name: str
    service: str
    path: str
    scope: str
    summary: str
    description: str
    takes: tuple[Parameter, ...]
    apart: tuple[tuple[str, str], ...] = ()
    layout: Layout
    clock: Callable[[], datetime] = field(default=_now, compare=False)

    @property
    def needs(self) -> str:
        """The single scope that guards it."""
        return f"{self.scope}.read"

    def operation(
        self, dates: Sequence[str], alphabets: Mapping[str, str], *, enabled: bool = True, path: str | None = None
    ) -> Operation:
        """The operation `reports.{name}`, alike in the contracts of all `dates`. path: where the deployment's service has it."""
        face = self._face(Place(self.service, path or self.path), alphabets)
        return Operation(
            name=f"{FIRST}.{self.name}",
            first=FIRST,
            tail=self.name,
            method="GET",
            summary=self.summary,
            description=self.description,
            scopes=(self.needs,),
            takes=self.takes,
            limited_as="report",
            service=self.service,
            enabled=enabled,
            faces=dict.fromkeys(dates, face),
        )

    def _face(self, place: Place, alphabets: Mapping[str, str]) -> Face:
        read, layout, clock = Parameters(self.takes, self.apart).read, self.layout, self.clock

        def accept(request: Request) -> Input:
            now = clock()
            return Input(body={"asked": layout.question(read(request.query), now), "now": now})

        def ahead(request: Input) -> tuple[Call, ...]:
            queries = request.body["asked"].queries
            return tuple(Call(place.service, b"GET", _with(place.before, query)) for query in queries)

        def plan(request: Input) -> Plan:
            bodies = yield from _each(ahead(request))
            try:
                document = layout.document(request.body["asked"], bodies, request.body["now"], alphabets)
            except STRANGE as error:
                # Their messages quote the value, which is somebody's data.
                raise ServiceInvalid(type(error).__name__) from None
            body = _encode({"data": document})
            if len(body) > MOST_BYTES:
                raise too_large(f"The report would be larger than {MOST_BYTES >> 20} MiB. Ask for a shorter span.")
            return Answer(200, body)

        return Face(accept, plan, gives=Reported(layout), ahead=ahead)


def _each(calls: Sequence[Call]) -> Generator[Call, Reply, list[bytes]]:
    """Every call; one that fails fails the report, so that there is never a hole in it."""
    bodies = []
    for call in calls:
        bodies.append(body_of((yield call)))  # noqa: PERF401 - a comprehension cannot yield
    return bodies


def _with(path: bytes, query: Mapping[str, str]) -> bytes:
    return path + b"?" + urlencode(query).encode("ascii") if query else path


def too_large(message: str, pointer: str = "") -> Invalid:
    """A report that is refused for its size. pointer: the parameter at fault, if it is one."""
    return Invalid([FieldError(pointer, "report_too_large", message)])


@dataclass(frozen=True)
class Reported(Given):
    """An answer with one report, described by the very types that it is made of."""

    layout: Layout

    def content(self, about: Describing) -> Media:
        model = self.layout.model
        _, named = msgspec.json.schema_components([model], ref_template="#/components/schemas/{name}")
        references = {name: about.add(name, _plain(schema)) for name, schema in named.items()}
        envelope = about.envelope(f"{model.__name__}Answer", references[model.__name__], "A report.")
        return {"schema": envelope, "example": {"data": msgspec.to_builtins(self.layout.example())}}


def _plain(schema: Any) -> Any:
    """A schema without titles, and with type arrays in place of unions with null, for which generators have no name."""
    if isinstance(schema, list):
        return [_plain(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    made: Schema = {name: _plain(inner) for name, inner in schema.items() if name != "title"}
    if "anyOf" in made:
        one, null = made.pop("anyOf")
        made |= {**one, "type": [one["type"], null["type"]]}
    return made
