"""What becomes of webhooks, in words for their owners."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from gateway.stores.sql.webhook_queue import Attempt
from gateway.webhooks.messages import Ended, Wait, Withheld

_STATUS: Final[Mapping[str, tuple[str, str]]] = {
    "enabled": ("good", "Enabled"),
    "pending": ("soon", "Pending"),
    "paused": ("idle", "Paused"),
    "suspended": ("soon", "Suspended"),
    "disabled": ("bad", "Disabled"),
    "delivered": ("good", "Delivered"),
    "waiting": ("soon", "Waiting"),
    "dead": ("bad", "Dead"),
    "withheld": ("idle", "Withheld"),
    "cancelled": ("idle", "Cancelled"),
}
_WHY: Final[Mapping[str, str]] = {
    # of subscriptions
    "registration": "Events of the workspace do not reach the gateway yet. It goes on trying.",
    "operator": "An operator of the API paused it.",
    "failing": "Nothing was taken for days.",
    "gone": "The receiver said more than once that it is gone (410), or asked not to be called any more.",
    "owner_revoked": "The token or connection that it belongs to was ended.",
    "owner_expired": "The token or connection that it belongs to has expired.",
    "contract_retired": "Its contract has reached its end. Choose a newer one, then enable it.",
    "user_disabled": "Its user is switched off. It goes on from here when they are back.",
    # of deliveries that are dead
    "attempts": "All ten attempts failed.",
    "age": "It could not be delivered within four days.",
    "aborted": "The receiver asked not to be sent this one again.",
    "poison": "It could not be put together. Whoever runs the API knows of it.",
    # withheld
    "scope": "The permissions that it was given do not cover this type.",
    "role": "The role of its user does not allow this type now.",
    "not_visible": "Its user may not see this record, or the record is gone.",
    "not_offered": "The API does not tell of this type any more.",
    # cancelled
    "deleted": "The subscription was deleted before it was sent.",
    "purged": "An operator of the API cancelled what waited. A replay brings it.",
    "forgotten": "The event was older than what is kept.",
}
_ERRORS: Final[Mapping[str, str]] = {
    "dns": "the name could not be resolved",
    "connect": "nobody answered at this address",
    "timeout": "there was no answer in time",
    "reset": "the connection was closed without an answer",
    "invalid": "the answer was no HTTP, or too large",
    "proxy": "our proxy could not reach it",
    "tls_expired": "the certificate has expired",
    "tls_not_yet_valid": "the certificate is not valid yet",
    "tls_wrong_name": "the certificate is for another name",
    "tls_self_signed": "the certificate signs itself",
    "tls_unknown_authority": "nobody knows who signed the certificate",
    "tls_incomplete_chain": "an intermediate certificate is missing",
    "tls_timeout": "TLS was not agreed upon in time",
    "tls_failed": "TLS could not be agreed upon",
}

_LATER: Final[Mapping[str, str]] = {
    "unavailable": "The service that has the record does not answer now. Deliveries wait for it.",
    "budget": "As many records as may be were read in this minute. Deliveries wait for the next.",
}
_OMITTED: Final[Mapping[str, str]] = {
    "thin": "",
    "too_large": "The record is too large to be sent: the id goes without it.",
    "budget": "Records could not be read in time within the limit of the workspace: the id goes without it.",
    "unavailable": "The service that has the record did not answer for a quarter of an hour: the id goes without it.",
    "not_offered": "There is no more to be told of this type than the id.",
}


def badge(status: str) -> tuple[str, str]:
    """Of a subscription or a delivery: how its badge looks, and what it says. A delivery that is pending: `waiting`."""
    return _STATUS.get(status, ("idle", status))


def why(reason: str | None) -> str:
    """A reason as a sentence; one without words is told by its name."""
    return "" if reason is None else _WHY.get(reason, reason)


def not_sent(kept: Withheld | Ended | Wait) -> str:
    """Why nothing would be sent now."""
    if isinstance(kept, Wait):
        return _LATER.get(kept.reason, "It cannot be known now who may see this record. Deliveries wait.")
    return why(kept.reason)


def left_out(omitted: str | None) -> str:
    """Why the record is not in a body; empty when it is, or was not asked for."""
    return "" if omitted is None else _OMITTED.get(omitted, omitted)


def came_back(attempt: Attempt) -> str:
    """What an attempt met: `503`, or what went wrong."""
    if attempt.status is not None:
        return str(attempt.status)
    error = attempt.error or ""
    if error.startswith("vetted"):
        return "the address may not be called"
    return _ERRORS.get(error, error)
