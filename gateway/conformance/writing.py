"""What is written is read back, and what cannot be written is refused at its place."""

from __future__ import annotations

from typing import Final

from gateway.conformance.api import Api, agrees, expect, ok, pointers, refused, same, unreached
from gateway.conformance.subject import Subject

STRANGERS: Final = ("business_id", "owner_role", "__proto__", "tenantId", "constructor")
# As much of an object of names as an import takes (adapters/core/declare/kinds/custom.py), in characters of two bytes.
_MOST: Final = 32_764


def what_is_created_is_read_back_as_it_was_sent(api: Api, subject: Subject, date: str) -> None:
    body, made, location = subject.make(api, date)
    record = made["data"]
    if not agrees(body, record):
        same("what was made, beside what was sent", {name: record[name] for name in body}, body)
    same("fields of what was made", list(record), [field.name for field in subject.shape(date).fields])
    if subject.can("get"):
        same("the Location of what was made", location, f"{subject.home}/{record['id']}")
        same("what was made, read at its Location", ok(api.call("GET", location, version=date)), made)


def a_deleted_record_is_gone(api: Api, subject: Subject, date: str) -> None:
    _, _, location = subject.make(api, date)
    gone = api.call("DELETE", location, version=date)
    expect((gone.status_code, gone.content) == (204, b""), gone, "204 without a body")
    expect("content-type" not in gone.headers, gone, "no media type of nothing")
    for method in ("GET", "DELETE") if subject.can("get") else ("DELETE",):
        refused(api.call(method, location, version=date), 404, "record_not_found")


def a_patch_keeps_what_it_does_not_name(api: Api, subject: Subject, date: str) -> None:
    body, made, location = subject.make(api, date)
    before = made["data"]
    # A field that a rule speaks of may be needed by what is there.
    ruled = {name for rule in subject.resource.rules for name in rule.needs}
    for field in subject.shape(date).fields:
        if field.name not in body.keys() - ruled or isinstance(field.default, list | dict):
            continue
        if field.nullable and field.takes_null(partial=True):
            after = ok(api.call("PATCH", location, {field.name: None}, version=date))["data"]
            same(f"{field.name} after null", after[field.name], None)
            # What follows from another field may follow it: names made of parts, and when it was changed.
            changed = {key for key in after if after[key] != before[key]} - {"updated_at", "name", field.name}
            same(f"fields that changed although only {field.name} was named", changed, set())
            before = after


def an_object_of_names_is_no_larger_than_an_import_takes(api: Api, subject: Subject, date: str) -> None:
    for field in subject.shape(date).fields:
        if field.kind is None or not field.kind.merges:
            continue
        most = {"a": "é" * _MOST}
        _, made, _ = subject.make(api, date, **{field.name: most})
        same(f"{field.name} with as much as there may be", made["data"][field.name], most)
        body, location = subject.sample(api, date), f"{subject.home}/{subject.nobody}"
        for method, target, rest in (("POST", subject.home, body), ("PATCH", location, {})):
            sent = {**rest, field.name: {"a": "é" * (_MOST + 1)}}
            answer = refused(api.call(method, target, sent, version=date), 422)
            errors = [(error["pointer"], error["code"]) for error in answer["errors"]]
            same(f"errors of {method} with too much", errors, [(f"/{field.name}", "too_long")])


def null_clears_a_list_or_an_object_of_names(api: Api, subject: Subject, date: str) -> None:
    for field in subject.shape(date).fields:
        if field.read_only or not isinstance(field.default, list | dict):
            continue
        _, made, location = subject.make(api, date)
        same(f"{field.name} as it was made", made["data"][field.name], field.example)
        patched = ok(api.call("PATCH", location, {field.name: None}, version=date))["data"]
        read = ok(api.call("GET", location, version=date))["data"]
        same(f"{field.name} after null", [patched[field.name], read[field.name]], [field.default] * 2)


def an_empty_patch_changes_nothing(api: Api, subject: Subject, date: str) -> None:
    _, made, location = subject.make(api, date)
    for media in ("application/json", "application/merge-patch+json"):
        patched = api.call("PATCH", location, headers={"Content-Type": media}, content=b"{}", version=date)
        same(f"the record after {{}} as {media}", ok(patched), made)


def null_on_a_field_that_cannot_be_empty_is_refused(api: Api, subject: Subject, date: str) -> None:
    for field in subject.shape(date).fields:
        if field.required or field.kept:
            answer = api.call("PATCH", f"{subject.home}/{subject.nobody}", {field.name: None}, version=date)
            same(f"where {field.name}: null is refused", pointers(refused(answer, 422))[:1], [f"/{field.name}"])


def system_fields_and_strangers_never_reach_the_service(api: Api, subject: Subject, date: str) -> None:
    body = subject.sample(api, date)
    fixed = [field.name for field in subject.shape(date).fields if field.read_only]
    with unreached(api, "bodies with fields that nobody may send"):
        for stranger in (*fixed, *STRANGERS):
            answer = api.call("POST", subject.home, {**body, stranger: "x"}, version=date)
            expect(f"/{stranger}" in pointers(refused(answer, 422)), answer, f"an error at /{stranger}")
