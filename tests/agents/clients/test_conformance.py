"""The protocol's own conformance scenarios, as far as they are about what is offered here."""

from __future__ import annotations

import http.client
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

APPLY = (
    *("server-initialize", "server-session-lifecycle", "ping", "tools-list", "dns-rebinding-protection"),
    "http-header-validation",
)
"""The others ask for what is not offered here: tools of the scenarios' own (tools-call-*, json-schema-2020-12,
http-custom-header-*, elicitation-*, input-required-result-*, and with them half of server-stateless), resources, prompts, completion,
logging, subscriptions, streams and tasks. `caching` asks for the hints of prompts and resources beside those of tools, which
tests/agents/test_wire.py holds.
"""


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


@pytest.mark.parametrize("scenario", APPLY)
def test_the_scenarios_that_apply_are_passed(door: str, scenario: str, tmp_path: Path) -> None:
    line = [*installed().script("@modelcontextprotocol/conformance", "dist/index.js"), "server", "--url", door]
    done = subprocess.run(
        [*line, "--scenario", scenario], cwd=tmp_path, capture_output=True, text=True, check=False, timeout=100
    )
    told = re.sub(r"\x1b\[[0-9;]*m", "", done.stdout + done.stderr)
    assert done.returncode == 0, told[-4000:]
