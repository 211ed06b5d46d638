"""`plans`: what the tenants of one plan may do, where that differs from `limits`."""

from collections.abc import Mapping
from typing import Annotated

from pydantic import BeforeValidator, Field, ValidationInfo

from gateway.config.policies import CallerLimit, Limits, over
from gateway.config.section import AsMap, Section, key_of

PlanName = Annotated[
    str,
    key_of(
        r"[a-z][a-z0-9_-]{0,31}",
        "is not the name of a plan",
        "Write a lower-case letter and up to 31 letters, digits, - and _, such as scale.",
    ),
]


class Plan(Section):
    """The limits of a plan. What it leaves out, a limit or a key of one, is as it is in `limits`."""

    token: CallerLimit = Field(description="Each access token: {quota, window, burst}.")
    tenant: CallerLimit = Field(description="Each tenant: {quota, window}.")
    search: CallerLimit = Field(description="Each token's searches: {quota, window}.")
    report: CallerLimit = Field(description="Each token's reports: {quota, window}.")
    events: CallerLimit = Field(description="Records read for webhooks: {quota, window}.")
    agent: CallerLimit = Field(description="Each token's calls through /mcp: {quota, window}.")

    def limits(self, others: Limits) -> Limits:
        """The limits of a tenant that has the plan, where `others` have these."""
        return others.model_copy(update={name: getattr(self, name) for name in type(self).model_fields})


def _merged(plans: object, info: ValidationInfo) -> object:
    limits = info.data.get("limits", Limits())

    def merge(plan: object) -> object:
        if not isinstance(plan, dict | None):
            return plan
        given = plan or {}
        return given | {name: over(getattr(limits, name), given.get(name, {})) for name in Plan.model_fields}

    return {name: merge(plan) for name, plan in plans.items()} if isinstance(plans, dict) else plans


Plans = Annotated[Mapping[PlanName, Plan], AsMap, BeforeValidator(_merged)]


def of_plan(limits: Limits, plans: Mapping[str, Plan], name: str | None) -> Limits:
    """The limits of a tenant: those of its plan, or `limits` where it has none, or one that is not configured."""
    plan = plans.get(name or "")
    return limits if plan is None else plan.limits(limits)
