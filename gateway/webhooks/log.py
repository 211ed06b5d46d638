"""`/v1/events`: the log, of the types that the caller's scopes and role cover. The pull side of everything that is sent."""

from __future__ import annotations

from collections.abc import Mapping

from adapters.core.calls import Answer, Input
from adapters.core.faults import RecordNotFound
from gateway.api.exchange import Accepted, Permitted
from gateway.stores.sql import webhook_events
from gateway.stores.sql.webhook_events import Event
from gateway.webhooks import declared, presenting, shapes
from gateway.webhooks.subscribers import Parts


class Log:
    """The operations on events, by name."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def handlers(self) -> Mapping[str, Accepted]:
        """By name of operation."""
        return {f"{declared.EVENTS}.search": self.search, f"{declared.EVENTS}.get": self.get}

    async def search(self, permitted: Permitted, given: Input) -> Answer:
        window = given.window
        assert window is not None
        assert window.seal is not None
        position = window.position[0] if window.position is not None else None
        found = await self._parts.sql.read(
            webhook_events.searched,
            permitted.caller.tenant_id,
            self._types(permitted),
            window.where,
            beyond=position,
            limit=window.limit + 1,
            newest_first=window.descending,
        )
        page = found[: window.limit]
        following = window.seal([page[-1].sequence]) if len(found) > window.limit else None
        return presenting.many(shapes.EVENT, [presenting.event(self._parts.types, each) for each in page], following)

    async def get(self, permitted: Permitted, given: Input) -> Answer:
        found: Event | None = await self._parts.sql.read(webhook_events.get, given.ids[0])
        tenant = permitted.caller.tenant_id
        if found is None or found.tenant_id != tenant or found.type not in self._types(permitted) or found.audience:
            raise RecordNotFound
        return presenting.one(shapes.EVENT, presenting.event(self._parts.types, found))

    def _types(self, permitted: Permitted) -> tuple[str, ...]:
        named = self._parts.types.named
        return tuple(name for name, kind in named.items() if kind.scope in permitted.permit.scopes)
