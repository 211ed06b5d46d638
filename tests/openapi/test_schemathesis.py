"""Requests made up from the published documents, against the running gateway: no answer may be other than described.

Of the oldest document those operations are tried that differ, and of the newest these and so many others that each word was seen
together with every kind of field and every style of paging that it has anywhere: so the time it takes does not grow with resources
that are like others.
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
from adapters.core.operation import Operation
from adapters.core.payloads import Many
from tests.conformance.declared import OPERATIONS, shape
from tests.live import Live
from tests.openapi.generated import GENERATED

ROOT = Path(__file__).parents[2]
NEWEST, OLDEST = max(GENERATED), min(GENERATED)
BY_PATH = {resource.path: resource for resource in RESOURCES}
BY_SHAPE = {shape(resource, NEWEST).name: resource for resource in RESOURCES}


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


def parts(operation: Operation) -> set[tuple[str, object]]:
    """What it is made of: its word with the style of paging and each kind of field of the records that it is about."""
    word, face = operation.name.rpartition(".")[2], operation.faces[NEWEST]
    gives = face.gives if face else None
    if isinstance(gives, Many) and word.startswith("list_"):
        # Those that belong to a record are alike whomever they belong to.
        listed = BY_SHAPE.get(gives.shape.name)
        style = listed.upstream.search.style if listed else operation.name
        return {("list", style), *(("list", type(field.kind)) for field in gives.shape.fields)}
    resource = BY_PATH.get(operation.first)
    if resource is None:
        return {(operation.first, word)}
    kinds = {type(field.kind) for field in shape(resource, NEWEST).fields}
    return {(word, part) for part in (resource.upstream.search.style, *kinds)}


def covering(begun: list[str]) -> list[str]:
    """Those, and as few beside them as have in them whatever an operation is made of: the one first that adds the most."""
    made_of = {_id(operation): parts(operation) for operation in OPERATIONS}
    found, missing = [*begun], set[tuple[str, object]]().union(*made_of.values())
    missing -= set[tuple[str, object]]().union(*(made_of[name] for name in begun))
    while missing:
        most = max(made_of, key=lambda name: len(made_of[name] & missing))
        missing -= made_of[most]
        found.append(most)
    return found


def _id(operation: Operation) -> str:
    return str(GENERATED[NEWEST]["paths"][operation.route][operation.method.lower()]["operationId"])


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


@pytest.mark.timeout(720)
def test_no_request_that_can_be_made_up_is_answered_otherwise_than_described(live: Live) -> None:
    # They are written once somebody asks for them.
    live.client.get("/openapi.json", timeout=120).raise_for_status()
    # Making requests up costs more than answering them, so two processes make them up at a time.
    names = differing()
    new, old = ([f"--include-operation-id={name}" for name in names] for names in (covering(names), names))
    runs = (
        (NEWEST, "--phases", "coverage", *new),
        (NEWEST, "--phases", "fuzzing,stateful", *new),
        (OLDEST, "--phases", "fuzzing", *old),
    )
    with ThreadPoolExecutor(2) as pool:
        said = list(pool.map(lambda run: tried(live, *run), runs))
    assert said == ["", "", ""], "\n".join(said)
