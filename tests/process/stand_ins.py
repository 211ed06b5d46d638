"""What a preloader forks in tests, in the place of a worker."""

from __future__ import annotations

import gc
import json
import os
import random
import secrets
import signal
import time
import uuid
from collections.abc import Sequence
from pathlib import Path

from gateway.config import Settings, load
from gateway.config.services import Operation
from gateway.keys import token_format
from gateway.observe import trace
from gateway.process import preloader
from gateway.process.child import ALIVE
from gateway.process.workers import READY

SPEAKS = "STAND_IN_SPEAKS"
ENDINGS = "STAND_IN_ENDINGS"
"""The variable that names a file of statuses: with each of them one ends before it has said that it serves; -9: as if killed; 0: it serves."""


def main(arguments: Sequence[str]) -> int:
    """A worker that says once that it serves, and goes on saying so where the environment has SPEAKS; or what is named."""
    match arguments:
        case ["told"]:
            _tell(_state())
        case ["drawn"]:
            _tell(_drawn())
        case ["loaded", which]:
            _tell(preloader.loaded(offering(which)) is not None)
        case ["ends", status]:
            return int(status)
        case ["complains", text]:
            raise SystemExit(text)
        case ["fails"]:
            raise RuntimeError("as it was asked to")
        case _:
            _end()
            os.write(READY, ALIVE)
            while True:
                time.sleep(0.05)
                if SPEAKS in os.environ:
                    os.write(READY, ALIVE)
    return 0


def offering(which: str) -> Settings:
    """Settings, of which the `second` offer less than the `first`."""
    first = load(None, {}, {})
    crm = first.services["crm"].model_copy(update={"operations": {"contacts.get": Operation(enabled=False)}})
    return first if which == "first" else first.model_copy(update={"services": {**first.services, "crm": crm}})


def _end() -> None:
    if (file := os.environ.get(ENDINGS)) and (left := Path(file).read_text().split()):
        Path(file).write_text(" ".join(left[1:]))
        if (status := int(left[0])) < 0:
            os.kill(os.getpid(), -status)
        if status:
            raise SystemExit(status)


def _tell(found: object) -> None:
    os.write(READY, json.dumps(found).encode())


def _state() -> dict[str, object]:
    handlers = {number.name: str(signal.getsignal(number)) for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)}
    return {
        "parent": os.getppid(),
        "leader": os.getsid(0) == os.getpid(),
        # Without the one that the list is read from.
        "open": [each for each in range(64) if Path(f"/proc/self/fd/{each}").exists()],
        "blocked": [*map(int, signal.pthread_sigmask(signal.SIG_BLOCK, ()))],
        "handlers": handlers,
        "given": os.environ.get("GIVEN"),
        "collects": gc.isenabled(),
        "stdin": os.read(0, 100).decode(),
    }


def _drawn() -> list[str]:
    own = [trace.digits(24), trace.started().trace_id, token_format.new_id(), token_format.mint("gw", "personal")]
    return [*own, secrets.token_hex(8), str(uuid.uuid4()), repr(random.random()), os.urandom(8).hex()]
