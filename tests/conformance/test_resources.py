"""Every declared resource keeps the public contract, whatever it is: what a new declaration gets for nothing."""

from __future__ import annotations

from typing import Any

import pytest

from adapters import RESOURCES
from adapters.core.calls import Place
from adapters.core.declare.changes import Contract
from adapters.core.declare.resource import Op, Resource
from adapters.core.operation import Body, Operation
from adapters.core.shapes import Field
from gateway.auth.scopes import allowed
from gateway.config.policies import default_roles
from gateway.versions import CONTRACTS
from tests.conformance.declared import (
    COLLECTIONS,
    CREATABLE,
    CUSTOMIZED,
    DELETABLE,
    OPERATIONS,
    UPDATABLE,
    agrees,
    foreign,
    least,
    name,
    path,
    sample,
    shape,
    told,
)
from tests.live import OFFERED, Live

BY_PATH = {resource.path: resource for resource in RESOURCES}
every_contract = pytest.mark.parametrize("contract", CONTRACTS, ids=name)


@every_contract
@pytest.mark.parametrize("resource", CREATABLE, ids=name)
def test_what_is_created_is_read_back_as_it_was_sent(live: Live, resource: Resource, contract: Contract) -> None:
    body = sample(resource, contract.date)
    made = live.call("POST", f"/v1/{resource.path}", body, version=contract.date)
    assert made.status_code == 201, made.text
    location = made.headers["location"]
    read = live.call("GET", location, version=contract.date)
    assert read.status_code == 200
    assert read.json() == made.json()
    record = read.json()["data"]
    assert location == f"/v1/{resource.path}/{record['id']}"
    assert agrees(body, record)
    assert list(record) == [field.name for field in shape(resource, contract.date).fields]


@pytest.mark.parametrize("resource", RESOURCES, ids=name)
def test_a_record_answers_what_the_service_holds_in_the_public_model_and_nothing_else(
    live: Live, resource: Resource
) -> None:
    newest = shape(resource, CONTRACTS[0].date)
    if resource in CREATABLE:
        live.call("POST", f"/v1/{resource.path}", sample(resource, CONTRACTS[0].date)).raise_for_status()
    listed = live.call("POST", f"/v1/{resource.path}/search", least(resource, limit=25)).json()["data"]
    assert listed
    for record in listed:
        resource.model.model_validate(record)
        secret = live.service_key if resource.upstream.service == "auth" else live.a.api_key
        key = {"Authorization": f"Bearer {secret}"}
        place = Place(resource.upstream.service, f"{resource.upstream.path}/{{id}}")
        answer = live.sandbox.get(place.of(resource.id.decode(record["id"])).decode(), headers=key)
        assert record == told(newest, answer.raise_for_status().json()["data"])


@pytest.mark.parametrize("resource", DELETABLE, ids=name)
def test_a_deleted_record_is_gone(live: Live, resource: Resource) -> None:
    made = live.call("POST", f"/v1/{resource.path}", sample(resource, CONTRACTS[0].date))
    location = made.headers["location"]
    gone = live.call("DELETE", location)
    assert (gone.status_code, gone.content) == (204, b"")
    assert "content-type" not in gone.headers
    for method in ("GET", "DELETE"):
        again = live.call(method, location)
        assert (again.status_code, again.json()["code"]) == (404, "record_not_found")


@every_contract
@pytest.mark.parametrize("resource", UPDATABLE, ids=name)
def test_a_patch_keeps_what_it_does_not_name(live: Live, resource: Resource, contract: Contract) -> None:
    made = live.call("POST", f"/v1/{resource.path}", sample(resource, contract.date), version=contract.date)
    before = made.json()["data"]
    # A field that a rule speaks of may be needed by what is there.
    ruled = {name for rule in resource.rules for name in rule.needs}
    known = sample(resource, contract.date).keys() - ruled
    fields = [f for f in shape(resource, contract.date).fields if f.name in known]
    for field in fields:
        if field.nullable and field.takes_null(partial=True) and not isinstance(field.default, list | dict):
            patched = live.call("PATCH", made.headers["location"], {field.name: None}, version=contract.date)
            assert patched.status_code == 200, patched.text
            after = patched.json()["data"]
            assert after[field.name] is None
            changed = {key for key in after if after[key] != before[key]} - {"updated_at", "name", field.name}
            assert not changed
            before = after


