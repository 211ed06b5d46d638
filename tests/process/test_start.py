"""How long it takes from the command to the first answer."""

from __future__ import annotations

import time
from pathlib import Path

from tests.process.serving import served

WANTED = 3.0  # seconds, on a machine that does nothing else
GENEROUS = 10.0


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
    print("seconds to the first answer:", ", ".join(f"{each:.2f}" for each in took))
    assert min(took[1:]) < GENEROUS, took
