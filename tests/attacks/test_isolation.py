"""One tenant's records from another's token: in references, filters and lists; and scopes that do not add up."""

from __future__ import annotations

from typing import Any

import pytest

from adapters import RESOURCES
from adapters.core.compile.catalogue import prefixes
from adapters.core.declare.resource import Op, Resource
from adapters.core.operation import Operation
from tests.conformance.declared import BENEATH, CREATABLE, OPERATIONS, UPDATABLE, least, name, path, sample, shape
from tests.live import NEWEST, Live

BY_PREFIX = {resource.id.prefix: resource for resource in RESOURCES}
BY_PATH = {resource.path: resource for resource in RESOURCES}


_KINDS = prefixes(RESOURCES)
_REACHABLE = {*BY_PREFIX, "usr_", "stage_"}


def _theirs(live: Live, prefix: str) -> str:
    """The id of a record of tenant b."""
    if prefix == "usr_":
        return prefix + live.b.users["owner"]["user_id"]
    if prefix == "stage_":
        found = live.call("POST", "/v1/pipelines/search", {"limit": 1}, token=live.b.tokens["owner"]).json()["data"]
        stage: str = found[0]["stages"][0]["id"]
        return stage
    resource = BY_PREFIX[prefix]
    body = least(resource, 1, limit=1)
    found = live.call("POST", f"/v1/{resource.path}/search", body, token=live.b.tokens["owner"]).json()["data"]
    record: str = found[0]["id"]
    return record


def _nobody(prefix: str) -> str:
    return _KINDS[prefix].sample()


def _alike(live: Live, prefix: str) -> list[tuple[str, str]]:
    """The id of a record of tenant b and one that nobody has; of pairs, also those that say they lie beneath a record of a."""
    pairs = [(_theirs(live, prefix), _nobody(prefix))]
    kind = _KINDS[prefix]
    if kind.above is not None and kind.by is not None:
        ours = kind.above.decode(BENEATH[kind.by][0])
        theirs, nobodys = (kind.encode(kind.beneath_one(ours, kind.inner(each))) for each in pairs[0])
        pairs.append((theirs, nobodys))
    return pairs


def _references(resource: Resource) -> list[tuple[str, str]]:
    return [
        (f.name, f.kind.points_to.prefix)
        for f in shape(resource, NEWEST).fields
        if f.kind and f.kind.points_to and not f.read_only
    ]


def _in_lists(resource: Resource) -> list[tuple[str, str, str]]:
    """References within the lists of records that a create sends: the list, the field, the prefix."""
    return [
        (field.name, inner.name, inner.kind.points_to.prefix)
        for field in shape(resource, NEWEST).fields
        if field.many and field.nested and not field.read_only
        for inner in field.nested.fields
        if inner.kind and inner.kind.points_to and not inner.names_row
    ]


def _told(answer: Any) -> tuple[int, Any]:
    document = answer.json()
    assert document.pop("trace_id")
    return answer.status_code, document


@pytest.mark.parametrize("resource", [r for r in CREATABLE if _in_lists(r)], ids=name)
def test_a_reference_in_a_list_to_another_tenant_s_record_is_one_to_nothing(live: Live, resource: Resource) -> None:
    for rows, field, prefix in _in_lists(resource):
        body = sample(resource, NEWEST)
        first, *rest = body[rows]
        told = [
            _told(live.call("POST", f"/v1/{resource.path}", {**body, rows: [{**first, field: each}, *rest]}))
            for each in (_theirs(live, prefix), _nobody(prefix))
        ]
        assert told[0] == told[1], field
        assert [(e["pointer"], e["code"]) for e in told[0][1]["errors"]] == [(f"/{rows}/0/{field}", "refused")]


