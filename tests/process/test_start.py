"""How long it takes from the command to the first answer."""

from __future__ import annotations

import os
import time
from pathlib import Path

from tests.process.serving import served

WANTED = 3.0  # seconds, on a machine that does nothing else
GENEROUS = 10.0  # on one that does no more than it has processors for


def test_an_installed_gateway_answers_within_seconds_of_its_start(tmp_path: Path) -> None:
    took: list[float] = []
    # The first start makes the data. Of later ones the best counts: the others tell of what else the machine does.
    for _ in range(4):
        began = time.monotonic()
        with served(tmp_path) as gateway:
            assert gateway.ask("GET", "/v1/me").status == 200
            took.append(time.monotonic() - began)
        if took[1:] and took[-1] < WANTED:
            break
    # With more work than processors, each process waits its turn.
    crowd = max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1))
    print(f"seconds to the first answer: {', '.join(f'{each:.2f}' for each in took)}; load per processor {crowd:.1f}")
    assert min(took[1:]) < GENEROUS * crowd, took
