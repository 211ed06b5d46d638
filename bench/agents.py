"""`python -m bench.agents`: the worker's CPU for a warm tool call beside that of the request of `/v1` it stands for.

One client on one connection sends them in turns, so that what varies on a shared machine varies for both; CPU is the worker's
own. Medians of the rounds, and the median of their ratios.
"""

from __future__ import annotations

import argparse
import http.client
import json
import statistics
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from bench import stub
from bench.running import cpu_seconds
from bench.subjects import Ground, gateway
from bench.work import SINGLE
from gateway import deployment
from gateway.config.settings import Settings
from gateway.mcp import wire
from gateway.mcp.offered import offered
from gateway.mcp.tools import Tools

ROUNDS, EACH = 15, 200
MODERN = "2026-07-28"
CONTACT = SINGLE.path.rpartition("/")[2]

Sent = tuple[str, str, bytes, dict[str, str]]


def called(method: str, params: dict[str, Any], token: str, *, modern: bool) -> Sent:
    """A message to `/mcp`, of either era."""
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json", "Accept": "application/json"}
    if modern:
        meta = {"protocolVersion": MODERN, "clientCapabilities": {}, "clientInfo": {"name": "bench", "version": "1"}}
        params = params | {"_meta": {f"io.modelcontextprotocol/{name}": value for name, value in meta.items()}}
        headers |= {"MCP-Protocol-Version": MODERN, "Mcp-Method": method}
        headers |= {"Mcp-Name": params["name"]} if "name" in params else {}
    message = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
    return "POST", "/mcp", json.dumps(message).encode(), headers


def of_everything() -> tuple[int, float]:
    """The bytes of the list of tools with everything that is declared, and the µs that it takes to answer it from what is kept."""
    settings = Settings()
    known = deployment.catalogue(settings)
    tools = Tools(offered(deployment.operations(settings, known), known.contracts[0].date, outward=True))
    message, scopes = wire.Message(1, "tools/list", {}, MODERN), sorted(known.scopes.single)
    size = len(json.dumps(json.loads(_answered(tools, message, scopes))["result"]["tools"], separators=(",", ":")))
    before = time.process_time()
    for _ in range(10 * EACH):
        _answered(tools, message, scopes)
    return size, (time.process_time() - before) / (10 * EACH) * 1e6


def _answered(tools: Tools, message: wire.Message, scopes: list[str]) -> bytes:
    listed = tools.listed(frozenset(scopes), reading=False)
    return wire.result(message, {"tools": listed}, {"name": "bench", "version": "1"}, 60_000)


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench.agents", description=__doc__)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory(prefix="gateway-bench-") as folder, ExitStack() as stack:
        home = Path(folder)
        service, port = stub.start(home / "stub")
        stack.callback(service.stop)
        subject = gateway.start(Ground(home, port, home / "none", 0), stack)
        agent = gateway.admit(subject.data_dir, 1, 1, audience="mcp")[0]
        get = {"name": "get", "arguments": {"ids": [CONTACT]}}
        kinds: dict[str, Sent] = {
            "GET /v1/contacts/{id}": ("GET", SINGLE.path, b"", dict(subject.headers(SINGLE))),
            "get, 2026-07-28": called("tools/call", get, agent, modern=True),
            "get, with a handshake": called("tools/call", get, agent, modern=False),
            "ping, with a handshake": called("ping", {}, agent, modern=False),
            "tools/list": called("tools/list", {}, agent, modern=True),
        }
        connection = http.client.HTTPConnection("127.0.0.1", subject.port, timeout=20)

        def spent(sent: Sent) -> float:
            before = cpu_seconds(subject.pids)
            for _ in range(EACH):
                connection.request(sent[0], sent[1], sent[2] or None, sent[3])
                answer = connection.getresponse()
                body = answer.read()
                if answer.status != 200 or b'"isError":true' in body:
                    raise RuntimeError(f"{sent[1]}: {answer.status} {body[:300]!r}")
            return (cpu_seconds(subject.pids) - before) / EACH * 1e6

        for sent in kinds.values():
            spent(sent)
        taken: dict[str, list[float]] = {name: [] for name in kinds}
        for _ in range(rounds):
            for name, sent in kinds.items():
                taken[name].append(spent(sent))
    (first, base), *_ = taken.items()
    for name, each in taken.items():
        ratio = statistics.median(one / other for one, other in zip(each, base, strict=True))
        print(f"{name:24} {statistics.median(each):7.1f} µs, least {min(each):6.1f}; {ratio:4.2f} × {first}")
    size, spared = of_everything()
    print(f"the list with everything declared: {size:,} bytes, of which a request costs {spared:.1f} µs")


if __name__ == "__main__":
    main()
