"""Requests made up from the published documents, against the running gateway: no answer may be other than described.

The newest document is tried whole; of the oldest, the operations in which it differs from the newest.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.live import Live
from tests.openapi.generated import GENERATED

ROOT = Path(__file__).parents[2]
NEWEST, OLDEST = max(GENERATED), min(GENERATED)


def whole(document: dict[str, Any], node: Any, seen: frozenset[str] = frozenset()) -> Any:
    """The node with every reference replaced by what it leads to, once."""
    if isinstance(node, list):
        return [whole(document, inner, seen) for inner in node]
    if not isinstance(node, dict):
        return node
    reference = node.get("$ref")
    if reference in seen:
        return reference
    if reference is None:
        return {name: whole(document, inner, seen) for name, inner in node.items()}
    found: Any = document
    for step in reference.removeprefix("#/").split("/"):
        found = found[step]
    return whole(document, found, seen | {reference})


def differing() -> list[str]:
    """The operations that take or answer something else in the oldest contract."""
    told: dict[str, list[str]] = {}
    for date in (NEWEST, OLDEST):
        for methods in GENERATED[date]["paths"].values():
            for operation in methods.values():
                parts = (operation.get("requestBody"), operation["responses"])
                text = json.dumps(whole(GENERATED[date], parts), sort_keys=True)
                told.setdefault(operation["operationId"], []).append(text)
    return [name for name, texts in told.items() if len(set(texts)) > 1]


def tried(live: Live, date: str, *options: str) -> str:
    """What schemathesis has to say against the gateway; nothing when it found no failure."""
    command = [
        *(
            str(Path(sys.executable).with_name("schemathesis")),
            "--config-file",
            "tests/openapi/schemathesis.toml",
            "run",
        ),
        *(
            f"{live.url}/openapi/{date}.json",
            "--url",
            live.url,
            "--header",
            f"Authorization: Bearer {live.a.tokens['owner']}",
        ),
        *("--checks", "all", "--exclude-checks", "positive_data_acceptance", "--continue-on-failure", "--no-color"),
        *options,
    ]
    env = os.environ | {"SCHEMATHESIS_HOOKS": "tests.openapi.state", "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False)
    return "" if done.returncode == 0 else done.stdout[-6000:] + done.stderr[-2000:]


@pytest.mark.timeout(480)
def test_no_request_that_can_be_made_up_is_answered_otherwise_than_described(live: Live) -> None:
    # Making requests up costs more than answering them, so two processes make them up at a time.
    narrowed = [f"--include-operation-id={name}" for name in differing()]
    runs = (
        (NEWEST, "--phases", "coverage"),
        (NEWEST, "--phases", "fuzzing,stateful"),
        (OLDEST, "--phases", "fuzzing", *narrowed),
    )
    with ThreadPoolExecutor(2) as pool:
        said = list(pool.map(lambda run: tried(live, *run), runs))
    assert said == ["", "", ""], "\n".join(said)
