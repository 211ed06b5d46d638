"""Many reads by wrk, as fast as they are answered or at a share of that: every one that fails is counted."""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import dataclass

from bench.load import SCRIPT
from bench.needs import from_debian
from tests.live import NEWEST

CONNECTIONS = 48


@dataclass(frozen=True)
class Reads:
    """failed: no answer, a connection that broke, or a status other than of success."""

    requests: int = 0
    seconds: float = 0.0
    failed: int = 0
    p99_ms: float = 0.0

    @property
    def rate(self) -> float:
        """Requests a second."""
        return self.requests / self.seconds

    def __add__(self, other: Reads) -> Reads:
        return Reads(
            self.requests + other.requests,
            self.seconds + other.seconds,
            self.failed + other.failed,
            max(self.p99_ms, other.p99_ms),
        )


class Steady:
    """Reads of one path through `port`, on as many connections all the time."""

    def __init__(self, port: int, token: str, path: str) -> None:
        from_debian("wrk", "wrk")
        self._url = f"http://127.0.0.1:{port}"
        self._environment = {
            **os.environ,
            "BENCH_METHOD": "GET",
            "BENCH_PATH": path,
            "BENCH_BODY": "",
            "BENCH_HEADERS": f"Authorization: Bearer {token}\nVersion: {NEWEST}",
            "BENCH_KEYED": "",
        }

    def run(self, seconds: float, rate: float = 0.0) -> Reads:
        """For that long; at about this rate (requests a second), or as fast as they are answered."""
        environment = self._environment
        if rate:
            # An answer takes its time, too; at less than all there is that is little of it.
            environment = environment | {"BENCH_PAUSE_MS": str(max(1, round(CONNECTIONS / rate * 900)))}
        line = [
            "wrk",
            "-t1",
            f"-c{CONNECTIONS}",
            f"-d{max(1, round(seconds))}s",
            "--timeout",
            "20s",
            "-s",
            str(SCRIPT),
        ]
        done = subprocess.run([*line, self._url], env=environment, capture_output=True, text=True, check=True)
        told = json.loads(done.stdout.strip().rpartition("\n")[2])
        return Reads(told["requests"], told["seconds"], told["failed"], told["p99_ms"])
