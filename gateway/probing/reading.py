"""What can be found out by reading alone: lists, searches, records, and everything that is read beneath them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from adapters.core.calls import Id, Input, Window
from adapters.core.declare.resource import ListQuery, Op, Resource
from adapters.core.faults import ServiceInvalid
from adapters.core.operation import Face, Operation
from adapters.core.paging.lookup import MOST_CALLS
from adapters.core.paging.spans import MOST_ROWS
from adapters.core.shapes import Field
from adapters.ids import USER
from gateway.probing.declared import Declared, face_of, sample_id
from gateway.probing.driving import Driven, Judgement, drive, entered, judged, shown
from gateway.probing.findings import UNSERVED, Finding, Sight, Verdict
from gateway.probing.rows import Row, compare, paging_of, record_of, rows_of
from gateway.probing.service import Named, Service

_SAMPLE = 50


class Reader:
    """Asks one service about its resources. known: by resource, a record to ask about."""

    def __init__(self, service: Service, declared: Declared, acting: Named | None = None) -> None:
        self._service = service
        self._declared = declared
        self._acting = acting
        self.known: dict[str, Named] = {}

    async def resource(self, resource: Resource) -> tuple[list[Finding], Sight]:
        """The findings about a resource's search and get."""
        sight, findings = Sight(resource.path), []
        rows: list[Row] = []
        listing = await self._listing(resource, sight, rows)
        if Op.SEARCH in resource.operations:
            findings.append(await self._search(resource, sight, rows, listing))
        existing = next((self._id(resource, row) for row in rows if type(row.get("id")) in (str, int)), None)
        self.known[resource.path] = Named(existing or sample_id(resource), existing is not None)
        if existing is None and self._acting is not None and resource.id.prefix == USER.prefix:
            self.known[resource.path] = self._acting
        if Op.GET in resource.operations:
            findings.append(await self._get(resource, sight, rows, listing))
        compare(self._declared.shape(resource), rows, sight)
        return findings, sight

    async def _listing(self, resource: Resource, sight: Sight, rows: list[Row]) -> Judgement:
        """Whether the service's list is there and pages as declared."""
        if resource.upstream.lists is None:
            return Verdict.MISSING, "no list is declared"
        face = face_of(self._declared.listed[f"{resource.path}.search"])
        driven, judgement = await self._walk(face, self._above(resource))
        if driven.raw is not None and driven.said[-1][1].status == 200:
            found, sight.list_envelope = rows_of(driven.raw)
            sight.paging, sight.rows = paging_of(driven.raw)
            if _whole(resource) and sight.paging == "unknown":
                sight.paging, sight.rows = "whole", len(found)
            rows += found
        declared = resource.upstream.lists.style
        if isinstance(driven.fault, ServiceInvalid) and sight.paging not in (declared, None):
            return judgement[0], f"the list pages by {sight.paging}, declared is {declared}: {judgement[1]}"
        return judgement

    async def _search(self, resource: Resource, sight: Sight, rows: list[Row], listing: Judgement) -> Finding:
        name = f"{resource.path}.search"
        driven, (verdict, note) = await self._walk(face_of(self._declared.own[name]), self._above(resource))
        call = _call(driven, None)
        if resource.upstream.search.compares is None:
            found, _ = rows_of(driven.raw) if verdict is not Verdict.MISSING else ([], None)
            if verdict is Verdict.ANSWERS:
                rows += found
                sight.rows = driven.raw.get("total", sight.rows)
                if found and not await self._selects(name, resource, found[0]):
                    verdict, note = Verdict.DIFFERS, "ignores `where`"
            sight.structured_search = None if verdict is Verdict.UNCLEAR else verdict is Verdict.ANSWERS
            if verdict in UNSERVED and listing[0] is Verdict.ANSWERS:
                lists = resource.upstream.lists
                assert lists is not None
                verdict, note = await self._filtered(name, lists, resource, rows, note)
            elif verdict in UNSERVED and listing[0] is Verdict.DIFFERS:
                note = f"{note}; {listing[1]}"
        return Finding(name, call, verdict, note)

    def above(self, resource: Resource) -> Id:
        """The internal id of a record beneath which the service may have some of these; None where they lie beneath none."""
        if resource.id.above is None:
            return None
        parent = next((each for each in self._declared.resources if each.id == resource.id.above), None)
        return self.known[parent.path].id if parent is not None and parent.path in self.known else None

    def _above(self, resource: Resource) -> dict[str, Any]:
        """What a search must say."""
        if resource.id.above is None:
            return {}
        value = resource.id.above.encode(self.above(resource))
        return {"filters": [{"field": resource.within, "operator": "eq", "value": value}]}

    def _id(self, resource: Resource, row: Row) -> Id:
        made: Id = resource.id.beneath_one(self.above(resource), row["id"])
        return made

    async def _walk(self, face: Face, asked: dict[str, Any]) -> tuple[Driven, Judgement]:
        """Two pages: nothing on the first may be on the second."""
        first = await drive(self._service, face.plan(entered(face, document={**asked, "limit": _SAMPLE})))
        judgement = await judged(self._service, first)
        following = first.public.get("meta", {}).get("cursor", {}).get("next") if first.answer is not None else None
        if following is None:
            return first, judgement
        second = await drive(
            self._service, face.plan(entered(face, document={**asked, "limit": _SAMPLE, "cursor": following}))
        )
        again = await judged(self._service, second)
        if again[0] is not Verdict.ANSWERS:
            return first, (again[0], f"on the second page: {again[1]}")
        seen = {row["id"] for row in first.public["data"]}
        if not second.public["data"] or seen & {row["id"] for row in second.public["data"]}:
            return first, (Verdict.DIFFERS, "gives the same page again")
        return first, judgement

    async def _selects(self, name: str, resource: Resource, row: Row) -> bool:
        """Whether a structured search for one id gives that record alone."""
        where = {"field": "id", "op": "eq", "value": row.get("id")}
        found, _ = rows_of((await self._asked(self._declared.own[name], resource, where)).raw)
        return [each.get("id") for each in found] == [row.get("id")]

    async def _filtered(self, name: str, lists: ListQuery, resource: Resource, rows: list[Row], note: str) -> Judgement:
        """Whether the list compares what is declared that it compares."""
        today = self._declared.shape(resource).today()
        ignored = []
        for field in lists.filters:
            held = today[field].held
            value = _telling([row.get(held) for row in rows])
            if value is not None:
                where = {"field": held, "op": "eq", "value": value}
                found, _ = rows_of((await self._asked(self._declared.listed[name], resource, where)).raw)
                if not found or not all(_has(row.get(held), value) for row in found):
                    ignored.append(held)
        if ignored:
            return Verdict.DIFFERS, f"{note}; the list ignores {', '.join(ignored)}"
        return Verdict.VIA_LIST, f"{note}; the list filters by {', '.join(lists.filters) or 'nothing'}"

    async def _asked(self, operation: Operation, resource: Resource, where: dict[str, Any]) -> Driven:
        window = Window(limit=_SAMPLE, where=where, order_by=resource.order[0], seal=str)
        above = self.above(resource)
        ids = () if above is None else (above,)
        return await drive(self._service, face_of(operation).plan(Input(ids=ids, window=window)))

    async def _get(self, resource: Resource, sight: Sight, rows: list[Row], listing: Judgement) -> Finding:
        name, named = f"{resource.path}.get", self.known[resource.path]
        driven = await drive(self._service, face_of(self._declared.own[name]).plan(Input(ids=(named.id,))))
        verdict, note = await judged(self._service, driven, named)
        call = _call(driven, named.text)
        if verdict is Verdict.ANSWERS and driven.answer is not None and not _whole(resource):
            record, sight.record_envelope = record_of(driven.raw)
            rows += [record] if record else []
            absent = face_of(self._declared.own[name]).plan(Input(ids=(sample_id(resource),)))
            await self._service.calibrate(next(absent), Named(sample_id(resource), exists=False).text)
        if resource.id.decode(resource.id.encode(named.id)) is None:
            return Finding(name, call, Verdict.DIFFERS, f"ids are not of the declared alphabet {resource.id.alphabet}")
        if verdict in UNSERVED and listing[0] is Verdict.ANSWERS and named.exists:
            via = await drive(self._service, face_of(self._declared.listed[name]).plan(Input(ids=(named.id,))))
            verdict, told = await judged(self._service, via, named)
            most = MOST_CALLS * MOST_ROWS
            if verdict is Verdict.ANSWERS:
                cost = f"only the newest {most} of {sight.rows}" if (sight.rows or 0) > most else "at most 10 calls"
                return Finding(name, call, Verdict.VIA_LIST, f"{note}; {cost}")
            note = f"{note}; {told}"
        return Finding(name, call, verdict, note)

    async def beneath(self, resource: Resource, operation: Operation, suggested: Mapping[str, Operation]) -> Finding:
        """An operation that reads something under a record, or all records."""
        named = self.known[resource.path]
        face = face_of(suggested[operation.name])
        if operation.streamed:
            return await self._export(operation, face)
        if operation.charged:
            return await self._several(operation, face, named)
        query = {"limit": str(_SAMPLE)} if operation.query else None
        ids = (named.id,) * len(operation.params)
        driven = await drive(self._service, face.plan(entered(face, *ids, query=query)))
        verdict, note = await judged(self._service, driven, named)
        by = operation.by
        if verdict is Verdict.ANSWERS and by is not None and not named.exists:
            verdict, note = Verdict.UNCLEAR, "there is no record to ask with"
        elif verdict is Verdict.ANSWERS and by is not None and not _belong(by, driven, named):
            verdict, note = Verdict.DIFFERS, f"the list ignores {by.name}"
        elif verdict is Verdict.ANSWERS and operation.query and by is None:
            absent = face.plan(entered(face, sample_id(resource), query=query))
            await self._service.calibrate(next(absent), Named(sample_id(resource), exists=False).text)
        return Finding(operation.name, _call(driven, named.text), verdict, note)

    async def _several(self, operation: Operation, face: Face, named: Named) -> Finding:
        """Whether the record is found among several, if it is with one call."""
        driven = await drive(self._service, face.plan(Input(ids=(named.id,))))
        verdict, note = await judged(self._service, driven, named)
        if verdict is Verdict.ANSWERS and named.exists and not driven.public["data"]:
            verdict, note = Verdict.DIFFERS, "does not find a record that it lists"
        elif verdict is Verdict.ANSWERS and not named.exists:
            verdict, note = Verdict.UNCLEAR, "there is no record to ask with"
        return Finding(operation.name, _call(driven, named.text), verdict, note)

    async def _export(self, operation: Operation, face: Face) -> Finding:
        plan = face.plan(Input())
        call = next(plan)
        answer, first = await self._service.beginning(call)
        if answer.status != 200:
            lacking = await self._service.lacks(call, answer, None)
            verdict = Verdict.MISSING if lacking else Verdict.UNCLEAR
            return Finding(operation.name, shown(call, None), verdict, str(answer.status))
        assert face.translate is not None
        try:
            face.translate(Input()).feed(first)
        except (ServiceInvalid, ValueError) as error:
            return Finding(operation.name, shown(call, None), Verdict.DIFFERS, f"its first line: {error}")
        return Finding(operation.name, shown(call, None), Verdict.ANSWERS, "")


def _whole(resource: Resource) -> bool:
    """Whether records are looked up in a list that comes all at once, so that no call is for one of them."""
    return resource.upstream.lists is not None and resource.upstream.lists.style == "whole"


def _belong(by: Field, driven: Driven, named: Named) -> bool:
    """Whether every row of a list beneath a record points at that record."""
    return all(row.get(by.held) == named.id for row in rows_of(driven.raw)[0])


def _call(driven: Driven, record_id: str | None) -> str:
    return shown(driven.said[-1][0], record_id) if driven.said else ""


def _telling(values: list[Any]) -> Any:
    """A value that some rows have and others have not, so that a filter by it must show."""
    flat = [item for value in values for item in (value if isinstance(value, list) else [value])]
    return next((item for item in flat if item not in (None, "") and not all(_has(v, item) for v in values)), None)


def _has(held: Any, value: Any) -> bool:
    return value in held if isinstance(held, list) else bool(held == value)
