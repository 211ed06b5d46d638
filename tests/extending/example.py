"""The package that docs/extending.md writes, as it stands there, and the service that its records are in."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import yaml

PAGE = Path(__file__).parents[2] / "docs/extending.md"


def code(language: str) -> str:
    """The page's one block in this language."""
    (block,) = re.findall(rf"```{language}\n(.*?)```", PAGE.read_text(), re.DOTALL)
    return str(block)


def write_package(folder: Path, text: str = "", name: str = "acme_api") -> None:
    """The package, or another text, in a folder for PYTHONPATH."""
    (folder / name).mkdir(parents=True)
    (folder / name / "__init__.py").write_text(text or code("python"))


def write_config(path: Path, rentals: str, **more: Any) -> None:
    """The page's configuration, with the address of a service that is there."""
    settings = yaml.safe_load(code("yaml"))
    settings["services"]["rentals"]["base_url"] = rentals
    path.write_text(yaml.safe_dump({**settings, **more}))


class Rentals:
    """A service of machines: a list that comes whole, records of its tenants, and every call it was sent."""

    def __init__(self) -> None:
        self.rows: dict[str, dict[int, dict[str, Any]]] = {}
        self.calls: list[tuple[str, str]] = []
        self.forgets: set[str] = set()
        self._serial = 0

    def answer(self, method: str, tail: str, tenant: str, body: dict[str, Any]) -> tuple[int, Any]:
        """Status and document."""
        self.calls.append((method, tail))
        rows = self.rows.setdefault(tenant, {})
        if not tail:
            if method == "GET":
                return 200, {"data": list(rows.values())}
            self._serial += 1
            now = _now()
            empty = dict.fromkeys(("name", "status", "seats", "dailyRate", "currency", "boughtOn", "companyId"))
            filled = {**empty, "status": "FREE", "currency": "USD"}
            made = {**filled, **self._kept(body), "id": self._serial, "createdAt": now, "updatedAt": now}
            rows[made["id"]] = made
            return 201, {"data": made}
        found = rows.get(int(tail)) if tail.isdecimal() else None
        if found is None:
            return 404, {"error": {"code": "not_found", "message": "There is no such machine."}}
        if method == "DELETE":
            del rows[found["id"]]
            return 204, None
        if method == "PATCH":
            found |= {**self._kept(body), "updatedAt": _now()}
        return 200, {"data": found}

    def _kept(self, body: dict[str, Any]) -> dict[str, Any]:
        """What it takes of a body; it may be told to forget some."""
        return {name: value for name, value in body.items() if name not in self.forgets}


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


@contextmanager
def rentals() -> Iterator[tuple[Rentals, str]]:
    """The service, running, and its URL."""
    service = Rentals()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _answer(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers.get("content-length") or 0)) or b"{}")
            tail = self.path.partition("?")[0].removeprefix("/api/machines").strip("/")
            status, document = service.answer(self.command, tail, self.headers["x-business-id"], body)
            text = b"" if document is None else json.dumps(document).encode()
            self.send_response(status)
            if document is not None:
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        do_GET = do_POST = do_PATCH = do_DELETE = _answer  # noqa: N815 - the names that the library looks for

        def log_message(self, *_: Any) -> None:
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield service, f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
