"""Actions that are a POST of their own: what they send, and what becomes of the replies."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from adapters.core.declare.kinds import Line, Whole
from adapters.core.declare.resource import Record, States, optional, required
from adapters.core.faults import Conflict, Invalid, RecordNotFound
from adapters.core.operation import Body
from adapters.core.words import Post
from tests.adapters.declaring import ROW, accepted, bills, compiled, data, driven, face, written


class Print(Record):
    """How it is printed."""

    copies: Whole | None = optional("How many.", 2)
    printer: Line | None = optional("Where.", "Hall")


class Fold(Record):
    """How it is folded."""

    times: Whole = required("How often.", 2)


OPERATIONS = compiled(
    bills(
        words=(Post("print", "/printouts", Print, "Print a bill"), Post("fold", "/folds", Fold, "Fold a bill")),
        states=States({"open": ("print",), "paid": ()}),
    )
)
PRINT, FOLD = OPERATIONS["bills.print"], OPERATIONS["bills.fold"]


@pytest.mark.parametrize(("document", "sent"), [(None, {}), ({}, {}), ({"copies": 2}, {"copies": 2})])
def test_it_is_a_post_behind_the_record_that_takes_the_key_along(document: Any, sent: Any) -> None:
    assert (PRINT.method, PRINT.route, PRINT.success) == ("POST", "/v1/bills/{id}/print", 200)
    answer, (call,) = driven(PRINT, accepted(PRINT, document, "bill_Zz9"), {"data": ROW})
    assert (call.method, call.path, call.writes, call.creates) == (b"POST", b"/api/bills/inv_Zz9/printouts", True, True)
    assert orjson.loads(written(call)) == sent
    assert data(answer)["id"] == "bill_Zz9"


def test_a_body_may_be_left_out_only_where_nothing_in_it_is_required() -> None:
    assert (PRINT.body, FOLD.body) == (Body.OPTIONAL, Body.JSON)
    sends = [face(each).sends for each in (PRINT, FOLD)]
    assert [each.required for each in sends if each] == [False, True]
    with pytest.raises(Invalid):
        accepted(FOLD, None, "bill_Zz9")


@pytest.mark.parametrize("document", [{"colour": True}, [], 5, {"copies": "2"}])
def test_a_body_is_checked_like_any_other(document: Any) -> None:
    with pytest.raises(Invalid):
        accepted(PRINT, document, "bill_Zz9")


def test_refusals_are_told_with_public_names_and_states() -> None:
    asked = accepted(PRINT, None, "bill_Zz9")
    with pytest.raises(Conflict) as conflict:
        driven(PRINT, asked, (400, {"error": {"code": "invalid_state", "state": "paid"}}))
    assert (conflict.value.current, conflict.value.allowed) == ("paid", ())
    with pytest.raises(Invalid) as refused:
        driven(PRINT, asked, (400, {"error": {"code": "no_recipient", "fields": {"printer": ["none"]}}}))
    assert [(each.pointer, each.code) for each in refused.value.errors] == [("/printer", "recipient_missing")]
    with pytest.raises(RecordNotFound):
        driven(PRINT, asked, (404, {}))
