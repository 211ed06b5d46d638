"""The server process: uvicorn around the routes, one ready line, a clean end."""

import gc
import logging
import signal
import socket
import sys
from dataclasses import dataclass
from pathlib import Path

import orjson
import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from sandbox import app
from sandbox.cap import Cap
from sandbox.directory import Directory, credentials
from sandbox.emitter import Emitter
from sandbox.guard import Services
from sandbox.seed import Pristine, meta, prepare
from sandbox.store import Store
from sandbox.testing.tenants import TestTenants

_GRACE_SECONDS = 5


@dataclass(frozen=True, slots=True)
class Options:
    db: Path
    host: str
    port: int
    contacts: int
    cap: int
    documented_only: bool
    deduplicate: bool
    service_key: str | None
    control_key: str | None


class _Protocol(HttpToolsProtocol):
    """Hands the connection to the application: cutting it is one of the things the sandbox is for."""

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.scope["sandbox.transport"] = self.transport  # type: ignore[typeddict-unknown-key]


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, ready: bytes) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        sys.stdout.buffer.write(self._ready + b"\n")
        sys.stdout.flush()


def serve(options: Options) -> int:
    """Runs until SIGTERM or SIGINT. Exit status 1: the port is taken."""
    # uvicorn raises the signal again once it has finished; this turns that into a plain exit
    for one in (signal.SIGTERM, signal.SIGINT):
        signal.signal(one, lambda *_: sys.exit(0))
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr)
    listener = _listen(options.host, options.port)
    if listener is None:
        print(f"sandbox: {options.host}:{options.port} is in use or not permitted", file=sys.stderr)
        return 1
    connection = prepare(options.db, options.contacts)
    service_key = options.service_key or meta(connection, "service_key")
    services = Services(
        store=Store(connection),
        directory=Directory(connection),
        pristine=Pristine(connection),
        emitter=Emitter(),
        service_key=service_key,
        cap=Cap(options.cap),
        deduplicate=options.deduplicate,
        documented_only=options.documented_only,
        test_tenants=TestTenants(_beside(options.db)) if options.control_key else None,
    )
    config = uvicorn.Config(
        app.create(services, options.control_key),
        http=_Protocol,
        loop="uvloop",
        ws="none",
        lifespan="off",
        interface="asgi3",
        log_config=None,
        log_level="warning",
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_keep_alive=75,
        timeout_graceful_shutdown=_GRACE_SECONDS,
        backlog=2048,
    )
    ready = {"ready": True, "port": listener.getsockname()[1], "service_key": service_key, **credentials(connection)}
    gc.freeze()
    try:
        _Server(config, orjson.dumps(ready)).run([listener])
    finally:
        connection.close()
    return 0


def _beside(db: Path) -> Path:
    """The folder of the databases of test tenants."""
    return db.with_name(f"{db.name}-tenants")


def _listen(host: str, port: int) -> socket.socket | None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError:
        listener.close()
        return None
    return listener
