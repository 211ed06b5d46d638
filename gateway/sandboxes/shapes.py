"""What `/v1/test` takes and answers about sandboxes themselves."""

from typing import Annotated, Final

from adapters import ids
from adapters.core.declare.kinds import Choice, Integer, Line, Moment, Text, TextList
from adapters.core.declare.record import Record, optional, required
from adapters.core.shapes import Shape, shape_of

SEEDS: Final = ("small", "default", "empty")
MOST_RECORDS: Final = 5_000
ROLES: Final = ("owner", "admin", "manager", "member", "viewer")


class SandboxBody(Record):
    """How long it is to live, and what it begins with."""

    ttl: Annotated[str, Text(12, 2)] | None = optional(
        "How long it lives, such as `90s`, `10m`, `2h` or `7d`; as configured when left out.", "10m"
    )
    seed: Annotated[str, Choice(SEEDS)] = optional(
        "The data it begins with: a handful of records, the whole demonstration, or users alone.", "small", "small"
    )
    records: Annotated[int, Integer(0, MOST_RECORDS)] | None = optional(
        "How many people it begins with, instead of as many as the seed has.", None
    )
    scopes: Annotated[list[str], TextList(Text(64, 1), 100)] | None = optional(
        "The scopes of the token; all that the role allows when left out.", None
    )
    role: Annotated[str, Choice(ROLES)] = optional("The role of the user that the token acts for.", "owner", "owner")


class SandboxCreated(Record):
    """A sandbox, and the token that opens it."""

    sandbox: ids.TenantId = required("Its id.", "biz_clx0a1b2c3d4e5f6g7h8i9j0k")
    token: Line = required("Opens this sandbox, and nothing else. It is shown this once.", "gw_test_pat_…")
    expires_at: Moment = required("When it is removed with all that is in it.", "2026-09-12T11:00:00Z")


BODY: Final[Shape] = shape_of(SandboxBody, {})
CREATED: Final[Shape] = shape_of(SandboxCreated, {}, unwritten=True)