@pytest.mark.parametrize("resource", [r for r in CREATABLE if _references(r)], ids=name)
def test_a_reference_to_another_tenant_s_record_is_one_to_nothing(live: Live, resource: Resource) -> None:
    for field, prefix in _references(resource):
        for pair in _alike(live, prefix):
            told = [
                _told(live.call("POST", f"/v1/{resource.path}", {**sample(resource, NEWEST), field: each}))
                for each in pair
            ]
            assert told[0] == told[1], field
            assert told[0][0] == 422
            assert [error["pointer"] for error in told[0][1]["errors"]] == [f"/{field}"]


@pytest.mark.parametrize("resource", UPDATABLE, ids=name)
def test_a_record_cannot_be_tied_to_another_tenant_s_later(live: Live, resource: Resource) -> None:
    made = live.call("POST", f"/v1/{resource.path}", sample(resource, NEWEST)).headers["location"]
    for field, prefix in _references(resource):
        for pair in _alike(live, prefix):
            told = [_told(live.call("PATCH", made, {field: each})) for each in pair]
            assert told[0] == told[1], field
            assert told[0][0] == 422


@pytest.mark.parametrize("resource", [r for r in RESOURCES if Op.SEARCH in r.operations], ids=name)
def test_a_filter_by_another_tenant_s_ids_finds_nothing(live: Live, resource: Resource) -> None:
    compares = resource.upstream.search.compares
    within = {resource.within: {"eq"}} if resource.within else {}
    filterable = [
        f
        for f in shape(resource, NEWEST).fields
        if f.kind and f.kind.points_to and f.operators and f.kind.points_to.prefix in _REACHABLE
        if compares is None or f.name in {*compares, *within}
    ]
    for field in filterable:
        assert field.kind
        assert field.kind.points_to
        if resource not in CREATABLE:
            continue
        able = {"eq", "in"} if compares is None else {**compares, **within}[field.name]
        for operator, member in (("eq", "value"), ("in", "values")):
            if operator not in able:
                continue
            for theirs, _ in _alike(live, field.kind.points_to.prefix):
                condition = {
                    "field": field.name,
                    "operator": operator,
                    member: [theirs] if member == "values" else theirs,
                }
                # Two conditions on the record above would be one of ours and one of theirs.
                asked = (
                    {"filters": [condition]} if field.name == resource.within else least(resource, filters=[condition])
                )
                found = live.call("POST", f"/v1/{resource.path}/search", asked)
                assert (found.status_code, found.json()["data"]) == (200, []), field.name


@pytest.mark.parametrize("resource", [r for r in RESOURCES if Op.SEARCH in r.operations], ids=name)
def test_a_search_finds_own_records_only(live: Live, resource: Resource) -> None:
    own, theirs = [
        {
            row["id"]
            for row in live.call(
                "POST", f"/v1/{resource.path}/search", least(resource, index, limit=100), token=tenant.tokens["owner"]
            ).json()["data"]
        }
        for index, tenant in enumerate((live.a, live.b))
    ]
    assert own and theirs and not own & theirs


@pytest.mark.parametrize("operation", OPERATIONS, ids=name)
def test_all_of_a_family_is_enough_and_all_of_another_is_nothing(live: Live, operation: Operation) -> None:
    resource = BY_PATH.get(operation.first)
    families = {scope.split(".")[0] for scope in operation.scopes}
    every = {r.scope for r in RESOURCES}
    enough = live.token(live.a, "owner", " ".join(f"{family}.all" for family in families))
    assert live.call(operation.method, path(operation, resource), token=enough).status_code not in (401, 403)
    others = live.token(
        live.a, "owner", " ".join(f"{family}.all" for family in every - families) + " contact contact.* *.read .all"
    )
    refused = live.call(operation.method, path(operation, resource), token=others)
    assert (refused.status_code, refused.json()["code"]) == (403, "scope_missing")


@pytest.mark.parametrize("operation", OPERATIONS, ids=name)
def test_without_a_token_every_operation_says_the_same(live: Live, operation: Operation) -> None:
    before = live.counted()
    target = path(operation, BY_PATH.get(operation.first))
    refused = live.call(operation.method, target, headers={"Authorization": ""})
    assert (refused.status_code, refused.json()["code"]) == (401, "token_missing")
    assert live.counted() == before
