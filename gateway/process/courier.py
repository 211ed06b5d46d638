"""A courier process: it serves the ingest port and delivers what came in. No subscriber shares an event loop with `/v1`.

It is forked by the preloader and told settings and runtime facts as a worker is (gateway/process/worker.py). A stop lets attempts finish, settles them, and gives the lanes back, so that another goes on at once.
"""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import socket
import ssl
import sys
from collections.abc import Iterator, Sequence
from contextlib import AsyncExitStack, contextmanager, suppress
from math import ceil
from pathlib import Path
from typing import Any, Final

import uvicorn
from uvicorn.loops.uvloop import uvloop_loop_factory

from gateway import deployment, factories
from gateway.config.runtime import Runtime
from gateway.config.settings import Settings
from gateway.config.webhooks import Tls
from gateway.downstream.connection import protocol
from gateway.keys.keyring_file import KeptKeyring
from gateway.keys.token_format import random_text
from gateway.observe import logs, metrics, tracing
from gateway.process import child, preloader
from gateway.process.instance_lock import instance_name
from gateway.process.worker import handed_over
from gateway.process.workers import COUNTS, COURIERS, LISTENING, READY
from gateway.stores import redis_url
from gateway.stores.errors import StoreUnavailable
from gateway.stores.limits import Limiter
from gateway.stores.sql import Sql, webhook_lanes
from gateway.webhooks import assembling
from gateway.webhooks.courier import Courier
from gateway.webhooks.ingest import POSTS, Ingest, malformed
from gateway.webhooks.intake import Intake
from gateway.webhooks.keeping import Keeping
from gateway.webhooks.rounds import Rounds
from gateway.webhooks.signing import StandardSigner

BEAT: Final = 1.0


def main(arguments: Sequence[str]) -> None:
    """Receive and deliver until SIGTERM. `arguments`: the number of this courier."""
    (place,) = map(int, arguments)
    for number in (signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2, signal.SIGQUIT, signal.SIGALRM, signal.SIGWINCH):
        signal.signal(number, signal.SIG_IGN)
    metrics.share(Path(os.environ[COUNTS]))
    settings, runtime = handed_over()
    logs.configure(settings.logging.level)
    logs.name(instance_name(runtime.public_port), courier=place)
    try:
        if settings.tracing.enabled:
            tracing.install("gateway", settings.tracing.share)
        with asyncio.Runner(loop_factory=uvloop_loop_factory()) as runner:
            runner.run(_serve(settings, runtime, socket.socket(fileno=LISTENING), place))
    except Exception as error:  # noqa: BLE001 - the last line of a process's life is a log line like all others
        logs.event("courier failed", "error", error=error)
        sys.exit(1)
    finally:
        tracing.close()
        logs.flush()
        metrics.write_down()


def _certified(tls: Tls | None) -> dict[str, Any]:
    """What uvicorn is told of certificates. A reload starts couriers anew, and so takes renewed ones."""
    if tls is None:
        return {}
    own = {"ssl_certfile": tls.certificate, "ssl_keyfile": tls.key}
    if tls.client_ca is None:
        return own
    return own | {"ssl_ca_certs": str(tls.client_ca), "ssl_cert_reqs": ssl.CERT_REQUIRED}


async def _serve(settings: Settings, runtime: Runtime, listening: socket.socket, place: int) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with AsyncExitStack() as stack:
        line = await redis_url.connect(runtime.redis_url, timeout=settings.stores.redis_timeout)
        stack.push_async_callback(line.aclose)
        sql = Sql(runtime.sql_url, pool_size=settings.stores.sql_pool, timeout=settings.stores.sql_timeout)
        stack.callback(sql.close)
        keyring = factories.keyring(settings)
        if isinstance(keyring, KeptKeyring):
            stack.callback(asyncio.create_task(keyring.follow()).cancel)
        offered = preloader.loaded(settings)
        if offered is None:
            offered = await asyncio.to_thread(deployment.offer, settings)
        known = offered.catalogue
        limiter = Limiter(line, runtime.replicas)
        renderer, reconciler = assembling.delivering(settings, offered, runtime, sql, keyring, limiter, stack)
        dialler = factories.dialler(settings, stack)
        # Whoever had this place under our supervisor is dead, and what it held can be had at once.
        seat = f"{os.environ[COURIERS]}:{place}:"
        await _freed(sql, seat)
        name = seat + random_text(8)
        courier = Courier(sql, keyring, renderer, StandardSigner(), dialler, name=name, agent=factories.agent(settings))
        intake = Intake(sql, courier.wake)
        registrar = assembling.registrar(settings, known, runtime, sql, keyring, stack)
        app = Ingest(settings, known.events(settings.ids), sql, keyring, limiter, intake)
        webhooks = settings.webhooks
        keeping = Keeping(
            sql,
            name,
            keep=webhooks.keep,
            max_stored=webhooks.max_stored,
            full=app.room,
            called=courier.attempts.hosts.counts,
        )
        server = _Server(
            uvicorn.Config(
                app,
                http=protocol(malformed, app.serve, fast_path=settings.server.fast_path, direct=POSTS),
                ws="none",
                lifespan="off",
                log_config=None,
                access_log=False,
                server_header=False,
                **_certified(webhooks.ingest.tls),
            )
        )
        serving = asyncio.create_task(server.serve(sockets=[listening]))
        delivering = asyncio.create_task(courier.run())
        kept = asyncio.create_task(keeping.run())
        registered = asyncio.create_task(Rounds(registrar).run())
        reconciled = asyncio.create_task(reconciler.run(name, intake.accept))
        beating = asyncio.create_task(_beat(server))
        # What exists by now stays; of what comes and goes few pieces need the collector, as in a worker.
        gc.freeze()
        gc.set_threshold(50_000, 20, 20)
        await stop.wait()
        server.should_exit = True
        kept.cancel()
        registered.cancel()
        reconciled.cancel()
        grace = ceil(settings.server.shutdown_grace)
        with suppress(TimeoutError):
            async with asyncio.timeout(grace):
                await serving
        await courier.stop(grace)
        await asyncio.gather(delivering, return_exceptions=True)
        beating.cancel()


async def _freed(sql: Sql, seat: str) -> None:
    with suppress(StoreUnavailable):
        await sql.run(webhook_lanes.end_leases, seat)


async def _beat(server: uvicorn.Server) -> None:
    os.set_blocking(READY, False)
    while True:
        # The pipe is full when the supervisor itself hangs, and then this must not.
        with suppress(BlockingIOError):
            if server.started:
                os.write(READY, child.ALIVE)
        await asyncio.sleep(BEAT if server.started else 0.02)


class _Server(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        # A signal stops the courier, which ends this server first.
        yield
