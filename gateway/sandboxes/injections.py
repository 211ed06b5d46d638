"""The faults that calls of test mode's own operations can ask for; and all that there are."""

from __future__ import annotations

from typing import Final

from gateway.api.injection.declared import Injection, Where
from gateway.api.injection.parts import raising
from gateway.api.injection.table import INJECTIONS as OF_ALL
from gateway.api.injection.table import named
from gateway.config.testing import Testing
from gateway.sandboxes import control, handling, keeping
from gateway.sandboxes.declared import FIRST
from gateway.webhooks.injections import INJECTIONS as OF_WEBHOOKS

_OWN: Final = (
    Injection(
        name="test_token_required",
        about="The token is a live one.",
        code="test_token_required",
        where=Where("a call below /v1/test", lambda operation, _: operation.first == FIRST),
        change=raising(handling.outside),
    ),
    Injection(
        name="sandbox_limit",
        about="There are as many sandboxes as there may be.",
        code="sandbox_limit",
        where=Where("the create of a sandbox", lambda operation, _: operation.name == f"{FIRST}.create_sandbox"),
        change=raising(lambda: keeping.too_many(Testing().per_owner)),
    ),
    Injection(
        name="snapshot_limit",
        about="There are as many snapshots as there may be.",
        code="snapshot_limit",
        where=Where("the create of a snapshot", lambda operation, _: operation.name == f"{FIRST}.create_snapshot"),
        change=raising(control.full),
    ),
)

INJECTIONS: Final = named((*OF_ALL, *OF_WEBHOOKS, *_OWN))
