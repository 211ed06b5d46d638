"""The limits of a deployment, as the store counts them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal, TypeAlias

from gateway.config.plans import of_plan
from gateway.config.policies import CallerLimit, Limit, Limits
from gateway.config.settings import Settings
from gateway.stores.policies import Policy

FURTHER: Final = "further"
EVENTS: Final = "events"

Groups: TypeAlias = Mapping[str, tuple[Policy, ...]]
"""By rate-limit class, every policy that a request of it must satisfy."""


def by_plan(settings: Settings) -> dict[str, Groups]:
    """By the name of a plan, what holds for the tenants that have it; "" is for those that have none."""
    return {name: groups(settings, of_plan(settings.limits, settings.plans, name)) for name in ("", *settings.plans)}


def groups(settings: Settings, limits: Limits) -> Groups:
    """The policies that these limits make.

    FURTHER is the class of an internal call beyond a request's first: the services count calls, not requests. EVENTS is that
    of a record which is read for a webhook.
    """
    token, tenant = of_callers("token", limits.token, "token"), of_callers("tenant", limits.tenant, "tenant")
    search = of_callers("search", limits.search, "token")
    report = of_callers("report", limits.report, "token")
    plain = {"": (token, tenant), "search": (token, tenant, search), "report": (token, tenant, report)}
    agent = of_callers("agent", limits.agent, "token")
    agents = {of_agents(name): (*policies, agent) for name, policies in plain.items()} if settings.mcp.enabled else {}
    return {**plain, **agents, FURTHER: (tenant,), EVENTS: (of_callers("events", limits.events, "tenant"), tenant)}


def of_agents(group: str) -> str:
    """The class of the same requests when an agent makes them."""
    return f"agent {group}".rstrip()


def policy(name: str, limit: Limit, per: Literal["token", "tenant", "address"]) -> Policy:
    """A configured limit as the store counts it."""
    return Policy(name, limit.quota, limit.window, limit.burst, per=per)


def of_callers(name: str, limit: CallerLimit, per: Literal["token", "tenant"]) -> Policy:
    """The same of callers who are known, which may be a shadow."""
    return Policy(name, limit.quota, limit.window, limit.burst, per=per, shadow=limit.shadow)
