"""The form of a subscription: what it offers, what was sent with it, and what is wrong with that."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Any, Final

from adapters.core.faults import Invalid
from gateway.console import formatting
from gateway.console.signed_in import Visit
from gateway.keys.keyring import Keyring
from gateway.stores.sql.webhook_endpoints import Endpoint
from gateway.stores.sql.webhook_templates import Template
from gateway.webhooks import own_events, presenting, recipients
from gateway.webhooks.subscribers import Parts

_SAID: Final = {
    "url": "The URL",
    "events": "The events",
    "description": "The description",
    "version": "The contract",
    "payload": "The content",
    "headers": "A header",
    "max_in_flight": "How many at once",
    "rate": "How many a second",
    "until": "The range",
    "type": "The type",
}
_OWN: Final = "Subscriptions"


@dataclass(frozen=True, slots=True)
class Choice:
    """A check box for one type of event."""

    name: str
    about: str
    allowed: bool
    chosen: bool


@dataclass(frozen=True, slots=True)
class Values:
    """What the fields hold: what was sent last, or how the subscription stands."""

    url: str
    description: str
    events: Collection[str]
    version: str
    payload: str
    headers: str
    header_names: Collection[str]
    max_in_flight: str
    rate: str


def of_template(visit: Visit, keyring: Keyring, template: Template | None) -> Values:
    """The same of an app's template."""
    sent = values(visit, keyring, None)
    if visit.request.method == "POST" or template is None:
        return sent
    return replace(
        sent,
        url=recipients.template_url(keyring, template),
        events=template.events,
        version=template.contract,
        payload=template.payload,
    )


def values(visit: Visit, keyring: Keyring, endpoint: Endpoint | None) -> Values:
    """Of a form that was sent what was sent; else of the subscription."""
    names = list(recipients.open_headers(keyring, endpoint)) if endpoint is not None else []
    if visit.request.method == "POST" or endpoint is None:
        return Values(
            url=visit.one("url"),
            description=visit.one("description"),
            events=visit.every("event"),
            version=visit.one("version"),
            payload=visit.one("payload") or "full",
            headers=visit.one("headers"),
            header_names=names,
            max_in_flight=visit.one("max_in_flight") or "8",
            rate=visit.one("rate"),
        )
    return Values(
        url=recipients.open_url(keyring, endpoint),
        description=endpoint.description or "",
        events=endpoint.events,
        version=endpoint.contract,
        payload=endpoint.payload,
        headers="",
        header_names=names,
        max_in_flight=str(endpoint.max_in_flight),
        rate="" if endpoint.rate is None else str(endpoint.rate),
    )


def body(visit: Visit, endpoint: Endpoint | None = None) -> dict[str, Any]:
    """The form as the document that `/v1` takes, not yet judged. Headers are write-only: an empty field leaves them as they are."""
    found: dict[str, Any] = {
        "url": visit.one("url").strip(),
        "events": list(visit.every("event")),
        "description": visit.one("description").strip() or None,
        "payload": visit.one("payload") or "full",
        "max_in_flight": _number(visit.one("max_in_flight") or "8"),
        "rate": _number(visit.one("rate")) if visit.one("rate") else None,
    }
    if visit.one("version"):
        found["version"] = visit.one("version")
    lines = [line.partition(":") for line in visit.one("headers").splitlines() if line.strip()]
    if lines:
        found["headers"] = {name.strip(): value.strip() for name, _, value in lines}
    elif endpoint is not None and visit.one("headers_end"):
        found["headers"] = None
    return found


def covered(parts: Parts, may: frozenset[str], endpoint: Endpoint | None) -> frozenset[str]:
    """What can be picked: what the role covers, and the token that the subscription belongs to."""
    if endpoint is None or endpoint.owner_kind == "user":
        return may
    return may & parts.scopes.expanded(endpoint.scopes)


def groups(parts: Parts, may: frozenset[str], chosen: Collection[str]) -> list[tuple[str, list[Choice]]]:
    """The types that there are, by what they are about; what the scopes do not cover cannot be picked."""
    found: dict[str, list[Choice]] = {}
    for name in parts.checks.subscribable:
        kind = parts.types.named.get(name)
        title = _OWN if kind is None else kind.subject.replace("_", " ").capitalize()
        about = own_events.SUBSCRIBABLE[name] if kind is None else kind.declared.why
        covered = presenting.needed(parts.types, (name,)) <= may
        found.setdefault(title, []).append(Choice(name, about, covered, name in chosen))
    return list(found.items())


def said(invalid: Invalid) -> str:
    """Everything that is wrong, each with the field that it is in."""
    told = []
    for error in invalid.errors:
        field = error.pointer.lstrip("/").partition("/")[0]
        told.append(f"{_SAID.get(field, field)}: {error.message}")
    return " ".join(dict.fromkeys(told))


def lacks(scopes: Collection[str]) -> str:
    """What their role does not cover."""
    return f"Your role does not allow {formatting.listed(sorted(scopes))}."


def _number(text: str) -> int | str:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else text
