"""What the supervisor shows of its workers and couriers, by what it sees at the moment of a scrape."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric


def shown(kind: str, *, configured: int, serving: int, restarts: int, pids: Mapping[int, int]) -> Iterator[Metric]:
    """Of one kind, `worker` or `courier`. pids: those that live, by their places."""
    does = "answer requests" if kind == "worker" else "receive and deliver events"
    yield GaugeMetricFamily(f"gateway_{kind}s", f"{kind.title()}s that {does}.", value=serving)
    yield GaugeMetricFamily(f"gateway_{kind}s_configured", f"{kind.title()}s that there should be.", value=configured)
    yield CounterMetricFamily(f"gateway_{kind}_restarts", f"{kind.title()}s started again.", value=restarts)
    memory = GaugeMetricFamily(f"gateway_{kind}_resident_bytes", "Resident memory.", labels=[kind])
    for place, pid in pids.items():
        memory.add_metric([str(place)], _resident(pid))
    yield memory


def _resident(pid: int) -> float:
    try:
        with open(f"/proc/{pid}/statm", "rb") as file:  # noqa: PTH123 - a path object adds nothing to /proc
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, IndexError):
        return 0.0
