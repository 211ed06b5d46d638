"""A check for schemathesis: a request that the document allows is accepted, or refused for what no document can say.

Loaded by schemathesis itself (SCHEMATHESIS_HOOKS), in place of its own `positive_data_acceptance`.
"""

from __future__ import annotations

import re
from typing import Any

import schemathesis
from schemathesis import Case, CheckContext, HookContext, Response
from schemathesis.core.failures import Failure
from schemathesis.specs.openapi.checks import positive_data_acceptance

# What depends on other requests or on the workspace: a cursor is one that we sealed, a key was not used before.
_STATE = {"cursor_invalid", "idempotency_key_reused", "parameter_conflict"}
# The same within a body: a reference leads to a record, an amount has the digits of its currency, all conditions count.
_STATE_OF_FIELDS = {"refused", "amount_precision", "too_deep", "too_many", "field_repeated", "filter_required"} | {
    *("already_taken", "before_start", "currency_required", "one_of_required", "report_too_large"),
    *("parent_elsewhere", "parent_cycle", "self_reference", "single_day_only", "span_too_long"),
    *("overlaps", "balance_insufficient", "unbalanced", "exceeds_amount", "sign_mismatch", "out_of_range"),
    *("recipient_missing", "exceeds_amount_due", "insufficient_stock", "line_unknown", "period_closed", "not_positive"),
}


_NAME = re.compile("[a-z_0-9]+")


@schemathesis.hook
def before_call(context: HookContext, case: Case[Any], kwargs: dict[str, Any]) -> None:
    """Ask for whole records: what a schema requires, an answer that was cut on demand has not."""
    body: Any = case.body
    sent = body.get("fields") if isinstance(body, dict) else None
    if isinstance(sent, list) and sent and all(isinstance(each, str) and _NAME.fullmatch(each) for each in sent):
        del body["fields"]
    query: Any = case.query or {}
    asked = query.get("fields")
    if isinstance(asked, str) and all(map(_NAME.fullmatch, asked.split(","))):
        del query["fields"]


@schemathesis.check
def allowed_is_accepted(ctx: CheckContext, response: Response, case: Case[Any]) -> bool | None:
    """Like `positive_data_acceptance`, with the refusals above let pass, and those of a file's rows."""
    try:
        return positive_data_acceptance(ctx, response, case)
    except Failure:
        problem = response.json()
        errors = {each["code"] for each in problem.get("errors", [])}
        # To a schema a file is any text.
        file = case.media_type in ("text/csv", "multipart/form-data") and response.status_code in (400, 422)
        # Two days make a span, which may be too long or end before it begins.
        span = problem["code"] == "parameter_invalid" and {"from", "to"} <= set(case.query or ())
        if file or span or problem["code"] in _STATE or (errors and errors <= _STATE_OF_FIELDS):
            return None
        raise
