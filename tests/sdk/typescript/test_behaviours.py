"""The behaviours of all clients, in TypeScript's: one process of Node does them all."""

from __future__ import annotations

import base64
import json
import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from standardwebhooks import Webhook

from sdk.typescript.methods import arguments
from sdk.typescript.naming import camel
from tests.sdk.scripted import Scripted
from tests.sdk.table import Case, cases
from tests.sdk.typescript.toolchain import HERE, contract, node, run, workshop

CASES = cases()


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = workshop(tmp_path_factory.mktemp("project"))
    for program in ("driver.mjs", "addresses.mjs"):
        shutil.copy(HERE / program, folder)
    return folder


@pytest.fixture(scope="module")
def given(project: Path) -> dict[str, Any]:
    """What came of each behaviour, by its name."""
    with Scripted([case.script for case in CASES]) as server:
        tasks = [case.task(server.url(number)) for number, case in enumerate(CASES)]
        outcomes = json.loads(run(node(), "driver.mjs", cwd=project, given=json.dumps(tasks)))
    return dict(zip([case.name for case in CASES], outcomes, strict=True))


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_a_client_in_typescript(case: Case, given: dict[str, Any]) -> None:
    case.judge(given[case.name])


def test_every_operation_asks_at_its_own_address(project: Path) -> None:
    asked, expected = [], {}
    for resource in contract().resources:
        for operation in resource.operations:
            taken = [each.name for each in arguments(contract(), resource, operation)]
            own = [name for name in taken if name in {"body", "query", "file", "ids"}]
            asked.append(
                {"id": operation.id, "of": camel(resource.name), "name": camel(operation.name), "takes": own}
                | {"ids": [f"x_{n}" for n in range(len(operation.path))], "paged": operation.paged}
            )
            route = operation.route
            for number, each in enumerate(operation.path):
                route = route.replace(f"{{{each.name}}}", f"x_{number}")
            expected[operation.id] = [
                operation.method,
                route,
                operation.keyed,
                {"body", "ids", "file"} & set(own) != set(),
            ]
    assert json.loads(run(node(), "addresses.mjs", cwd=project, given=json.dumps(asked))) == expected


def test_what_the_official_library_signs_is_opened(project: Path) -> None:
    secret = "whsec_" + base64.b64encode(bytes(range(32))).decode()
    body = json.dumps({"id": "evt_1", "type": "contact.created", "data": {"name": "Zoë 李"}})
    now = datetime.now(UTC)
    mark = Webhook(secret).sign("evt_1", now, body)
    headers = {"Webhook-Id": "evt_1", "WEBHOOK-TIMESTAMP": str(int(now.timestamp())), "webhook-signature": [mark]}
    program = """
        import { webhooks } from "sdk";
        const { body, headers, secret } = JSON.parse(process.argv[1]);
        const old = ["whsec_AAAA", secret];
        console.log(JSON.stringify([
          await webhooks.unwrap(body, headers, old),
          await webhooks.unwrap(new TextEncoder().encode(body), headers, secret),
          await webhooks.unwrap(body + " ", headers, secret).catch((error) => error.constructor.name),
        ]));
    """
    asked = json.dumps({"body": body, "headers": headers, "secret": secret})
    said = json.loads(run(node(), "--input-type=module", "-e", program, asked, cwd=project))
    assert said == [json.loads(body), json.loads(body), "SignatureInvalid"]
