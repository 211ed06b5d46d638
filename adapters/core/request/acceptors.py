"""How requests become inputs: the few ways that operations share."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from adapters.core.calls import Input, Row, Window
from adapters.core.declare.ids import IdType
from adapters.core.faults import BadParameter, FieldError, Invalid
from adapters.core.operation import Request
from adapters.core.request.json_body import MOST_ERRORS, Document, pointer
from adapters.core.request.search_request import identity
from adapters.core.request.selection import Selection
from adapters.core.request.to_service import Inward
from adapters.core.shapes import Shape
from adapters.core.strict_json import encode


def path_only(request: Request) -> Input:
    """An operation that needs nothing but the ids in its path."""
    return Input(ids=request.ids)


def selecting(accept: Callable[[Request], Input], shape: Shape) -> Callable[[Request], Input]:
    """The same for what answers records of `shape`, of which the query may choose the fields."""
    chosen = Selection(shape).of_query

    def accepted(request: Request) -> Input:
        taken = accept(request)
        taken.fields = chosen(request.query)
        return taken

    return accepted


def file(request: Request) -> Input:
    """An import: its file is read later, as the flags in the query say."""
    asked = request.query
    return Input(ids=request.ids, dry_run=_flag(asked, "dry_run"), ignore_read_only=_flag(asked, "ignore_read_only"))


def _flag(asked: Mapping[str, str], name: str) -> bool:
    value = asked.get(name, "false")
    if value not in ("true", "false"):
        raise BadParameter("parameter_invalid", f"The query parameter {name!r} is true or false.")
    return value == "true"


def nothing(request: Request) -> None:
    """Refuse fields where an action takes none."""
    sent = request.document
    if sent is None or sent == {}:
        return
    names = list(sent)[:MOST_ERRORS] if isinstance(sent, dict) else [""]
    where = [pointer((name,)) if name else "" for name in names]
    raise Invalid([FieldError(at, "field_unknown", "This action takes no fields.") for at in where])


def fields(
    document: Document, inward: Inward, *, needed: bool = True, own: IdType | None = None
) -> Callable[[Request], Input]:
    """An operation with a body: checked against its shape, then put into the service's names. needed: whether there must be one;
    own: what the path names the record with, where its rules need the id.
    """

    def accept(request: Request) -> Input:
        sent = {} if request.document is None and not needed else request.document
        about = {"id": own.encode(request.ids[0])} if own is not None else {}
        body, revisions = inward.translate(document.read(sent), about)
        return Input(ids=request.ids, body=body, revisions=revisions)

    return accept


def beneath(accept: Callable[[Request], Input], held: str) -> Callable[[Request], Input]:
    """The same where the field `held` names the record beneath which the service has what is sent: it is part of the path there."""

    def accepted(request: Request) -> Input:
        taken = accept(request)
        taken.ids = (taken.body.pop(held),)
        return taken

    return accepted


def parted(where: Row | None, held: str) -> tuple[Any, Row | None]:
    """Conditions that all must hold → the value that the field `held` is to have, None when none is named; and the others."""
    if where is None:
        return None, None
    if "and" not in where:
        return (where["value"], None) if where["field"] == held else (None, where)
    told = [parted(part, held) for part in where["and"]]
    rest = [part for _, part in told if part is not None]
    return next((value for value, _ in told if value is not None), None), {"and": rest} if rest else None


def anchored(window: Window, cursor: str | None, scope: str, request: Request) -> Window:
    """The window with its cursor opened and the means to seal the next; StaleCursor when it is not this query's."""
    asked, seal_for = identity(window, scope), request.seal_for

    # The query is encoded when there is a cursor to bind to it, and many answers have none.
    def seal(position: list[Any]) -> str:
        return seal_for(encode(asked))(position)

    if cursor is not None:
        window.position = request.unseal(cursor, encode(asked))
    window.seal = seal
    return window
