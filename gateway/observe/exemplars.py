"""Exemplars: of each bucket of a histogram of requests, one that was traced lately, so that a slow bucket leads to its trace.

OpenMetrics alone has them, so who scrapes in Prometheus' own text sees nothing of it. Each worker keeps its own in a file beside its counts;
the newest of all workers is shown. Only requests that are recorded cost anything.
"""

from __future__ import annotations

import json
import os
import time
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Mapping
from math import inf
from pathlib import Path
from typing import Final

from prometheus_client import Metric
from prometheus_client.registry import Collector
from prometheus_client.samples import Exemplar, Sample

CONTENT_TYPE: Final = "application/openmetrics-text; version=1.0.0; charset=utf-8"

EVERY: Final = 1.0
"""Seconds between two writings of the file of a worker, at least."""

_NAMES: Final = {"gateway_request_seconds_bucket": "route", "http_server_request_duration_seconds_bucket": "http_route"}
"""The samples that have exemplars, and the label that names the route."""


Seen = tuple[str, float, float]
"""A request that was traced: its trace's id, how long it took in seconds, and when it ended (seconds since 1970)."""


class Kept:
    """The newest of each route and bucket, up to one of `bounds`, in this process.

    directory: where the workers' files are; None: there is no process but this.
    """

    def __init__(self, bounds: tuple[float, ...], directory: Path | None = None) -> None:
        self._bounds = (*bounds, inf)
        self._seen: dict[tuple[str, int], Seen] = {}
        self.directory = directory
        self._written = 0.0

    @property
    def seen(self) -> dict[str, Seen]:
        """The newest by route and bucket."""
        return {f"{route} {self._bounds[place]}": found for (route, place), found in self._seen.items()}

    def note(self, route: str, seconds: float, trace_id: str) -> None:
        """A recorded request has ended."""
        now = time.time()
        self._seen[route, bisect_left(self._bounds, seconds)] = (trace_id, seconds, now)
        if self.directory is not None and now >= self._written + EVERY:
            self._written = now
            file = self.directory / f"exemplars_{os.getpid()}.json"
            draft = file.with_suffix(".new")
            try:
                draft.write_bytes(json.dumps(self.seen).encode())
                draft.replace(file)
            except OSError:
                draft.unlink(missing_ok=True)  # a full volume costs exemplars, and nothing else


def of_all(directory: Path | None, own: Kept) -> dict[str, Seen]:
    """The newest of all workers, by route and bucket."""
    newest = own.seen
    for file in directory.glob("exemplars_*.json") if directory is not None else ():
        for key, found in json.loads(file.read_bytes()).items():
            trace_id, seconds, at = found
            if key not in newest or newest[key][2] < at:
                newest[key] = trace_id, seconds, at
    return newest


class WithExemplars(Collector):
    """The metrics that `collect` gives, with exemplars."""

    def __init__(self, collect: Callable[[], Iterable[Metric]], seen: Mapping[str, Seen]) -> None:
        self._collect = collect
        self._seen = seen

    def collect(self) -> Iterator[Metric]:
        for metric in self._collect():
            if f"{metric.name}_bucket" in _NAMES:
                metric.samples = [self._told(sample) for sample in metric.samples]
            yield metric

    def _told(self, sample: Sample) -> Sample:
        label = _NAMES.get(sample.name)
        found = self._seen.get(f"{sample.labels[label]} {float(sample.labels['le'])}") if label else None
        if found is None:
            return sample
        trace_id, seconds, at = found
        return sample._replace(exemplar=Exemplar({"trace_id": trace_id}, seconds, at))
