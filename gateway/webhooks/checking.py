"""What a subscription may ask for: an address that may be called, types that there are, and headers that are its own to set."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from difflib import get_close_matches
from typing import Any, Final

from adapters.core.compile.events import EventTypes
from adapters.core.faults import FieldError, Invalid
from gateway.api.lifecycle import retired
from gateway.config.policies import Lifecycle
from gateway.egress import urls
from gateway.egress.errors import Undialled
from gateway.egress.resolving import Resolver, vetted
from gateway.egress.rules import Refused, Rules
from gateway.webhooks import own_events

MOST_HEADERS: Final = 5
_UNITS: Final = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_LONGEST_OVERLAP: Final = timedelta(days=7)
_TOKEN: Final = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,64}")
_VALUE: Final = re.compile(r"[\x21-\x7e](?:[\x20-\x7e]{0,510}[\x21-\x7e])?")
# Ours, the connection's, and what says how the body is to be read.
_RESERVED: Final = re.compile(
    r"(?i)host|content-.*|webhook-.*|connection|keep-alive|proxy-.*|te|trailer|transfer-encoding|upgrade|expect|"
    r"user-agent|version|x-webhook-.*|deprecation|sunset|link"
)


class Checks:
    """offered: types of services that this deployment has; contracts: dates, newest first; cycles: what becomes of them."""

    def __init__(
        self,
        types: EventTypes,
        offered: frozenset[str],
        rules: Rules,
        resolver: Resolver,
        contracts: Sequence[str],
        cycles: Mapping[str, Lifecycle],
    ) -> None:
        self._types = types
        self._offered = offered
        self._rules = rules
        self._resolver = resolver
        self._contracts = contracts
        self._cycles = cycles

    @property
    def subscribable(self) -> tuple[str, ...]:
        """All types that can be asked for here."""
        return (*(name for name in self._types.named if name in self._offered), *own_events.SUBSCRIBABLE)

    def live_contracts(self, ahead: float = 0.0) -> tuple[str, ...]:
        """The dates that can be asked for, newest first, by a clock that is so many seconds ahead."""
        return tuple(date for date in self._contracts if not self.contract_ended(date, ahead))

    async def body(self, body: Mapping[str, Any], ahead: float = 0.0) -> None:
        """Invalid with every place of a subscription that cannot be, by a clock that is so many seconds ahead."""
        errors = [
            *self._events(body.get("events") or ()),
            *self._version(body, ahead),
            *self._headers(body.get("headers") or {}),
        ]
        if "url" in body:
            errors += await self._url(body["url"])
        if errors:
            raise Invalid(errors)

    def contract_ended(self, contract: str, ahead: float = 0.0) -> bool:
        """Whether a contract has reached its sunset, by a clock that is so many seconds ahead."""
        return retired(self._cycles.get(contract), ahead)

    def host(self, url: str) -> str:
        """The host of a URL that was checked."""
        return urls.parse(url, self._rules).host

    def overlap(self, text: str) -> timedelta:
        """`24h` → how long; Invalid beyond seven days."""
        found = timedelta(**{_UNITS[text[-1]]: int(text[:-1])})
        if found > _LONGEST_OVERLAP:
            raise Invalid([FieldError("/overlap", "out_of_range", "At most 7 days.")])
        return found

    def trial(self, name: str | None) -> str:
        """A type whose example can be sent; empty for `webhook.test`."""
        if name is None or name == own_events.TEST:
            return ""
        if errors := [error for error in self._events((name,)) if error.code != "event_repeated"]:
            raise Invalid([FieldError("/type", error.code, error.message, error.allowed) for error in errors])
        return name if name in self._types.named else ""

    def _events(self, events: Sequence[str]) -> Iterator[FieldError]:
        for at, name in enumerate(events):
            where = f"/events/{at}"
            if name in events[:at]:
                yield FieldError(where, "event_repeated", "This type is there already.")
            elif name in self._types.named and name not in self._offered:
                yield FieldError(
                    where, "event_not_offered", "This deployment's services do not tell of it.", self.subscribable
                )
            elif name not in self.subscribable:
                near = get_close_matches(name[:64], self.subscribable, 1, 0.6)
                told = f" Did you mean {near[0]}?" if near else ""
                none = " There are no wildcards." if "*" in name else ""
                yield FieldError(where, "event_unknown", f"There is no such type.{none}{told}", self.subscribable)

    def _version(self, body: Mapping[str, Any], ahead: float) -> Iterator[FieldError]:
        version = body.get("version")
        if version is not None and version not in (live := self.live_contracts(ahead)):
            yield FieldError("/version", "value_unknown", "Not the date of a contract.", live)

    def _headers(self, headers: Mapping[str, Any]) -> Iterator[FieldError]:
        if len(headers) > MOST_HEADERS:
            yield FieldError("/headers", "too_many", f"At most {MOST_HEADERS} headers.")
        for name, value in headers.items():
            where = f"/headers/{name[:64]}"
            if not _TOKEN.fullmatch(name) or not isinstance(value, str) or not _VALUE.fullmatch(value):
                yield FieldError(where, "format_invalid", "Not a header of up to 512 printable ASCII characters.")
            elif _RESERVED.fullmatch(name):
                yield FieldError(where, "header_not_allowed", "This header is set by the gateway.")

    async def _url(self, url: str) -> list[FieldError]:
        """Judged before and after it is resolved. A name that does not resolve now may do so later; it is tried then."""
        try:
            destination = urls.parse(url, self._rules)
            await vetted(destination, self._rules, self._resolver)
        except Refused as refused:
            return [FieldError("/url", "url_not_allowed", f"This URL may not be called: {refused}.")]
        except Undialled as failed:
            if failed.kind == "vetted":
                return [
                    FieldError(
                        "/url", "url_not_allowed", "This URL may not be called: its name leads to a private network."
                    )
                ]
        return []
