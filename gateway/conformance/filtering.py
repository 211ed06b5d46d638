"""Every field and operator, and groups of conditions."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final

from adapters.core.shapes import Field
from gateway.conformance.api import Api, expect, ok, refused, same, unreached
from gateway.conformance.subject import Subject

OPERATORS: Final = (
    *("eq", "neq", "in", "not_in", "is_empty", "is_not_empty", "contains", "not_contains", "starts_with", "ends_with"),
    *("gt", "gte", "lt", "lte", "between", "contains_any", "contains_all", "contains_none"),
)
PLURAL: Final = frozenset({"in", "not_in", "between", "contains_any", "contains_all", "contains_none"})
_ALONE: Final = frozenset({"is_empty", "is_not_empty"})


def condition(field: Field, operator: str) -> dict[str, Any]:
    """A condition with operands of the field's type."""
    value = field.kind.operand_example(field.example) if field.kind else field.example
    if operator in _ALONE:
        return {"field": field.name, "operator": operator}
    if operator in PLURAL:
        return {"field": field.name, "operator": operator, "values": [value] * (2 if operator == "between" else 1)}
    return {"field": field.name, "operator": operator, "value": value}


def each_field_and_operator_is_answered_or_refused_with_what_is_allowed(api: Api, subject: Subject, date: str) -> None:
    answered = sum(
        one_call_or_none(api, subject, date, field, operator)
        for field in alike(subject, date)
        for operator in OPERATORS
    )
    same("whether anything can be filtered by", answered > 0, True)


def alike(subject: Subject, date: str) -> list[Field]:
    """Of fields that are alike in all that a filter is made by, the first."""
    found: dict[tuple[object, ...], Field] = {}
    for field in subject.shape(date).fields:
        # What every search names is asked in each.
        if field.today != subject.resource.within:
            dated = field.name != field.today or bool(field.down)
            found.setdefault((type(field.kind), field.many, field.nullable, dated), field)
    return list(found.values())


def one_call_or_none(api: Api, subject: Subject, date: str, field: Field, operator: str) -> bool:
    """Whether a condition is answered, by one call to the service; else it is refused without any, with what is allowed."""
    body = subject.least(api, date, filters=[condition(field, operator)], limit=1)
    before = api.counted()
    answer = api.call("POST", f"{subject.home}/search", body, version=date)
    if answer.status_code == 200:
        same("calls for one page", api.counted(), before if before is None else before + 1)
        return True
    (error, *_) = refused(answer, 422)["errors"]
    expect(error["pointer"] in ("/filters/0/field", "/filters/0/operator"), answer, "an error at the condition")
    expect(error.get("allowed"), answer, "what is allowed")
    if error["pointer"].endswith("operator"):
        expect(operator not in error["allowed"], answer, f"{operator} not among what is allowed")
        expect(set(error["allowed"]) <= set(OPERATORS), answer, "operators that there are")
    same("calls for a refused condition", api.counted(), before)
    return False


def what_eq_finds_has_that_value(api: Api, subject: Subject, date: str) -> None:
    search = f"{subject.home}/search"
    rows = ok(api.call("POST", search, subject.least(api, date, limit=3), version=date))["data"]
    for field in subject.shape(date).fields:
        for row in rows:
            if (value := row[field.name]) is None:
                continue
            wanted = {"field": field.name, "operator": "eq", "value": value}
            query = subject.least(api, date, filters=[wanted], limit=100)
            answer = api.call("POST", search, query, version=date)
            if answer.status_code == 422:
                continue
            found = ok(answer)["data"]
            expect(found, answer, "at least the record that has it")
            # The number decides, whatever digits its currency gives it.
            alike = Decimal if field.kind and field.kind.held is Decimal else str
            same(f"{field.name} eq", {alike(each[field.name]) for each in found}, {alike(value)})


def groups_mean_what_they_say(api: Api, subject: Subject, date: str) -> None:
    search = f"{subject.home}/search"

    if subject.resource.upstream.search.compares is not None:
        return  # A list compares, and knows no groups.

    def total(*filters: dict[str, Any]) -> Any:
        return ok(api.call("POST", search, {"filters": list(filters), "limit": 1}, version=date))["meta"]["total"]

    ids = [row["id"] for row in ok(api.call("POST", search, subject.least(api, date, limit=6), version=date))["data"]]
    if not ids:
        return
    some = {"field": "id", "operator": "in", "values": ids[:4]}
    others = {"field": "id", "operator": "in", "values": ids[2:] or ids}
    both = [each for each in ids if each in some["values"] and each in others["values"]]
    everything, few = total(), len(ids[:4])
    same("some", total(some), few)
    same("some and others", [total(some, others), total({"all": [some, others]})], [len(both)] * 2)
    same("some or others", total({"any": [some, others]}), len(ids))
    same("all but some", total({"not": some}), everything - few)
    nested = {"not": {"any": [some, {"all": [others, some]}]}}
    same("a group in a group in a group", total(nested), everything - few)


def a_search_that_cannot_be_is_refused_at_its_place(api: Api, subject: Subject, date: str) -> None:
    with unreached(api, "searches that cannot be"):
        for body, pointer in (
            ({"limit": 0}, "/limit"),
            ({"limit": 101}, "/limit"),
            ({"limit": "5"}, "/limit"),
            ({"sort_direction": "down"}, "/sort_direction"),
            ({"order_by": "business_id"}, "/order_by"),
            ({"search_text": "a\0b"}, "/search_text"),
            ({"cursor": 5}, "/cursor"),
            ({"filter": []}, "/filter"),
            ({"filters": "x"}, "/filters"),
            ({"filters": [{"field": "business_id", "operator": "eq", "value": "x"}]}, "/filters/0/field"),
            ({"filters": [{"not": []}]}, "/filters/0/not"),
        ):
            answer = refused(api.call("POST", f"{subject.home}/search", body, version=date), 422)
            same(f"where {body} is refused", answer["errors"][0]["pointer"], pointer)
