"""The systems that are measured: each serves the same public paths in front of the same stub."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from bench.work import COMMON, Workload, expected, passed_through


@dataclass(frozen=True, slots=True)
class Ground:
    """What all subjects stand on. `home`: a temporary folder; `valkey`: the socket of a store of the peers' own, and its pid."""

    home: Path
    stub_port: int
    valkey: Path
    valkey_pid: int

    def folder(self, name: str) -> Path:
        """An empty folder for one subject."""
        path = self.home / name
        path.mkdir(parents=True)
        return path


@dataclass(slots=True)
class Subject:
    """A running system. pids: on the core under test; helpers: what works for it on the other core, by name.

    translates: whether it answers in the public shape or passes on the service's.
    """

    name: str
    port: int
    pids: list[int]
    helpers: Mapping[str, int] = field(default_factory=dict)
    credentials: str = ""
    workloads: tuple[Workload, ...] = COMMON
    translates: bool = True

    def headers(self, workload: Workload) -> dict[str, str]:
        """What the client sends."""
        sent = {"Accept": "application/json"}
        if self.credentials:
            sent |= {"Authorization": f"Bearer {self.credentials}", "Version": workload.version}
        if workload.body:
            sent["Content-Type"] = "application/json"
        return sent

    def expected(self, workload: Workload) -> Any:
        """What its answer must contain, or None when no other maker of it exists."""
        return expected(workload) if self.translates else passed_through(workload)


class Start(Protocol):
    """Starts a subject; `stack` ends it."""

    def __call__(self, ground: Ground, stack: ExitStack) -> Subject: ...
