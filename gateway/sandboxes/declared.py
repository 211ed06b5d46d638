"""The operations of test mode, which the gateway answers itself: alike in every contract, and for test tokens only."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

from adapters import ids
from adapters.core.calls import Input, Plan
from adapters.core.operation import Body, Face, Operation, Request
from adapters.core.payloads import Fields, Given, One, Sent
from adapters.core.request.acceptors import path_only
from adapters.core.request.json_body import Document
from adapters.core.shapes import Shape
from gateway.sandboxes import shapes

FIRST: Final = "test"
ABOUT: Final = (
    "Test mode: sandboxes, and what can be done to one. For test tokens only. Any call with one may ask for a failure by the "
    "header `Test-Fault: NAME[; key=value]`: the guide Provoke failures lists them."
)

Accept = Callable[[Request], Input]


def _unplanned(_: Input) -> Plan:
    raise AssertionError("the gateway answers this operation itself")


def body(shape: Shape) -> Accept:
    """Reads a body of this shape, or none."""
    document = Document(shape, partial=False)

    def accept(request: Request) -> Input:
        return Input(ids=request.ids, body=document.read({} if request.document is None else request.document))

    return accept


def declare(
    dates: Sequence[str],
    name: str,
    method: str,
    tail: str,
    summary: str,
    about: str,
    accept: Accept = path_only,
    sends: Sent | None = None,
    gives: Given | None = None,
    **more: Any,
) -> Operation:
    """One operation below `/v1/test`, in the contracts of these dates. Its handler is in the map of the same name."""
    return Operation(
        name=f"{FIRST}.{name}",
        first=FIRST,
        tail=tail,
        method=method,
        summary=summary,
        description=about,
        scopes=(),
        faces=dict.fromkeys(dates, Face(accept, _unplanned, sends, gives)),
        **more,
    )


def operations(dates: Sequence[str]) -> list[Operation]:
    """All of them, in the contracts of these dates."""
    return [
        declare(
            dates, "create_sandbox", "POST", "sandboxes", "Create a sandbox",
            "A workspace of its own with invented data, and a token that opens it: one for each test, say. It belongs to "
            "whom yours belongs to, and removes itself when its time is over.",
            body(shapes.BODY), Fields("SandboxCreate", shapes.BODY, needed=False),
            One(shapes.CREATED, degrades=False), body=Body.OPTIONAL, success=201, replayable=True, secret=True,
        ),
        declare(
            dates, "delete_sandbox", "DELETE", "sandboxes/*", "Delete a sandbox",
            "Removes a sandbox with all that is in it, its tokens included: your own, or another one of the same owner.",
            success=204, params=(ids.TENANT,), param_names=("id",),
        ),
    ]  # fmt: skip
