"""Records, lists, pages, ids and queries."""

from __future__ import annotations

from typing import Any, Final

from adapters.core.operation import Body
from gateway.conformance.api import Api, expect, ok, refused, same, unreached
from gateway.conformance.subject import Subject

_FAR: Final = 1000


def a_listed_record_has_the_fields_of_the_model_and_is_the_one_at_its_address(
    api: Api, subject: Subject, date: str
) -> None:
    names = [field.name for field in subject.shape(date).fields]
    for record in ok(api.call("POST", f"{subject.home}/search", subject.least(api, date, limit=5), version=date))[
        "data"
    ]:
        same("fields of a listed record", list(record), names)
        if date == subject.newest:
            subject.resource.model.model_validate(record)
        if subject.can("get"):
            at = f"{subject.home}/{record['id']}"
            same(f"what is at {at}", ok(api.call("GET", at, version=date))["data"], record)


def there_is_no_bare_list(api: Api, subject: Subject, date: str) -> None:
    answer = api.call("GET", subject.home, version=date)
    problem = refused(answer, 405, "method_not_allowed")
    expect("GET" not in answer.headers["allow"].split(", "), answer, "an Allow without GET")
    expect(f"{subject.home}/search" in problem["detail"], answer, "a detail that says where to search")


def a_walk_meets_every_record_once_in_either_direction(api: Api, subject: Subject, date: str) -> None:
    search = f"{subject.home}/search"
    named = {field.today: field for field in subject.shape(date).fields}
    total = ok(api.call("POST", search, subject.least(api, date, limit=1), version=date))["meta"].get("total")
    for sort in subject.resource.order[-1:]:
        for direction in ("asc", "desc"):
            query = {"order_by": named[sort].name, "sort_direction": direction, "limit": 100}
            seen: list[str] = []
            values: list[Any] = []
            cursor = None
            while True:
                asked = subject.least(api, date, **query, **({"cursor": cursor} if cursor else {}))
                page = ok(api.call("POST", search, asked, version=date))
                seen += [row["id"] for row in page["data"]]
                values += [row[named[sort].name] for row in page["data"]]
                cursor = page["meta"]["cursor"]["next"]
                same("has_more", page["meta"]["cursor"]["has_more"], cursor is not None)
                if cursor is None or len(seen) >= _FAR:
                    break
            same(f"records met by {sort} {direction}", len(set(seen)), len(seen))
            if total is not None:
                same("how many there are", len(seen), min(total, max(len(seen), 1)) if total else 0)
            kept = [value for value in values if value is not None]
            if sort.endswith("_at"):
                same(f"the order by {sort}", kept, sorted(kept, reverse=direction == "desc"))


def several_records_are_read_in_the_order_of_their_ids(api: Api, subject: Subject, date: str) -> None:
    found = ok(api.call("POST", f"{subject.home}/search", subject.least(api, date, limit=3), version=date))["data"]
    asked = [*(row["id"] for row in reversed(found)), subject.nobody]
    told = ok(api.call("POST", f"{subject.home}/get", {"ids": [*asked, *asked]}, version=date))
    same("records read by their ids", told["data"], found[::-1])
    same("ids of no record", told["meta"]["missing"], [subject.nobody])


def ids_of_another_kind_are_refused_at_their_place(api: Api, subject: Subject, date: str) -> None:
    with unreached(api, "ids that are none"):
        problem = refused(
            api.call("POST", f"{subject.home}/get", {"ids": [subject.nobody, "xyz"]}, version=date),
            422,
            "validation_failed",
        )
    same("where", [(each["pointer"], each["code"]) for each in problem["errors"]], [("/ids/1", "id_invalid")])


def an_id_of_another_kind_is_not_found_without_any_call(api: Api, subject: Subject, date: str) -> None:
    prefix = subject.id.prefix
    wrongs = (
        "xyz",
        "con-5f2b",
        "1",
        "usr_" + "0" * 24,
        prefix,
        f"{prefix}!",
        prefix + "1" * 200,
        subject.nobody.upper(),
    )
    with unreached(api, "ids that are none"):
        for operation in (each for each in subject.operations if each.params):
            body: dict[str, Any] | None = {} if operation.body is not Body.NONE else None
            for wrong in wrongs:
                answer = api.call(operation.method, subject.path(operation, wrong), body, version=date)
                refused(answer, 404, "record_not_found")


def an_unknown_query_parameter_is_refused(api: Api, subject: Subject, date: str) -> None:
    for operation in subject.operations:
        body: dict[str, Any] | None = {} if operation.body is not Body.NONE else None
        answer = api.call(operation.method, subject.path(operation) + "?business_id=1", body, version=date)
        refused(answer, 400, "parameter_unknown")


def a_record_that_does_not_exist_is_not_found(api: Api, subject: Subject, date: str) -> None:
    refused(api.call("GET", f"{subject.home}/{subject.nobody}", version=date), 404, "record_not_found")