@pytest.mark.parametrize(("resource", "field"), CUSTOMIZED, ids=[name(resource) for resource, _ in CUSTOMIZED])
def test_an_object_of_names_is_no_larger_than_an_import_takes(live: Live, resource: Resource, field: str) -> None:
    body, location = sample(resource, CONTRACTS[0].date), f"/v1/{resource.path}/{foreign(resource)}"
    most = {"a": "é" * 32_764}
    made = live.call("POST", f"/v1/{resource.path}", {**body, field: most})
    assert made.json()["data"][field] == most
    for method, target, rest in (("POST", f"/v1/{resource.path}", body), ("PATCH", location, {})):
        refused = live.call(method, target, {**rest, field: {"a": "é" * 32_765}})
        errors = [(error["pointer"], error["code"]) for error in refused.json()["errors"]]
        assert (refused.status_code, errors) == (422, [(f"/{field}", "too_long")])


@pytest.mark.parametrize(
    ("contract", "resource", "field"),
    COLLECTIONS,
    ids=[f"{contract.date}-{name(resource)}-{field.name}" for contract, resource, field in COLLECTIONS],
)
def test_null_clears_a_list_or_an_object_of_names(
    live: Live, contract: Contract, resource: Resource, field: Field
) -> None:
    made = live.call("POST", f"/v1/{resource.path}", sample(resource, contract.date), version=contract.date)
    assert made.json()["data"][field.name] == field.example
    patched = live.call("PATCH", made.headers["location"], {field.name: None}, version=contract.date)
    read = live.call("GET", made.headers["location"], version=contract.date)
    assert patched.json()["data"][field.name] == read.json()["data"][field.name] == field.default


@pytest.mark.parametrize("resource", UPDATABLE, ids=name)
def test_an_empty_patch_changes_nothing_and_writes_nothing(live: Live, resource: Resource) -> None:
    made = live.call("POST", f"/v1/{resource.path}", sample(resource, CONTRACTS[0].date))
    for media in ("application/json", "application/merge-patch+json"):
        patched = live.call("PATCH", made.headers["location"], headers={"Content-Type": media}, content=b"{}")
        assert patched.status_code == 200
        assert patched.json() == made.json()
    assert live.sent()[0]["method"] == "GET"


@pytest.mark.parametrize("resource", UPDATABLE, ids=name)
def test_null_on_a_field_that_cannot_be_empty_is_refused(live: Live, resource: Resource) -> None:
    fields = shape(resource, CONTRACTS[0].date).fields
    required = [field.name for field in fields if field.required]
    assert required
    for field in (*required, *(field.name for field in fields if field.kept)):
        refused = live.call("PATCH", f"/v1/{resource.path}/{foreign(resource)}", {field: None})
        assert refused.status_code == 422
        assert refused.json()["errors"][0]["pointer"] == f"/{field}"


@every_contract
@pytest.mark.parametrize("resource", CREATABLE, ids=name)
def test_system_fields_and_strangers_never_reach_the_service(
    live: Live, resource: Resource, contract: Contract
) -> None:
    before = live.counted()
    fixed = [field.name for field in shape(resource, contract.date).fields if field.read_only]
    for stranger in [*fixed, "business_id", "owner_role", "__proto__", "tenantId", "constructor"]:
        body = {**sample(resource, contract.date), stranger: "x"}
        refused = live.call("POST", f"/v1/{resource.path}", body, version=contract.date)
        assert refused.status_code == 422, stranger
        assert f"/{stranger}" in [error["pointer"] for error in refused.json()["errors"]]
    assert live.counted() == before


@pytest.mark.parametrize("resource", [r for r in RESOURCES if Op.SEARCH in r.operations], ids=name)
def test_there_is_no_bare_list(live: Live, resource: Resource) -> None:
    refused = live.call("GET", f"/v1/{resource.path}")
    assert (refused.status_code, refused.json()["code"]) == (405, "method_not_allowed")
    assert "GET" not in refused.headers["allow"].split(", ")
    assert f"/v1/{resource.path}/search" in refused.json()["detail"]


@every_contract
@pytest.mark.parametrize("resource", [r for r in RESOURCES if Op.SEARCH in r.operations], ids=name)
def test_a_walk_meets_every_record_once_in_every_order(live: Live, resource: Resource, contract: Contract) -> None:
    named = {field.today: field for field in shape(resource, contract.date).fields}
    total = live.call("POST", f"/v1/{resource.path}/search", least(resource, limit=1)).json()["meta"]["total"]
    for sort in resource.sorts[-1:]:
        for direction in ("asc", "desc"):
            query = {"order_by": named[sort].name, "sort_direction": direction, "limit": 100}
            seen: list[str] = []
            values: list[Any] = []
            cursor = None
            while True:
                body: dict[str, Any] = {**query, **({"cursor": cursor} if cursor else {})}
                body = least(resource, 0, **body)
                page = live.call("POST", f"/v1/{resource.path}/search", body, version=contract.date).json()
                seen += [row["id"] for row in page["data"]]
                values += [row[named[sort].name] for row in page["data"]]
                cursor = page["meta"]["cursor"]["next"]
                assert page["meta"]["cursor"]["has_more"] is (cursor is not None)
                if cursor is None or len(seen) >= 1000:
                    break
            assert len(seen) == len(set(seen)) == min(total, max(len(seen), 1))
            kept = [value for value in values if value is not None]
            if sort.endswith("_at"):
                assert kept == sorted(kept, reverse=direction == "desc")


