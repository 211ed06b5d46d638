"""What test mode needs of a worker's parts for calls from inside a sandbox."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from gateway.api.injection.declared import Injection
from gateway.api.injection.remembering import Remembering
from gateway.stores.standing_faults import StandingFaults


@dataclass(frozen=True, slots=True)
class Testing:
    """known: every fault there is, by name; standing: those that calls meet unasked; remembering: what notes calls down."""

    known: Mapping[str, Injection]
    standing: StandingFaults
    remembering: Remembering
