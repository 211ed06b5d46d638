"""The states of a connection on the public port, which may follow which, and how long each may last.

    NEW ────────┐          ┌── next head ─────────────────────────────┐
     │          │          │                                          │
     │ first bytes         ▼                                          │
     ├────────► HEAD ── head read ──► ANSWERING ── answered ──► IDLE ─┤
     │                                    ▲  │                    ▲   │
     │ a whole request                    │  │ answered before    │   │ a whole
     └────────────────────────────────────┤  │ its body was read  │   │ request
                                          │  ▼                    │   │
                                          │ REST ── body read ────┘   │
                                          └───────────────────────────┘
    the last answer is written, or a refusal          ──►  LINGERING ──► CLOSING ──► CLOSED
    out of time, or nobody answers what was asked     ─────────────────► CLOSING ──► CLOSED
    lost                                              ──────────────────────────────► CLOSED

| state     | what is known                                                      | ends by itself |
| --------- | ------------------------------------------------------------------ | -------------- |
| NEW       | nothing came yet but empty lines                                   | `head`         |
| HEAD      | a part of a request's head came, and nothing is being answered     | `head`, however its bytes trickle |
| ANSWERING | one request is with the application, others may wait behind it     | by the application's own limits; `stall` when the client reads nothing of the answer |
| IDLE      | everything is answered, nothing of a next request came             | `idle`         |
| REST      | answered, but the request's body still comes; it is read and dropped | `rest`, or after `rest_size` bytes |
| LINGERING | our side is closed; what comes is read and dropped, since closing with unread input resets the connection and takes the answer with it (RFC 9112 § 9.6) | `linger` after the last byte, `rest` in all, or after `rest_size` bytes |
| CLOSING   | what is written leaves, nothing is read                            | `flush`, unless the client reads on |
| CLOSED    | nothing is left                                                    |                |

A body that turns out to be none is refused as a head is, unless the answer has begun or is found without the body: what was
done is never told as not done. A request that has not begun by then, or asks for its body, gets 400; any other its answer, the
last of its connection, which then lingers.

A deadline belongs to a state: entering one sets it, and nothing else takes it away or shares it. The stall of an answer
is the writing side's, with a deadline of its own. So from every state a connection is closed within a known time after
the last byte, whatever was read, answered or refused (tests/downstream/test_states.py drives every one).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from math import inf
from typing import Final


class State(IntEnum):
    """Where a connection stands; what comes later in this list never goes back to what is before LINGERING."""

    NEW = 0
    IDLE = 1
    HEAD = 2
    ANSWERING = 3
    REST = 4
    LINGERING = 5
    CLOSING = 6
    CLOSED = 7


# An attribute of an enumeration costs more to find than a name of a module.
NEW: Final = State.NEW
IDLE: Final = State.IDLE
ANSWERING: Final = State.ANSWERING
LINGERING: Final = State.LINGERING

_ENDS: Final = (State.LINGERING, State.CLOSING, State.CLOSED)

FOLLOWS: Final[tuple[frozenset[State], ...]] = tuple(
    frozenset(following)
    for _, following in sorted(
        {
            State.NEW: (State.HEAD, State.ANSWERING, *_ENDS),
            State.IDLE: (State.HEAD, State.ANSWERING, *_ENDS),
            State.HEAD: (State.ANSWERING, *_ENDS),
            State.ANSWERING: (State.IDLE, State.HEAD, State.REST, *_ENDS),
            State.REST: (State.IDLE, State.HEAD, State.ANSWERING, *_ENDS),
            State.LINGERING: (State.CLOSING, State.CLOSED),
            State.CLOSING: (State.CLOSED,),
            State.CLOSED: (),
        }.items()
    )
)
"""By state: those that may come after it."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds that a state may last, and what may come in it.

    pipelined: requests that may wait on a connection for those before them; rest_size: bytes that are read only to be
    dropped; least: bytes that a client has to read of an answer within `stall` or `flush`.
    """

    head: float = 10.0
    idle: float = 75.0  # above the 60 that load balancers in front keep their idle connections
    rest: float = 30.0
    linger: float = 1.0
    flush: float = 10.0
    stall: float = 30.0
    pipelined: int = 100
    rest_size: int = 64 * 2**20
    least: int = 16 * 2**10

    def by_state(self) -> tuple[float, ...]:
        """The seconds of each state, in the order of `State`."""
        return (self.head, self.idle, self.head, inf, self.rest, self.linger, self.flush, inf)
