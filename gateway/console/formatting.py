"""Moments, numbers and events in plain words. Times are UTC: the server does not know a reader's clock."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

_SPANS: Final = ((86_400, "day"), (3600, "hour"), (60, "minute"))
_FAR: Final = timedelta(days=45)


def day(at: datetime) -> str:
    """`22 Nov 2026`."""
    return f"{at.day} {at:%b %Y}"


def moment(at: datetime) -> str:
    """`22 Nov 2026, 15:08 UTC`."""
    return f"{day(at)}, {at:%H:%M} UTC"


def ago(at: datetime, now: datetime) -> str:
    """`3 hours ago`; the day, when it is long ago."""
    passed = now - at
    if passed > _FAR:
        return f"on {day(at)}"
    return "just now" if passed < timedelta(minutes=1) else f"{span(passed)} ago"


def ahead(at: datetime, now: datetime) -> str:
    """`in 3 hours`; the day, when it is far off."""
    left = at - now
    if left > _FAR:
        return f"on {day(at)}"
    return "within a minute" if left < timedelta(minutes=1) else f"in {span(left)}"


def number(value: int) -> str:
    """`12,345`."""
    return f"{value:,}"


def listed(names: Sequence[str]) -> str:
    """`a, b and c`."""
    return " and ".join(names) if len(names) < 3 else f"{', '.join(names[:-1])} and {names[-1]}"


def span(length: timedelta) -> str:
    """`3 hours`, rounded down."""
    seconds = length.total_seconds()
    unit_length, unit = next((each for each in _SPANS if seconds >= each[0]), _SPANS[-1])
    count = int(seconds // unit_length)
    return f"{count} {unit}{'' if count == 1 else 's'}"


_EVENTS: Final[Mapping[str, str]] = {
    "session.start": "signed in",
    "session.end": "signed out",
    "token.create": "created the token {thing}",
    "token.rotate": "rotated the token {thing}",
    "token.revoke": "revoked the token {thing}",
    "token.use": "was used from an address that was new for it",
    "consent.allow": "agreed to give access to {thing}",
    "consent.deny": "refused access to {thing}",
    "consent.withdraw": "took back the consent to {thing}",
    "grant.create": "connected to the workspace",
    "grant.revoke": "ended the access of {thing}",
    "grant.revoke_by_app": "gave its access back",
    "grant.reuse": "used a refresh token of {thing} twice, so its access was ended",
    "external.revoke": "ended the access of {thing}",
    "external.restore": "gave {thing} its access back",
    "client.create": "registered the app {thing}",
    "client.update": "changed the app {thing}",
    "client.rotate_secret": "made a new secret for {thing}",
    "client.revoke_secret": "ended a secret of {thing}",
    "client.webhook": "changed the webhook of {thing}",
    "client.webhook_secret": "made a new signing secret for the webhook of {thing}",
    "client.webhook_end": "ended the webhook of {thing}",
    "client.disable": "switched off the app {thing}",
    "tenant.add": "registered the workspace",
    "tenant.plan": "changed the plan of the workspace",
    "webhook.create": "made a webhook subscription",
    "webhook.update": "changed a webhook subscription",
    "webhook.delete": "deleted a webhook subscription",
    "webhook.pause": "paused a webhook subscription",
    "webhook.resume": "resumed a webhook subscription",
    "webhook.enable": "enabled a webhook subscription again",
    "webhook.replay": "had events sent once more",
    "webhook.purge": "cancelled what waited for a webhook subscription",
    "webhook.rotate_secret": "made a new secret for a webhook subscription",
    "webhook.expiring": "warned that a webhook subscription ends soon, with its token or connection",
    "webhook.failing": "warned of a webhook subscription that fails",
    "webhook.disabled": "disabled a webhook subscription",
    "webhook.recovered": "saw a webhook subscription recover",
}


def told(action: str) -> tuple[str, str]:
    """What was done, before and after the name of what it was done to; an event without words is told by its name."""
    before, found, after = _EVENTS.get(action, action).partition("{thing}")
    return (before, after) if found else (before, "")


def names_a_thing(action: str) -> bool:
    """Whether the words for this event need the name of what it was done to."""
    return "{thing}" in _EVENTS.get(action, "")
