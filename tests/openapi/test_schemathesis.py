"""Requests made up from the published documents, against the running gateway: no answer may be other than described.

Of the newest document those operations are tried that bring a word together with a kind of field, or with a style of paging, for
the first time, and of the oldest those that differ: so the time it takes does not grow with resources that are like others.
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

from adapters import RESOURCES
from tests.conformance.declared import OPERATIONS, shape
from tests.live import Live
from tests.openapi.generated import GENERATED

ROOT = Path(__file__).parents[2]
BY_PATH = {resource.path: resource for resource in RESOURCES}
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


def novel() -> list[str]:
    """Operations that are not made of what others were made of before them: of each word, every kind of field and style of paging."""
    seen: set[tuple[str, object]] = set()
    found = []
    for operation in OPERATIONS:
        resource, word = BY_PATH.get(operation.first), operation.name.rpartition(".")[2]
        if resource is None:
            parts: set[tuple[str, object]] = {(operation.first, word)}
        else:
            kinds = {type(field.kind) for field in shape(resource, NEWEST).fields}
            parts = {(word, part) for part in (resource.upstream.search.style, *kinds)}
        if not parts <= seen:
            seen |= parts
            found.append(GENERATED[NEWEST]["paths"][operation.route][operation.method.lower()]["operationId"])
    return found


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
    new, old = ([f"--include-operation-id={name}" for name in names] for names in (novel(), differing()))
    runs = (
        (NEWEST, "--phases", "coverage", *new),
        (NEWEST, "--phases", "fuzzing,stateful", *new),
        (OLDEST, "--phases", "fuzzing", *old),
    )
    with ThreadPoolExecutor(2) as pool:
        said = list(pool.map(lambda run: tried(live, *run), runs))
    assert said == ["", "", ""], "\n".join(said)