@pytest.mark.parametrize("operation", OPERATIONS, ids=name)
def test_an_id_of_another_kind_is_not_found_without_any_call(live: Live, operation: Operation) -> None:
    if not operation.params:
        assert "*" not in operation.tail
        return
    resource = BY_PATH[operation.first]
    before = live.counted()
    body: dict[str, Any] | None = {} if operation.body is not Body.NONE else None
    for wrong in (
        "xyz",
        "con-5f2b",
        "1",
        "usr_" + "0" * 24,
        resource.id.prefix,
        resource.id.prefix + "!",
        resource.id.prefix + "1" * 200,
        foreign(resource).upper(),
    ):
        refused = live.call(operation.method, path(operation, resource, wrong), body)
        assert (refused.status_code, refused.json()["code"]) == (404, "record_not_found"), wrong
    assert live.counted() == before


@pytest.mark.parametrize("operation", OPERATIONS, ids=name)
def test_a_scope_too_few_is_forbidden_and_named(live: Live, operation: Operation) -> None:
    others = " ".join(sorted(_all_scopes() - _granting(operation)))
    token = live.token(live.a, "owner", others)
    refused = live.call(operation.method, path(operation, BY_PATH.get(operation.first)), token=token)
    assert (refused.status_code, refused.json()["code"]) == (403, "scope_missing")
    assert refused.json()["denied_by"] == "scope"
    assert refused.json()["required_scopes"] == sorted(operation.scopes)
    assert 'error="insufficient_scope"' in refused.headers["www-authenticate"]


@pytest.mark.parametrize("operation", OPERATIONS, ids=name)
def test_the_role_of_a_viewer_allows_reading_only(live: Live, operation: Operation) -> None:
    token = live.a.tokens["viewer"]
    answer = live.call(operation.method, path(operation, BY_PATH.get(operation.first)), token=token)
    readable = set(operation.scopes) <= allowed(OFFERED, "viewer", default_roles())
    assert (answer.status_code == 403) is not readable


@pytest.mark.parametrize("operation", OPERATIONS, ids=name)
def test_every_operation_has_a_policy(operation: Operation) -> None:
    assert operation.scopes
    assert all(scope.split(".")[1] in ("read", "write", "delete") for scope in operation.scopes)
    assert (operation.method == "GET" or operation.limited_as == "search") == all(
        scope.endswith(".read") for scope in operation.scopes
    )


@pytest.mark.parametrize("operation", OPERATIONS, ids=name)
def test_an_unknown_query_parameter_is_refused(live: Live, operation: Operation) -> None:
    body: dict[str, Any] | None = {} if operation.body is not Body.NONE else None
    refused = live.call(operation.method, path(operation, BY_PATH.get(operation.first)) + "?business_id=1", body)
    assert (refused.status_code, refused.json()["code"]) == (400, "parameter_unknown")


@pytest.mark.parametrize("operation", [o for o in OPERATIONS if o.params], ids=name)
def test_a_record_of_another_tenant_is_one_that_does_not_exist(live: Live, operation: Operation) -> None:
    resource = BY_PATH[operation.first]
    found = live.call(
        "POST", f"/v1/{resource.path}/search", least(resource, 1, limit=1), token=live.b.tokens["owner"]
    ).json()
    theirs = found["data"][0]["id"]
    answers = []
    for record in (theirs, foreign(resource)):
        body = _valid(operation)
        answer = live.call(operation.method, path(operation, resource, record), body)
        document = answer.json()
        assert document.pop("trace_id")
        assert document.pop("instance").endswith(path(operation, resource, record))
        answers.append((answer.status_code, document))
    assert answers[0] == answers[1]
    assert answers[0][0] == 404
    still = live.call("GET", f"/v1/{resource.path}/{theirs}", token=live.b.tokens["owner"])
    assert still.json()["data"] == found["data"][0]


def _valid(operation: Operation) -> Any:
    """A body the operation accepts, as far as the gateway can tell."""
    face = operation.faces[CONTRACTS[0].date]
    return face.sends.sample() if face is not None and face.sends is not None else None


def _all_scopes() -> set[str]:
    return set(OFFERED.single)


def _granting(operation: Operation) -> set[str]:
    return {operation.scopes[-1]}
