"""What `/v1/test` takes and answers about a sandbox's data and its clock."""

from typing import Annotated, Final

from adapters.core.declare.kinds import Choice, Integer, Line, Moment, Text, Whole
from adapters.core.declare.record import Record, optional, required
from adapters.core.declare.text_patterns import ISO_DURATION
from adapters.core.shapes import Shape, shape_of
from gateway.sandboxes.shapes import MOST_RECORDS, SEEDS

Duration = Annotated[str, Text(60, 3, ISO_DURATION, example="P30D")]
_AT = "2026-09-12T10:00:00Z"
_SNAPSHOT = "snap_0a1b2c3d4e5f6071"


class Reset(Record):
    """What the sandbox is to begin with again; what it began with when all is left out."""

    seed: Annotated[str, Choice(SEEDS)] | None = optional(
        "A handful of records, the whole demonstration, or users alone.", "small"
    )
    records: Annotated[int, Integer(0, MOST_RECORDS)] | None = optional(
        "How many people it begins with, instead of as many as the seed has.", None
    )


class SandboxData(Record):
    """What a sandbox began with, and what time it has."""

    seed: Line = required("The data that it began with.", "small")
    records: Whole = required("How many people it began with.", 20)
    now: Moment = required("The time by its clock.", _AT)


class SnapshotBody(Record):
    """A name, for whoever reads the list."""

    name: Annotated[str, Text(200, 1)] | None = optional("What it is of.", "before the import")


class Snapshot(Record):
    """The records and the clock of a sandbox, kept as they were."""

    id: Line = required("Its id.", _SNAPSHOT)
    name: Line | None = optional("What it is of.", "before the import")
    seed: Line = required("The data that the sandbox had begun with.", "small")
    records: Whole = required("How many people it had begun with.", 20)
    created_at: Moment = required("When it was made, by the real time.", _AT)


class ClockBody(Record):
    """Either a moment, or how far to go."""

    # Without an example: it would have to be ahead of whoever reads it, and stand alone.
    now: Moment | None = optional("What time it is to be, never earlier than it is.", None)
    advance: Duration | None = optional("How far the clock moves on, as an ISO 8601 duration.", "P30D")


class Clock(Record):
    """The clock of a sandbox. It goes on from where it was set."""

    now: Moment = required("The time by the clock.", _AT)
    ahead_ms: Whole = required("How many milliseconds it is ahead of the real time.", 2_592_000_000)


RESET: Final[Shape] = shape_of(Reset, {})
DATA: Final[Shape] = shape_of(SandboxData, {}, unwritten=True)
SNAPSHOT_BODY: Final[Shape] = shape_of(SnapshotBody, {})
# the sandbox program says these as we do
SNAPSHOT: Final[Shape] = shape_of(Snapshot, {"created_at": "created_at"}, unwritten=True)
CLOCK_BODY: Final[Shape] = shape_of(ClockBody, {})
CLOCK: Final[Shape] = shape_of(Clock, {"ahead_ms": "ahead_ms"}, unwritten=True)
