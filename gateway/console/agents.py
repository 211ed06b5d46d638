"""Agents: what is connected to `/mcp` in somebody's name, what it did, and the end of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final, TypeAlias

from starlette.responses import Response
from starlette.routing import Route

from gateway.auth import issuing
from gateway.console.chart import OUTCOMES
from gateway.console.signed_in import AGENTS, Console, NotHere, Visit, redirect
from gateway.oauth import consent, token_families
from gateway.oauth.consent import Group
from gateway.stores.sql import Session, agents, grants, tokens, usage
from gateway.stores.sql.agents import Agent
from gateway.stores.sql.batches import Batches
from gateway.stores.sql.grants import Revoked
from gateway.stores.sql.usage import Total

DAYS: Final = 30

Called: TypeAlias = tuple[str, int, date]
"""A tool, how often it was called, and on which day last."""

_DONE: Final = {"stopped": "The agent was stopped. Its access ended at once."}


@dataclass(frozen=True, slots=True)
class Row:
    """An agent as the list shows it. did: how often its requests ended in which way, as the page of usage tells it; tools: how
    often it called which, the most called first.
    """

    agent: Agent
    groups: tuple[Group, ...]
    mine: bool
    did: tuple[tuple[str, int], ...]
    tools: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class Connected:
    """The page. fingerprint: of the texts of all tools (SHA-256), so that a changed description is seen."""

    console: Console
    fingerprint: str

    def routes(self) -> list[Route]:
        """Look, stop."""
        return [
            self.console.route(AGENTS, self.list),
            self.console.route(f"{AGENTS}/{{principal}}/stop", self.stop, "POST"),
        ]

    async def list(self, visit: Visit) -> Response:
        """The agents of this person; for an administrator those of everybody in the tenant."""
        web = self.console.web
        await Batches(web.sql, *web.services.usage.batches).flush()
        since = visit.now.date() - timedelta(days=DAYS - 1)
        found, totals, tools = await web.sql.read(_read, visit, since)
        return await visit.page(
            "agents.html",
            rows=[_row(agent, totals, tools.get(agent.principal, ()), visit) for agent in found],
            done=_DONE.get(visit.asked("done"), ""),
            days=DAYS,
            address=f"{visit.request.scope['brand'].origin}/mcp",
            fingerprint=self.fingerprint,
        )

    async def stop(self, visit: Visit) -> Response:
        """End everything that this agent could come in with."""
        web, principal = self.console.web, visit.request.path_params["principal"]
        reason = f"stopped by {visit.user.email}"

        def write(session: Session) -> tuple[Revoked, ...]:
            found = agents.live(session, visit.user.tenant_id, visit.sees, visit.now)
            agent = next((each for each in found if each.principal == principal), None)
            if agent is None:
                raise NotHere
            if agent.kind == "app" and (grant := grants.held(session, principal)) is not None:
                return token_families.end(
                    session, grant, reason, actor=visit.actor, now=visit.now, address=visit.address
                )
            chain = tokens.family(session, visit.user.tenant_id, principal)
            ended = [
                issuing.revoke(session, each, reason=reason, actor=visit.actor, now=visit.now, address=visit.address)
                for each in chain
                if each.revoked_at is None and each.expires_at > visit.now
            ]
            return tuple(Revoked(each.tenant_id, each.id, each.generation) for each in ended)

        await self.console.announcements.announce(await web.sql.run(write))
        return redirect(AGENTS, {"done": "stopped"})


def _read(
    session: Session, visit: Visit, since: date
) -> tuple[tuple[Agent, ...], tuple[Total, ...], dict[str, tuple[Called, ...]]]:
    tenant_id, sees = visit.user.tenant_id, visit.sees
    found = agents.live(session, tenant_id, sees, visit.now)
    tools = usage.marks(session, [each.principal for each in found], "tool", since)
    return found, usage.by_principal(session, tenant_id, sees, since), tools


def _row(agent: Agent, totals: tuple[Total, ...], called: tuple[Called, ...], visit: Visit) -> Row:
    mine = agent.user_id == visit.user.id
    # Of others' roles nothing is said: the page does not ask the auth service about each of them.
    may = visit.may if mine else visit.console.web.scopes.single
    counts = {total.outcome: total.requests for total in totals if total.of == agent.principal}
    did = tuple((name, counts[outcome]) for outcome, name in OUTCOMES if counts.get(outcome))
    tools = sorted(((name, calls) for name, calls, _ in called), key=lambda each: -each[1])
    return Row(agent, consent.asked(visit.console.web.catalogue, agent.scopes, may), mine, did, tuple(tools))
