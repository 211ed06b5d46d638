"""Every declared resource keeps the public contract, whatever it is: what a new declaration gets for nothing."""

from __future__ import annotations

from typing import Any

import pytest

from adapters import RESOURCES
from adapters.core.calls import Place
from adapters.core.declare.resource import Resource
from adapters.core.operation import Operation
from gateway.auth.scopes import allowed
from gateway.config.policies import default_roles
from gateway.conformance.checks import CHECKS, Check
from gateway.conformance.filtering import each_field_and_operator_is_answered_or_refused_with_what_is_allowed
from gateway.conformance.subject import Subject
from gateway.versions import CONTRACTS
from tests.conformance.declared import (
    CREATABLE,
    OPERATIONS,
    UPDATABLE,
    Declared,
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
SUBJECTS = [Declared(resource) for resource in RESOURCES]
# Every field and operator is tried in test_filters.py, over HTTP once for all fields that are alike.
TRIED = [
    check for check in CHECKS if check.run is not each_field_and_operator_is_answered_or_refused_with_what_is_allowed
]
ALL = [(subject, check, date) for subject in SUBJECTS for check in TRIED for date in check.dates(subject)]


@pytest.mark.parametrize(
    ("subject", "check", "date"),
    ALL,
    ids=[f"{subject.resource.path}-{check.run.__name__}-{date}" for subject, check, date in ALL],
)
def test_it_keeps_the_contract(live: Live, subject: Subject, check: Check, date: str) -> None:
    check.run(live, subject, date)


def test_every_check_is_made_of_some_resource_and_every_resource_is_checked() -> None:
    assert {check for _, check, _ in ALL} == set(TRIED)
    assert {subject.resource.path for subject, _, _ in ALL} == BY_PATH.keys()


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


@pytest.mark.parametrize("resource", UPDATABLE, ids=name)
def test_an_empty_patch_changes_nothing_and_writes_nothing(live: Live, resource: Resource) -> None:
    made = live.call("POST", f"/v1/{resource.path}", sample(resource, CONTRACTS[0].date))
    for media in ("application/json", "application/merge-patch+json"):
        patched = live.call("PATCH", made.headers["location"], headers={"Content-Type": media}, content=b"{}")
        assert patched.status_code == 200
        assert patched.json() == made.json()
    assert live.sent()[0]["method"] == "GET"


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
    assert (operation.method == "GET" or operation.tail in ("search", "get")) == operation.reads


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
