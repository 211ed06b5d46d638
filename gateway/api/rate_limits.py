"""The limits of a deployment, as the store counts them."""

from __future__ import annotations

from typing import Final, Literal

from gateway.config.policies import Limit
from gateway.config.settings import Settings
from gateway.stores.policies import Policy

FURTHER: Final = "further"
EVENTS: Final = "events"


def groups(settings: Settings) -> dict[str, tuple[Policy, ...]]:
    """By rate-limit class, every policy that a request of it must satisfy.

    FURTHER is the class of an internal call beyond a request's first: the services count calls, not requests. EVENTS is that
    of a record which is read for a webhook.
    """
    limits = settings.limits
    token, tenant = policy("token", limits.token, "token"), policy("tenant", limits.tenant, "tenant")
    search = policy("search", limits.search, "token")
    report = policy("report", limits.report, "token")
    plain = {"": (token, tenant), "search": (token, tenant, search), "report": (token, tenant, report)}
    agent = policy("agent", limits.agent, "token")
    agents = {of_agents(name): (*policies, agent) for name, policies in plain.items()} if settings.mcp.enabled else {}
    return {**plain, **agents, FURTHER: (tenant,), EVENTS: (policy("events", limits.events, "tenant"), tenant)}


def of_agents(group: str) -> str:
    """The class of the same requests when an agent makes them."""
    return f"agent {group}".rstrip()


def policy(name: str, limit: Limit, per: Literal["token", "tenant", "address"]) -> Policy:
    """A configured limit as the store counts it."""
    return Policy(name, limit.quota, limit.window, limit.burst, per=per)
