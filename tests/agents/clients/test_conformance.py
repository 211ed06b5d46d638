"""The protocol's own conformance scenarios, as far as they are about what is offered here."""

from __future__ import annotations

import http.client
import json
import re
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.agents.acting import agent
from tests.agents.clients.installing import installed
from tests.live import Live

APPLY: dict[str, dict[str, str]] = {
    "server-initialize": {},
    "ping": {},
    "tools-list": {},
    "dns-rebinding-protection": {},
    "http-header-validation": {},
    "input-required-result-unsupported-methods": {},
    "server-stateless": {
        "sep-2575-server-rejects-undeclared-capability": "wants a tool of the scenario's own, test_missing_capability: no tool needs a capability",
        "sep-2575-missing-capability-http-400": "the same",
        "sep-2575-http-server-no-independent-requests-on-stream": "wants a tool of its own, test_streaming_elicitation: nothing streams",
        "sep-2575-server-no-log-without-loglevel": "wants a tool of its own, test_logging_tool: no log is sent to clients",
    },
    "caching": {
        "sep-2549-prompts-list-caching-hints": "there are no prompts",
        "sep-2549-resources-list-caching-hints": "there are no resources in the protocol's sense",
        "sep-2549-resources-templates-list-caching-hints": "the same",
    },
}
"""What is run: scenario → the checks in it that cannot be passed, each with why. Every other check is passed."""

NOT_OFFERED: dict[str, str] = {
    "tools-call-": "wants tools of the scenarios' own with set answers; calls of ours are made by test_clients.py",
    "json-schema-2020-12": "wants a tool of its own with $defs; our schemas are flat on purpose",
    "http-custom-header-server-validation": "wants a tool with x-mcp-header: none of ours has arguments in headers",
    "input-required-result-": "wants tools and prompts of its own; the one question that we ask is held by test_deletions.py",
    "elicitation-": "wants tools of its own that ask over a stream; clients with a handshake take two steps here",
    "resources-": "there are no resources in the protocol's sense",
    "sep-2164-resource-not-found": "the same",
    "prompts-": "there are no prompts",
    "completion-complete": "there is nothing to complete",
    "logging-set-level": "no log is sent to clients",
    "server-sse-": "nothing streams",
    "server-session-lifecycle": "there are no sessions, of which it takes note, and checks nothing",
    "tasks-": "an extension that is not offered",
    "sep-2640-": "an extension that is not offered",
}
"""What is not: scenarios, by their beginnings, and why."""


@contextmanager
def authorized(live: Live, token: str) -> Iterator[str]:
    """The door for somebody who has no token to send: this adds it. Everything else is passed on as it came."""
    target = live.url.removeprefix("http://")

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def pass_on(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", "0")))
            behind = http.client.HTTPConnection(target, timeout=20)
            behind.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
            asked = self.headers.get("host", "")
            own = asked if url == f"http://{asked}/mcp" else ""
            for name, value in [*self.headers.items(), ("Authorization", f"Bearer {token}")]:
                # The address that scenarios were given is this one's.
                named = own and name.lower() in {"host", "origin"}
                behind.putheader(name, value.replace(own, target) if named else value)
            behind.endheaders(body or None)
            answer = behind.getresponse()
            said = answer.read()
            self.send_response(answer.status)
            for name, value in answer.getheaders():
                if name.lower() not in {"content-length", "connection", "transfer-encoding"}:
                    self.send_header(name, value)
            self.send_header("content-length", str(len(said)))
            self.end_headers()
            self.wfile.write(said)
            behind.close()

        do_GET = do_POST = do_DELETE = pass_on  # noqa: N815 - as the library looks for them

        def log_message(self, *_: object) -> None:
            """Nothing: the gateway has a log."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    url = f"http://127.0.0.1:{server.server_address[1]}/mcp"
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield url
    finally:
        server.shutdown()
        server.server_close()


@pytest.fixture(scope="module")
def door(live: Live) -> Iterator[str]:
    with authorized(live, agent(live)) as url:
        yield url


def ran(*arguments: str, where: Path) -> str:
    line = [*installed().script("@modelcontextprotocol/conformance", "dist/index.js"), *arguments]
    done = subprocess.run(line, cwd=where, capture_output=True, text=True, check=False, timeout=100)
    return re.sub(r"\x1b\[[0-9;]*m", "", done.stdout + done.stderr)


@pytest.mark.parametrize("scenario", APPLY)
def test_the_scenarios_that_apply_are_passed(door: str, scenario: str, tmp_path: Path) -> None:
    told = ran("server", "--url", door, "--scenario", scenario, "--output-dir", str(tmp_path / "told"), where=tmp_path)
    checks = [check for file in (tmp_path / "told").rglob("checks.json") for check in json.loads(file.read_text())]
    failed = {check["id"]: check.get("errorMessage") for check in checks if check["status"] == "FAILURE"}
    assert set(failed) == set(APPLY[scenario]), failed
    assert any(check["status"] == "SUCCESS" for check in checks), told[-4000:]


def test_every_scenario_is_run_or_named_with_a_reason(tmp_path: Path) -> None:
    listed = ran("list", where=tmp_path).partition("Client scenarios")[0]
    scenarios = re.findall(r"^  - (\S+) \[", listed, re.MULTILINE)
    others = [each for each in scenarios if each not in APPLY and not each.startswith(tuple(NOT_OFFERED))]
    assert len(scenarios) > 50 and not others
    assert set(APPLY) <= set(scenarios)
    assert all(any(each.startswith(beginning) for each in scenarios) for beginning in NOT_OFFERED)
