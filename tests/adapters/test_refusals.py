"""What a service refuses is told in public words and places, whichever of the two shapes it says it in."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import msgspec
import pytest

from adapters.core.answer.refusals import Refusals, refused
from adapters.core.declare.rules import Rule, not_before
from adapters.core.declare.states import States
from adapters.core.faults import Conflict, Invalid, RoleForbids, ServiceFailed

REFUSALS = Refusals(
    {"items.#.rate": "/line_items/#/unit_price", "items": "/line_items", "endsOn": "/due_date", "key": "/code"},
    {"/due_date": not_before("due_date", "start_date")},
    States({"active": ("on_hold", "completed"), "cancelled": ()}),
    {"ACTIVE": "active", "DROPPED": "cancelled"},
)


def nested(code: str, fields: dict[str, list[str]] | None = None, **more: Any) -> bytes:
    return msgspec.json.encode({"error": {"code": code, "message": "no", "fields": fields or {}, **more}})


def flat(reason: str | None, fields: dict[str, list[str]] | None = None, **more: Any) -> bytes:
    errors = [{"path": name, "rule": "x", "message": text} for name, told in (fields or {}).items() for text in told]
    return msgspec.json.encode({"success": False, "message": "no", "reason": reason, "errors": errors, **more})


SHAPES = pytest.mark.parametrize("shape", [nested, flat], ids=["nested", "flat"])


@SHAPES
@pytest.mark.parametrize(
    ("word", "place", "pointer", "code"),
    [
        ("duplicate", "key", "/code", "already_taken"),
        ("rule_violated", "endsOn", "/due_date", "before_start"),
        ("rule_violated", "key", "/code", "refused"),
        ("precision", "items.3.rate", "/line_items/3/unit_price", "amount_precision"),
        ("validation_failed", "items.0.rate", "/line_items/0/unit_price", "refused"),
        ("what_nobody_knows", "key", "/code", "refused"),
    ],
)
def test_a_word_and_a_place_are_told_as_the_public_knows_them(
    shape: Any, word: str, place: str, pointer: str, code: str
) -> None:
    fault = refused(shape(word, {place: ["is wrong"]}), REFUSALS)
    assert isinstance(fault, Invalid)
    assert [(each.pointer, each.code) for each in fault.errors] == [(pointer, code)]


@SHAPES
def test_a_rule_is_told_alike_whoever_finds_it_broken(shape: Any) -> None:
    fault = refused(shape("rule_violated", {"endsOn": ["is before startsOn"]}), REFUSALS)
    assert isinstance(fault, Invalid)
    assert [each.message for each in fault.errors] == ["This is before start_date."]
    summed = Rule("unbalanced", "due_date", ("due_date",), bool, lambda sent: f"It is {sent}.")
    unknown = refused(
        shape("rule_violated", {"endsOn": ["are not alike"]}), replace(REFUSALS, rules={"/due_date": summed})
    )
    assert isinstance(unknown, Invalid)
    assert [(each.code, each.message) for each in unknown.errors] == [
        ("unbalanced", "The value was refused: are not alike.")
    ]


@SHAPES
@pytest.mark.parametrize(
    ("state", "current", "allowed", "code"),
    [
        ("ACTIVE", "active", ("on_hold", "completed"), "state_conflict"),
        ("DROPPED", "cancelled", (), "state_conflict"),
        ("SOMETHING_ELSE", None, (), "conflict"),
        (None, None, (), "conflict"),
    ],
)
def test_a_state_is_told_with_what_is_possible_from_there(
    shape: Any, state: str | None, current: str | None, allowed: tuple[str, ...], code: str
) -> None:
    fault = refused(shape("invalid_state", state=state), REFUSALS)
    assert isinstance(fault, Conflict)
    assert (fault.current, fault.allowed, fault.code) == (current, allowed, code)


@SHAPES
def test_the_action_that_was_refused_is_not_among_those_that_are_possible(shape: Any) -> None:
    refusals = replace(REFUSALS, states=States({"active": ("reimburse", "reject"), "cancelled": ()}), step="reimburse")
    fault = refused(shape("invalid_state", state="ACTIVE"), refusals)
    assert isinstance(fault, Conflict)
    assert (fault.current, fault.allowed) == ("active", ("reject",))


@SHAPES
def test_what_the_acting_user_may_not_do_is_forbidden_and_a_period_taken_is_a_conflict(shape: Any) -> None:
    assert isinstance(refused(shape("not_allowed"), REFUSALS), RoleForbids)
    taken = refused(shape("run_exists"), REFUSALS)
    assert isinstance(taken, Conflict)
    assert taken.code == "period_taken"


@SHAPES
def test_a_refusal_of_nothing_known_is_one_of_all_values_together(shape: Any) -> None:
    fault = refused(shape("duplicate", {"internalMemo": ["is secret"]}), REFUSALS)
    assert isinstance(fault, Invalid)
    assert [(each.pointer, each.code) for each in fault.errors] == [("", "refused")]
    assert "secret" not in fault.errors[0].message


@pytest.mark.parametrize("body", [b"{}", b"[]", b"no", b'{"success": true}', b'{"error": 1}'])
def test_what_is_no_refusal_is_the_service_s_failure(body: bytes) -> None:
    assert isinstance(refused(body, REFUSALS), ServiceFailed)
