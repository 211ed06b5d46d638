"""A service's refusal of a write, in either of the shapes that services have → the fault that the public is told.

nested  {"error": {"code", "message", "fields": {"items.0.rate": ["…"]}, "rows": […], "state"}}
flat    {"success": false, "message", "reason", "state", "errors": [{"path": "items.0.rate", "rule", "message"}]}
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import msgspec

from adapters.core.answer.from_service import STRANGE
from adapters.core.calls import Pointers
from adapters.core.declare.currencies import money
from adapters.core.declare.rules import Rule
from adapters.core.declare.states import States
from adapters.core.faults import Conflict, Fault, FieldError, Invalid, RoleForbids, ServiceFailed

REFUSED = "refused"
WORDS: Mapping[str, str] = {
    "precision": "amount_precision",
    "duplicate": "already_taken",
    "line_unknown": "line_unknown",
    "exceeds_balance": "exceeds_amount_due",
    "no_recipient": "recipient_missing",
    "period_closed": "period_closed",
    "leave_overlap": "overlaps",
    "leave_balance": "balance_insufficient",
    "stock_short": "insufficient_stock",
    "parent_elsewhere": "parent_elsewhere",
    "parent_cycle": "parent_cycle",
    "parent_depth": "too_deep",
}
"""The services' words for what is wrong with a field → the public codes."""
_TOLD = {
    "amount_precision": "This amount has more decimals than its currency.",
    "already_taken": "Another record has this already.",
    "period_closed": "The books of this day are closed.",
    "overlaps": "This overlaps another one.",
    "balance_insufficient": "There is not enough left.",
    "insufficient_stock": "There is not enough in stock.",
    "exceeds_amount_due": "This is more than the invoice still owes.",
    "recipient_missing": "Nobody is known to send it to.",
    "line_unknown": "The record has no line with this id.",
    "parent_elsewhere": "This does not lie beneath the same record.",
    "parent_cycle": "This is the record itself, or beneath it.",
    "too_deep": "Records do not nest as deep as that.",
}
# A validation message is passed on when it is plain words; anything with addresses, code or markup in it is not.
_PLAIN = re.compile(r"[A-Za-z0-9]+(?:[ ,;'()-]+[A-Za-z0-9]+){0,24}[.)]?", re.ASCII)
_NAME = re.compile(r"[A-Za-z0-9_ -]{1,64}", re.ASCII)
_PLACE = re.compile(r"\.([0-9]{1,4})(?=\.|$)", re.ASCII)
_CAMEL = re.compile(r"[a-z][A-Z]")


@dataclass(frozen=True, slots=True)
class Refusals:
    """What a resource's declaration says of refusals.

    pointers: the service's names of places → public pointers; rules: public pointer → the rule that the service may
    find broken there; states, statuses: what is possible when, and the service's words for it; untold:
    pointers of members of which no words of the service are passed on, since they might quote what is there;
    step: the action that is asked for, which is not possible when it is refused, whatever else the record's state allows.
    """

    pointers: Pointers = field(default_factory=dict)
    rules: Mapping[str, Rule] = field(default_factory=dict)
    states: States | None = None
    statuses: Mapping[Any, str] = field(default_factory=dict)
    untold: frozenset[str] = frozenset()
    step: str = ""

    def conflict(self, state: Any = None) -> Conflict:
        """The record's state does not allow this; the service may have said which it is."""
        current = self.statuses.get(state)
        if self.states is None or current is None:
            return Conflict()
        return Conflict(current, tuple(each for each in self.states.steps[current] if each != self.step))


class _Row(msgspec.Struct):
    row: int
    field: str | None = None
    message: str = ""


class _Nested(msgspec.Struct):
    code: str = ""
    fields: dict[str, list[str]] = {}
    rows: list[_Row] = []
    state: str | bool | None = None
    balance: Decimal | None = None
    currency: str | None = None


class _Flat(msgspec.Struct):
    path: str
    message: str = ""


class _Failure(msgspec.Struct):
    error: _Nested | None = None
    success: bool | None = None
    reason: str | None = None
    state: str | bool | None = None
    errors: list[_Flat] = []


_decode = msgspec.json.Decoder(_Failure).decode


def refused(body: bytes, refusals: Refusals) -> Fault:
    """The fault that a service's answer 400 or 422 is; ServiceFailed when it has neither shape."""
    try:
        failure = _decode(body)
    except STRANGE:
        return ServiceFailed(400)
    if failure.error is None and failure.success is not False:
        return ServiceFailed(400)
    told = failure.error or _Nested(failure.reason or "", {each.path: [each.message] for each in failure.errors})
    match told.code:
        case "invalid_state":
            return refusals.conflict(told.state if failure.error else failure.state)
        case "run_exists":
            return Conflict(code="period_taken")
        case "not_allowed":
            return RoleForbids()
    return Invalid(
        list(_faults(told, refusals)) or [FieldError("", REFUSED, "The values were refused together.")],
    )


def _faults(told: _Nested, refusals: Refusals) -> Iterator[FieldError]:
    for name, texts in told.fields.items():
        if where := _pointer(name, refusals.pointers):
            said = [] if f"/{where[1:].partition('/')[0]}" in refusals.untold else texts
            rule = refusals.rules.get(where) if told.code == "rule_violated" else None
            if rule is not None:
                # A rule is told alike, whoever finds it broken; one whose sentence names values knows what was sent only.
                yield FieldError(where, rule.code, rule.message if isinstance(rule.message, str) else _message(said))
                continue
            code = WORDS.get(told.code, REFUSED)
            yield FieldError(where, code, _TOLD.get(code) or _message(said), _most(told))
    for each in told.rows:
        where = _pointer(each.field or "", refusals.pointers)
        column = where[1:].partition("/")[0] or None
        yield FieldError(where, REFUSED, _message([each.message]), row=each.row, column=column)


def _most(told: _Nested) -> tuple[str, ...]:
    """What may be sent instead of an amount that is too high, where the service said it."""
    if told.code != "exceeds_balance" or told.balance is None:
        return ()
    try:
        return (money(told.balance, told.currency),)
    except STRANGE:
        return ()


def _pointer(name: str, pointers: Mapping[str, str]) -> str:
    """The public place of what the service calls `name`, as exactly as it is known; empty when it is nobody's."""
    start, _, step = name.partition(".")
    # The workspace's own names may have dots: of several steps it is not known whether they are one name.
    if f"{start}.*" in pointers and _NAME.fullmatch(step):
        return f"{pointers[start]}/{step}"
    places = _PLACE.findall(name)
    found = pointers.get(name) or pointers.get(_PLACE.sub(".#", name)) or pointers.get(start, "")
    for place in places[: found.count("#")]:
        found = found.replace("#", place, 1)
    return found


def _message(texts: list[str]) -> str:
    text = texts[0][:160] if texts else ""
    if _PLAIN.fullmatch(text) and not _CAMEL.search(text):
        return f"The value was refused: {text.removesuffix('.')}."
    return "The value was refused."
