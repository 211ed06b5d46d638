"""The operations of webhooks, which the gateway answers from its own store: alike in every contract."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

from adapters import ids
from adapters.core.calls import Input, Plan
from adapters.core.declare.ids import IdType
from adapters.core.declare.kinds import Choice
from adapters.core.declare.parameter import Parameter
from adapters.core.operation import Body, Face, Operation, Request
from adapters.core.payloads import Fields, Given, Many, Nothing, One, Query, Sent
from adapters.core.request.acceptors import anchored, nothing, path_only
from adapters.core.request.filters import Filters
from adapters.core.request.json_body import Document
from adapters.core.request.parameters import Parameters
from adapters.core.request.search_request import SearchRequest, query_window
from adapters.core.shapes import Shape
from gateway.webhooks import shapes

FIRST: Final = "webhook_subscriptions"
EVENTS: Final = "events"
_STATUS: Final = Parameter(
    name="status", kind=Choice(shapes.DELIVERED), description="Only those that stand so.", example="dead"
)
_SORTS: Final = ("created_at", "updated_at")
_RECEIVED: Final = ("received_at",)

Accept = Callable[[Request], Input]


def _unplanned(_: Input) -> Plan:
    raise AssertionError("the gateway answers this operation itself")


def _body(shape: Shape, *, partial: bool = False) -> Accept:
    document = Document(shape, partial=partial)

    def accept(request: Request) -> Input:
        return Input(ids=request.ids, body=document.read({} if request.document is None else request.document))

    return accept


def _empty(request: Request) -> Input:
    nothing(request)
    return path_only(request)


def _search(scope: str, shape: Shape, sorts: tuple[str, ...]) -> tuple[Accept, Query]:
    searching = SearchRequest(shape, Filters(shape), sorts)

    def accept(request: Request) -> Input:
        window, cursor = searching.read(request.document)
        return Input(window=anchored(window, cursor, scope, request))

    return accept, Query(shape, searching.filters, searching.sorts, ())


def _deliveries(request: Request) -> Input:
    asked = Parameters((_STATUS,)).read(request.query)
    window, cursor = query_window(request.query, "created_at")
    bound = f"{FIRST} deliveries {request.ids[0]} {asked['status']}"
    return Input(ids=request.ids, body=dict(asked), window=anchored(window, cursor, bound, request))


def operations(dates: Sequence[str]) -> list[Operation]:
    """All of them, in the contracts of these dates."""

    def declare(
        name: str,
        method: str,
        tail: str,
        verb: str,
        summary: str,
        about: str,
        accept: Accept,
        sends: Sent | None = None,
        gives: Given | None = None,
        *,
        first: str = FIRST,
        kinds: tuple[IdType, ...] = (ids.WEBHOOK_SUBSCRIPTION, ids.DELIVERY),
        names: tuple[str, ...] = ("id", "delivery_id"),
        **more: Any,
    ) -> Operation:
        count = tail.count("*")
        return Operation(
            name=f"{first}.{name}",
            first=first,
            tail=tail,
            method=method,
            summary=summary,
            description=about,
            scopes=(f"webhook.{verb}",),
            params=kinds[:count],
            param_names=names[:count],
            faces=dict.fromkeys(dates, Face(accept, _unplanned, sends, gives)),
            # Whatever else is written to a subscription has an address outside called, with records of the workspace.
            outward=verb == "write" and name != "pause",
            **more,
        )

    one, many = One(shapes.SUBSCRIPTION, degrades=False), Many(shapes.SUBSCRIPTION)
    secret = One(shapes.WITH_SECRET, degrades=False)
    delivery, replay = One(shapes.DELIVERY, degrades=False), One(shapes.REPLAY, degrades=False)
    event = One(shapes.EVENT, degrades=False)
    search, query = _search(FIRST, shapes.SEARCHED, _SORTS)
    search_log, query_log = _search(EVENTS, shapes.EVENTS_SEARCHED, _RECEIVED)
    sent = Fields("WebhookSubscriptionCreate", shapes.BODY)
    changed = Fields("WebhookSubscriptionUpdate", shapes.BODY, partial=True)
    optional: dict[str, Any] = {"body": Body.OPTIONAL}

    def action(name: str, summary: str, about: str, gives: Given | None = one) -> Operation:
        return declare(
            name,
            "POST",
            f"*/{name}",
            "write",
            summary,
            about,
            _empty,
            Nothing(),
            gives,
            body=Body.EMPTY,
            replayable=True,
        )

    def asked(name: str, shape: Shape, summary: str, about: str, gives: Given, **more: Any) -> Operation:
        sends = Fields(shape.name, shape, needed=False)
        return declare(
            name, "POST", f"*/{name}", "write", summary, about, _body(shape), sends, gives, **optional, **more
        )

    return [
        declare(
            "search", "POST", "search", "read", "Search webhook subscriptions",
            "Lists the subscriptions that you may see: an app its own, a person their own, administrators all of the workspace.",
            search, query, many, body=Body.JSON, limited_as="search",
        ),
        declare(
            "create", "POST", "", "write", "Create a webhook subscription",
            "From the answer on, events of these types are delivered. The answer has the secret, which is shown this once. "
            "A `webhook.test` is sent at once. At most 50 a workspace, and 10 an app of a user.",
            _body(shapes.BODY), sent, secret, body=Body.JSON, success=201, replayable=True, located=True, secret=True,
        ),
        declare(
            "get", "GET", "*", "read", "Get a webhook subscription", "Reads one subscription, with how it goes.",
            path_only, None, one,
        ),
        declare(
            "update", "PATCH", "*", "write", "Update a webhook subscription",
            "Changes what is sent, and where: from the next attempt on.",
            _body(shapes.BODY, partial=True), changed, one, body=Body.MERGE,
        ),
        declare(
            "delete", "DELETE", "*", "delete", "Delete a webhook subscription",
            "Ends it. What waits is cancelled.", path_only, success=204,
        ),
        action("pause", "Pause a webhook subscription", "Nothing is sent until it is resumed. What happens meanwhile is kept."),
        asked(
            "resume", shapes.RESUME, "Resume a webhook subscription",
            "Delivers again, a paused one and one that was disabled, with all that it missed in the last 30 days.",
            one, replayable=True,
        ),
        asked(
            "rotate_secret", shapes.ROTATE, "Rotate the secret of a webhook subscription",
            "A new secret, shown this once. The one before goes on signing beside it for the `overlap`; a third ends the oldest.",
            secret, replayable=True, secret=True,
        ),
        asked(
            "test", shapes.TRIAL, "Send a test delivery",
            'Sends an example now, marked `"test": true`, and answers with what became of it.', delivery,
        ),
        declare(
            "replay", "POST", "*/replay", "write", "Replay events to a webhook subscription",
            "Delivers events of a time once more, behind what comes. One replay at a time.",
            _body(shapes.REPLAY), Fields("WebhookReplayCreate", shapes.REPLAY), replay,
            body=Body.JSON, success=202, replayable=True,
        ),
        declare(
            "get_replay", "GET", "*/replays/*", "read", "Get a replay", "How far a replay has come.", path_only, None, replay,
            kinds=(ids.WEBHOOK_SUBSCRIPTION, ids.REPLAY), names=("id", "replay_id"),
        ),
        declare(
            "list_deliveries", "GET", "*/deliveries", "read", "List the deliveries of a webhook subscription",
            "Newest first, of the last 30 days, with what was sent and answered.",
            _deliveries, None, Many(shapes.DELIVERY), query=("limit", "cursor"), takes=(_STATUS,),
        ),
        declare(
            "get_delivery", "GET", "*/deliveries/*", "read", "Get a delivery", "One delivery with its attempts.",
            path_only, None, delivery,
        ),
        declare(
            "redeliver", "POST", "*/deliveries/*/redeliver", "write", "Redeliver an event",
            "Sends the event once more, whatever became of it: a new delivery with the same `webhook-id`.",
            _empty, Nothing(), delivery, body=Body.EMPTY, success=202, replayable=True,
        ),
        declare(
            "search", "POST", "search", "read", "Search events",
            "The log of the last 30 days, of the types that your scopes and role cover: to reconcile, or to ask where nobody "
            "can be called.",
            search_log, query_log, Many(shapes.EVENT), first=EVENTS, body=Body.JSON, limited_as="search",
        ),
        declare(
            "get", "GET", "*", "read", "Get an event", "One event of the log.", path_only, None, event,
            first=EVENTS, kinds=(ids.EVENT,),
        ),
    ]  # fmt: skip
