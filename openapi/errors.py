"""Every way an operation can fail, with examples, as shared responses. The table is checked against the code."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from gateway import problems
from gateway.problems import Problem
from openapi.headers import COUNTED, EVERY, references
from openapi.schemas import Schema, Schemas
from openapi.security import ORIGIN


@dataclass(frozen=True, slots=True)
class Example:
    """One problem as a client meets it."""

    code: str
    detail: str
    members: dict[str, Any] = field(default_factory=dict)


def _contracts(code: str, detail: str, contracts: list[str]) -> Example:
    return Example(code, detail, {"contracts": contracts})


def _invalid(pointer: str, code: str, message: str, *allowed: str) -> Example:
    entry = {"pointer": pointer, "code": code, "message": message} | ({"allowed": list(allowed)} if allowed else {})
    return Example("validation_failed", "The request was understood but is not valid.", {"errors": [entry]})


def table(contracts: list[str]) -> dict[type[Problem], list[Example]]:
    """Problem → its examples, the most common first. `contracts`: the dates, newest first."""
    newest, oldest = contracts[0], contracts[-1]
    missing = f"Send the date of the contract you were built for as `Version: {newest}`."
    return {
        problems.BadRequest: [
            Example("json_malformed", "The body is not JSON: Expecting value at byte 0."),
            _contracts("version_missing", missing, contracts),
            _contracts("version_invalid", f"The Version header is not a date such as {newest}.", contracts),
            _contracts("version_future", "The Version header names a day that has not come yet.", contracts),
            _contracts(
                "version_too_old", f"The Version header names a day before the first contract, {oldest}.", contracts
            ),
            _contracts("version_retired", "The contract of that date has been retired.", contracts),
            Example("cursor_invalid", "The cursor is not one of this search. Start again without it."),
            Example("parameter_unknown", "This operation has no query parameter 'page'. It takes none."),
            Example("parameter_invalid", "The limit is a whole number from 1 to 100."),
            Example(
                "parameter_conflict",
                "The query parameters 'interval' and 'compare' exclude one another: send one of them.",
            ),
            Example("idempotency_key_invalid", "An Idempotency-Key is 1 to 255 printable ASCII characters."),
            Example("csv_malformed", "The file is empty. Its first row holds the names of the columns."),
            Example("encoding_invalid", "The row with the column names is not UTF-8. Save the file as CSV in UTF-8."),
            Example("multipart_malformed", "Send one part, the file, with the name `file`."),
            Example("body_incomplete", "The body ended early."),
            Example("host_unknown", "This host does not serve the API."),
            Example("request_malformed", "The header authorization is given twice."),
        ],
        problems.Unauthorized: [
            Example("token_missing", "Send your access token as `Authorization: Bearer <token>`."),
            Example("token_invalid", "The access token is not valid here."),
            Example(
                "token_audience_invalid",
                "The access token is for another resource: one of agents opens /mcp only, any other /v1 only.",
            ),
            Example("token_expired", "The access token has expired."),
            Example("token_revoked", "The access token has been revoked."),
        ],
        problems.Forbidden: [
            Example(
                "scope_missing",
                "The token lacks a scope this operation needs: contact.write.",
                {"required_scopes": ["contact.write"], "denied_by": "scope"},
            ),
            Example("test_token_required", "This is an operation of test mode: it takes a token of a sandbox."),
            Example(
                "role_forbids",
                "The token's scopes would allow this, but your role does not: deal.delete is needed.",
                {"required_scopes": ["deal.delete"], "denied_by": "role"},
            ),
        ],
        problems.NotFound: [
            Example("record_not_found", "There is no such record, or it is not visible to you."),
            Example("route_unknown", "There is nothing at this path."),
        ],
        problems.MethodNotAllowed: [
            Example("method_not_allowed", "This path answers POST only. Search with POST /v1/contacts/search.")
        ],
        problems.NotAcceptable: [Example("not_acceptable", "This operation answers in application/json only.")],
        problems.RequestTimeout: [Example("body_timeout", "The body did not arrive in time.")],
        problems.PreconditionFailed: [
            Example("precondition_failed", "Records have no entity tags, so this condition cannot hold.")
        ],
        problems.Conflicting: [
            Example("conflict", "The record's present state does not allow this."),
            Example(
                "state_conflict",
                "The record's present status does not allow this.",
                {"current_status": "completed", "allowed": ["active"]},
            ),
            Example("period_taken", "There is such a record for this period already."),
            Example("subscription_limit", "There are as many as there may be: 50 a workspace, 10 an app."),
            Example("sandbox_limit", "There are as many sandboxes as there may be: 100."),
            Example("snapshot_limit", "There are as many snapshots as there may be: 20."),
            Example(
                "subscription_exists",
                "You have a subscription with this URL and these events.",
                {"existing_id": "whk_7Qm2bV9xKc4TzRw1LfYp8HsN"},
            ),
            Example("replay_running", "A replay of this subscription is under way; there is one at a time."),
            Example("idempotency_in_progress", "A request with this Idempotency-Key is still under way."),
            Example(
                "idempotency_outcome_unknown",
                "An earlier request with this Idempotency-Key failed in a way that leaves open whether it took effect. "
                "Look for its result before you send it again with a new key.",
            ),
            Example(
                "idempotency_answer_not_kept",
                "The first request with this Idempotency-Key was carried out, and answered with 201. Its answer was not "
                "kept; do not send the request again.",
            ),
        ],
        problems.Gone: [Example("operation_gone", f"This operation is not part of the contract of {oldest}.")],
        problems.PayloadTooLarge: [Example("payload_too_large", "A body has at most 1048576 bytes.")],
        problems.UnsupportedMediaType: [
            Example("unsupported_media_type", "Send the body as application/json in UTF-8.")
        ],
        problems.Unprocessable: [
            _invalid("/emial", "field_unknown", "There is no such field here. Did you mean email?"),
            _invalid("/filters/0/operator", "operator_not_allowed", "'id' cannot be filtered with 'gt'.", "eq", "in"),
            Example(
                "idempotency_key_reused",
                "This Idempotency-Key was used for another request.",
                {
                    "errors": [
                        {
                            "pointer": "",
                            "code": "idempotency_key_reused",
                            "message": "The body or the contract differs from those of the first request with this key.",
                        }
                    ]
                },
            ),
        ],
        problems.RateLimited: [
            Example(
                "rate_limited",
                "Too many requests: at most 600 in 60 seconds, 100 at once. Try again in 3 s.",
                {"limit": 100, "retry_after": 3, "violated_policies": ["token"]},
            )
        ],
        problems.ServerError: [Example("internal_error", "The request could not be completed.")],
        problems.NotSupported: [Example("not_supported", "This deployment's services do not offer this operation.")],
        problems.BadGateway: [
            Example("upstream_invalid", "The service behind this operation gave no usable answer."),
            Example("upstream_failed", "The service behind this operation failed."),
            Example("upstream_unreachable", "The service behind this operation cannot be reached."),
        ],
        problems.Unavailable: [
            Example("store_unavailable", "A store is not available. Try again shortly."),
            Example("overloaded", "Too many requests are under way. Try again shortly."),
            Example(
                "upstream_suspended",
                "The service behind this operation is failing, so it is not asked at the moment. Try again shortly.",
            ),
            Example("identity_unavailable", "Your present role cannot be determined. Try again shortly."),
            Example("shutting_down", "The server is stopping. Try again shortly."),
            Example("registration_unavailable", "Events of this workspace do not reach the gateway."),
        ],
        problems.GatewayTimeout: [
            Example("upstream_timeout", "The service behind this operation did not answer in time.")
        ],
    }


_HEADERS: dict[type[Problem], tuple[str, ...]] = {
    problems.Unauthorized: ("WWW-Authenticate",),
    problems.RateLimited: ("Retry-After",),
    problems.Unavailable: ("Retry-After",),
}
# Raised after the token was counted, so the counts are told.
_COUNTED = (
    problems.Forbidden,
    problems.NotFound,
    problems.PreconditionFailed,
    problems.Conflicting,
    problems.Unprocessable,
)


def problem_schema(schemas: Schemas) -> Schema:
    """RFC 9457, with the members that this API adds."""
    entry = schemas.add(
        "FieldError",
        {
            "type": "object",
            "description": "One place in the request that breaks the contract.",
            "required": ["pointer", "code", "message"],
            "properties": {
                "pointer": _text("Where, as a JSON pointer (RFC 6901) into the body.", "/email"),
                "code": _text("What is wrong, for programs.", "format_invalid"),
                "message": _text("What is wrong, for people.", "Not an e-mail address such as ada@example.com."),
                "allowed": {"type": "array", "items": {"type": "string"}, "description": "What could stand there."},
                "row": {
                    "type": "integer",
                    "minimum": 0,
                    "description": "In a file: 1 is the first row below the names of the columns, 0 is these.",
                },
                "column": {
                    "type": ["string", "null"],
                    "description": "In a file: the column; null where the row itself is wrong.",
                },
            },
        },
    )
    words = {"type": "array", "items": {"type": "string"}}
    return schemas.add(
        "Problem",
        {
            "type": "object",
            "description": "What went wrong (RFC 9457). Decide by `code`; show `detail` to people; quote `trace_id`.",
            "required": ["type", "title", "status", "detail", "instance", "trace_id", "code"],
            "properties": {
                "type": {
                    "type": "string",
                    "format": "uri",
                    "description": "The kind of problem; leads to a page about it.",
                },
                "title": _text("The kind of problem, in words.", "Validation failed"),
                "status": {"type": "integer", "description": "The HTTP status.", "examples": [422]},
                "detail": _text("What went wrong this time.", "The request was understood but is not valid."),
                "instance": _text("The path that was asked for.", "/v1/contacts"),
                "trace_id": _text("The W3C trace id of the request.", "4bf92f3577b34da6a3ce929d0e0e4736"),
                "code": _text("What went wrong, for programs.", "validation_failed"),
                "errors": {"type": "array", "items": entry, "description": "Every place that is wrong."},
                "required_scopes": words | {"description": "The scopes that the operation needs."},
                "denied_by": {
                    "type": "string",
                    "enum": ["scope", "role"],
                    "description": "Whether the token lacks a scope, or the user's role forbids it.",
                },
                "current_status": _text("The status that the record has now.", "completed"),
                "allowed": words | {"description": "What is possible in this status: statuses, or names of actions."},
                "limit": {
                    "type": "integer",
                    "description": "How many requests the exceeded limit allows, where that is known.",
                },
                "retry_after": {"type": "integer", "description": "How many seconds to wait, at least."},
                "violated_policies": words | {"description": "The limits that were exceeded."},
                "contracts": words | {"description": "The dates of the contracts there are, newest first."},
            },
        },
    )


def responses(schemas: Schemas, contracts: list[str]) -> dict[str, Any]:
    """`components.responses`: one for each kind of problem."""
    reference = problem_schema(schemas)
    return {
        kind.__name__: _response(kind, examples, reference)
        for kind, examples in table(contracts).items()
        if kind not in (problems.MethodNotAllowed, problems.Gone, problems.NotSupported)
    }


def _response(kind: type[Problem], examples: list[Example], schema: Schema) -> dict[str, Any]:
    counted = COUNTED if kind in _COUNTED else ()
    named = {}
    for each in examples:
        entries = each.members.get("errors", [])
        name = each.code if each.code != "validation_failed" else entries[0]["code"]
        named[name] = {"summary": each.detail, "value": _document(kind, each)}
    return {
        "description": f"{kind.title}: {', '.join(dict.fromkeys(f'`{each.code}`' for each in examples))}.",
        "headers": references(*EVERY, *_HEADERS.get(kind, ()), *counted),
        "content": {"application/problem+json": {"schema": schema, "examples": named}},
    }


def _document(kind: type[Problem], example: Example) -> dict[str, Any]:
    return {
        "type": f"{ORIGIN}/problems/{kind.slug}",
        "title": kind.title,
        "status": kind.status,
        "detail": example.detail,
        "instance": "/v1/contacts",
        "trace_id": "4bf92f3577b34da6a3ce929d0e0e4736",
        "code": example.code,
        **example.members,
    }


def _text(description: str, example: str) -> Schema:
    return {"type": "string", "description": description, "examples": [example]}
