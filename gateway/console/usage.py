"""Usage: how much was asked, how much of it went wrong, and how much is left."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from starlette.responses import Response
from starlette.routing import Route

from gateway.api.rate_limits import of_callers
from gateway.config.plans import of_plan
from gateway.config.policies import Limits
from gateway.console import chart
from gateway.console.chart import OUTCOMES, Day
from gateway.console.signed_in import Console, Visit
from gateway.stores.policies import Reading
from gateway.stores.sql import Session, tenants, usage
from gateway.stores.sql.batches import Batches
from gateway.stores.sql.usage import Named, Total

PATH: Final = "/console/usage"
DAYS: Final = 30
MOST: Final = 50

_NOBODY: Final = ""  # of the limits of a token that does not exist, only the tenant's part is of interest


@dataclass(frozen=True, slots=True)
class Row:
    """What one token or app asked for; `left`: its own budget, for a person's token; `shadowed`: how much of it
    limits that are tried out would have refused.
    """

    named: Named
    counts: tuple[int, ...]
    left: Reading | None
    shadowed: int

    @property
    def total(self) -> int:
        """All requests."""
        return sum(self.counts)


@dataclass(frozen=True, slots=True)
class Spent:
    """The page."""

    console: Console

    def routes(self) -> list[Route]:
        """Look."""
        return [self.console.route(PATH, self.show)]

    async def show(self, visit: Visit) -> Response:
        """Thirty days, of the tenant for administrators, of their own for others."""
        web, tenant_id = self.console.web, visit.user.tenant_id
        # What this worker has counted and not written yet belongs on the page, too.
        await Batches(web.sql, *web.services.usage.batches).flush()
        today = visit.now.date()
        since = today - timedelta(days=DAYS - 1)
        by_day, by_principal, names, shadowed, plan = await web.sql.read(_read, tenant_id, visit.sees, since)
        limits = of_plan(web.settings.limits, web.settings.plans, plan)
        days = [Day(at, _counts(by_day, at)) for at in (since + timedelta(days=n) for n in range(DAYS))]
        known = [(principal, named) for principal, named in names.items()]
        left = await asyncio.gather(*(self._left(tenant_id, named, limits) for _, named in known))
        rows = [
            Row(named, _counts(by_principal, principal), reading, shadowed.get(principal, 0))
            for (principal, named), reading in zip(known, left, strict=True)
        ]
        return await visit.page(
            "usage.html",
            chart=chart.drawn(days),
            size=(chart.WIDTH, chart.HEIGHT),
            outcomes=OUTCOMES,
            days=[day for day in reversed(days) if day.total],
            totals=[sum(day.counts[nth] for day in days) for nth in range(len(OUTCOMES))],
            rows=sorted(rows, key=lambda row: (-row.total, row.named.name)),
            budget=await self._budget(tenant_id, limits),
            plan=plan,
            shadowed=bool(shadowed),
        )

    async def _budget(self, tenant_id: str, limits: Limits) -> Reading | None:
        """What is left to the tenant as a whole; None while that limit is only tried out."""
        if limits.tenant.shadow:
            return None
        policies = (of_callers("tenant", limits.tenant, "tenant"),)
        (reading,) = await self.console.web.services.limiter.look(tenant_id, _NOBODY, policies)
        return reading

    async def _left(self, tenant_id: str, named: Named, limits: Limits) -> Reading | None:
        if named.kind != "personal" or limits.token.shadow:
            return None
        policies = (of_callers("token", limits.token, "token"),)
        (reading,) = await self.console.web.services.limiter.look(tenant_id, named.token_id, policies)
        return reading


def _read(
    session: Session, tenant_id: str, user_id: str | None, since: date
) -> tuple[tuple[Total, ...], tuple[Total, ...], dict[str, Named], dict[str, int], str | None]:
    by_principal = usage.by_principal(session, tenant_id, user_id, since)
    totals: dict[str, int] = {}
    for total in by_principal:
        totals[total.of] = totals.get(total.of, 0) + total.requests
    busiest = sorted(totals, key=lambda principal: -totals[principal])[:MOST]
    return (
        usage.by_day(session, tenant_id, user_id, since),
        by_principal,
        usage.named(session, tenant_id, busiest),
        {
            principal: sum(requests for _, requests, _ in found)
            for principal, found in usage.marks(session, busiest, "shadow", since).items()
        },
        tenant.plan if (tenant := tenants.get(session, tenant_id)) is not None else None,
    )


def _counts(totals: Sequence[Total], of: object) -> tuple[int, ...]:
    found = {total.outcome: total.requests for total in totals if total.of == of}
    return tuple(found.get(outcome, 0) for outcome, _ in OUTCOMES)
