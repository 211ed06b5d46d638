"""The sandbox as a child process: what stands behind the gateway while no real internal service is configured.

The gateway knows it as a program only: its command line, and one line of JSON when it listens.
"""

import asyncio
import json
import os
import secrets
import signal
import subprocess
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from gateway.config import SANDBOX, Settings
from gateway.config.testing import Testing
from gateway.observe import logs
from gateway.process import child
from gateway.process.forked import Forked

START_SECONDS: Final = 60.0  # the first start seeds the data
STOP_SECONDS: Final = 1.0  # who asked it has finished, or has been told to give up
_PAUSES: Final = (0.1, 0.5, 2.0, 5.0)


class SandboxFailed(RuntimeError):
    """The sandbox did not start; the message says so in one line."""


@dataclass(frozen=True, slots=True)
class Sandbox:
    """Where it listens, the key that speaks for every tenant, and the one that makes tenants.

    seeded: tenants, API keys, users, roles and passwords of its data, as `credentials` gives them.
    """

    port: int
    service_key: str = field(repr=False)
    control_key: str = field(repr=False)
    seeded: Mapping[str, Any] = field(repr=False)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


@dataclass(slots=True)
class Begun:
    """A sandbox's process, which listens soon. `said`: the end of the pipe on which it says so; `taken`: by whom awaits that."""

    pid: int
    said: int
    control_key: str = field(repr=False)
    taken: bool = False


def needed(settings: Settings) -> bool:
    """Whether any service, or test mode, is left to the sandbox beside the workers."""
    return beside(settings.test) or any(service.base_url == SANDBOX for service in settings.services.values())


def beside(test: Testing) -> bool:
    """Whether test mode uses the sandbox beside the workers."""
    return test.enabled and test.sandbox_url is None


@contextmanager
def begun(settings: Settings, data_dir: Path) -> Iterator[Begun | None]:
    """Start the sandbox's process without waiting for it: it gets ready while the caller loads its code. None where it is not needed.

    At the end it is killed, unless `running` has taken it.
    """
    if not needed(settings):
        yield None
        return
    data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    process = _begin(data_dir, _options(documented_only=settings.sandbox.documented_only), 0, secrets.token_hex(32))
    try:
        yield process
    finally:
        if not process.taken:
            os.close(process.said)
            os.kill(process.pid, signal.SIGKILL)
            os.waitpid(process.pid, 0)


@asynccontextmanager
async def running(
    data_dir: Path, *, documented_only: bool = False, first: Begun | None = None
) -> AsyncIterator[Sandbox]:
    """Run the sandbox on its database below `data_dir`, started again on the same port when it dies; raises SandboxFailed.

    `documented_only`: it answers only the calls that the services document. `first`: one that was begun so already.
    """
    options = _options(documented_only=documented_only)
    process, sandbox = await _listening(first or _begin(data_dir, options, 0, secrets.token_hex(32)))
    current = [process]
    keeper = asyncio.create_task(_keep(current, data_dir, options, sandbox))
    try:
        yield sandbox
    finally:
        keeper.cancel()
        await asyncio.gather(keeper, return_exceptions=True)
        await _stop(current[0].process)


def credentials(data_dir: Path) -> dict[str, Any]:
    """Tenants, API keys, users, roles and passwords of the seeded data: `{"tenants": […]}`."""
    said = _run("credentials", "--db", str(database(data_dir)), "--json")
    found: dict[str, Any] = json.loads(said)
    return found


def set_role(data_dir: Path, email: str, role: str) -> None:
    """Give the user another role; raises SandboxFailed when there is no such user or role."""
    _run("set-role", "--db", str(database(data_dir)), "--user", email, "--role", role)


def set_active(data_dir: Path, email: str, active: bool) -> None:
    """Disable the user, or enable them again; raises SandboxFailed when there is no such user."""
    _run("set-active", "--db", str(database(data_dir)), "--user", email, "--active", "yes" if active else "no")


