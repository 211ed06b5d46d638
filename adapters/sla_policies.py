"""SLA policies: how soon tickets are answered and resolved. Read-only: they are set up in the product."""

from typing import Annotated

from adapters.core.declare.kinds import Boolean, Choice, Line, LongText, Whole
from adapters.core.declare.record import Dated, ReadOnly, Record, optional, required
from adapters.core.declare.resource import ListQuery, Op, Resource, Upstream, renamed
from adapters.ids import SLA_POLICY, SlaPolicyId

PRIORITIES = Choice.of("low=LOW normal=MEDIUM high=HIGH urgent=URGENT")


class Target(Record):
    """How soon, for tickets of one priority."""

    priority: Annotated[str, PRIORITIES] = required("Of which tickets.", "high")
    first_response_minutes: Whole | None = optional("Minutes until the first answer; null for no target.", 60)
    resolution_minutes: Whole | None = optional("Minutes until it is resolved; null for no target.", 480)


class SlaPolicy(Dated):
    """What a customer has been promised."""

    id: ReadOnly[SlaPolicyId] = required("The policy's id.", "sla_clx0a1b2c3d4e5f6g7h8i9j0k")
    name: Line = required("Its name.", "Standard")
    description: LongText | None = optional("Who it is for.", "All customers.")
    is_default: Boolean = required("Whether it holds for tickets unless somebody says otherwise.", example=True)
    active: Boolean = required("Whether it is in use.", example=True)
    business_hours_only: Boolean = required("Whether minutes count in business hours only.", example=False)
    targets: ReadOnly[list[Target]] = required(
        "How soon, by priority.", [{"priority": "high", "first_response_minutes": 60, "resolution_minutes": 480}]
    )


sla_policies = Resource(
    model=SlaPolicy,
    id=SLA_POLICY,
    path="sla_policies",
    singular="SLA policy",
    scope="ticket",
    group="Help desk",
    upstream=Upstream("helpdesk", "/api/support/sla-policies", ListQuery(style="whole")),
    rename=renamed(
        "active=isActive business_hours_only=businessHours targets=rules "
        "targets.first_response_minutes=respondWithin targets.resolution_minutes=resolveWithin"
    ),
    sorts=("created_at", "updated_at", "name"),
    headline=("name", "is_default", "active"),
    searched=("name",),
    operations=Op.GET | Op.SEARCH,
)