def emit(data_dir: Path, event: str, tenant_id: str, options: Sequence[str]) -> dict[str, Any]:
    """Send an event to those who subscribed: `{"sent": n, "answers": {status: count}}`; raises SandboxFailed when nobody did."""
    said = _run("emit", event, "--db", str(database(data_dir)), "--tenant", tenant_id, *options)
    found: dict[str, Any] = json.loads(said)
    return found


def database(data_dir: Path) -> Path:
    """Where its data is; there from the first start on."""
    return data_dir / "sandbox.db"


def _run(*arguments: str) -> str:
    done = subprocess.run(
        child.module("sandbox", *arguments),
        env=child.environment(),
        capture_output=True,
        text=True,
        check=False,
        timeout=START_SECONDS,
    )
    if done.returncode != 0:
        last = (done.stderr.strip().splitlines() or ["it gave no reason"])[-1]
        raise SandboxFailed(last.removeprefix("sandbox: ").rpartition("error: ")[2])
    return done.stdout


@dataclass(frozen=True, slots=True)
class _Running:
    process: Forked
    words: asyncio.StreamReader


def _options(*, documented_only: bool) -> Sequence[str]:
    return ("--documented-only",) if documented_only else ()


def _begin(data_dir: Path, options: Sequence[str], port: int, control_key: str) -> Begun:
    command = child.module("sandbox", "serve", "--db", str(database(data_dir)), "--port", str(port), *options)
    program, *arguments = child.tethered(command)
    hearing, telling = os.pipe()
    try:
        pid = os.posix_spawn(
            program,
            [program, *arguments],
            child.environment(SANDBOX_CONTROL_KEY=control_key),
            file_actions=[
                (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
                (os.POSIX_SPAWN_DUP2, telling, 1),
            ],
            # Ctrl-C in a terminal reaches the whole group: the sandbox must outlive the requests in flight.
            setsid=True,
            # Whoever begins it may hear no signal yet; it must.
            setsigmask=(),
        )
    except BaseException:  # raised again: the descriptor is nobody else's to close
        os.close(hearing)
        raise
    finally:
        os.close(telling)
    return Begun(pid, hearing, control_key)


async def _listening(begun: Begun) -> tuple[_Running, Sandbox]:
    begun.taken = True
    process = await Forked.of(begun.pid)
    words = asyncio.StreamReader()
    pipe = os.fdopen(begun.said, "rb", 0)
    try:
        await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(words), pipe)
        async with asyncio.timeout(START_SECONDS):
            said = await words.readline()
        ready = json.loads(said)
        seeded = {"tenants": ready["tenants"]}
        sandbox = Sandbox(int(ready["port"]), str(ready["service_key"]), begun.control_key, seeded)
    except (TimeoutError, ValueError, KeyError, TypeError):
        await _stop(process)
        raise SandboxFailed(
            f"the sandbox did not start (exit status {process.returncode}); its own words are above"
        ) from None
    except BaseException:  # raised again: nothing may leave a child behind, a cancellation included
        await _stop(process)
        raise
    return _Running(process, words), sandbox


async def _keep(current: list[_Running], data_dir: Path, options: Sequence[str], sandbox: Sandbox) -> None:
    attempt = 0
    while True:
        status = await _drained(current[0])
        logs.event("sandbox died", "error", status=status)
        await asyncio.sleep(_PAUSES[min(attempt, len(_PAUSES) - 1)])
        attempt += 1
        try:
            current[0], _ = await _listening(_begin(data_dir, options, sandbox.port, sandbox.control_key))
        except Exception as error:  # noqa: BLE001 - whatever it is (no process, no memory), there must be a next time
            logs.event("sandbox did not start", "error", error=error)


async def _drained(running: _Running) -> int:
    # Whatever it prints later has no reader, and a full pipe would stop it.
    while await running.words.read(65536):
        pass
    return await running.process.wait()


async def _stop(process: Forked) -> None:
    process.terminate()
    try:
        async with asyncio.timeout(STOP_SECONDS):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()
