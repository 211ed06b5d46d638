"""The sandbox as a child process: what stands behind the gateway while no real internal service is configured.

The gateway knows it as a program only: its command line, and one line of JSON when it listens.
"""

import asyncio
import json
import secrets
import subprocess
from asyncio.subprocess import Process
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from gateway.observe import logs
from gateway.process import child

START_SECONDS: Final = 60.0  # the first start seeds the data
STOP_SECONDS: Final = 1.0  # who asked it has finished, or has been told to give up
_PAUSES: Final = (0.1, 0.5, 2.0, 5.0)


class SandboxFailed(RuntimeError):
    """The sandbox did not start; the message says so in one line."""


@dataclass(frozen=True, slots=True)
class Sandbox:
    """Where it listens, the key that speaks for every tenant, and the one that makes tenants."""

    port: int
    service_key: str = field(repr=False)
    control_key: str = field(repr=False)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


@asynccontextmanager
async def running(data_dir: Path, *, documented_only: bool = False) -> AsyncIterator[Sandbox]:
    """Run the sandbox on its database below `data_dir`, started again on the same port when it dies; raises SandboxFailed.

    `documented_only`: it answers only the calls that the services document.
    """
    options = ("--documented-only",) if documented_only else ()
    control_key = secrets.token_hex(32)
    process, sandbox = await _start(data_dir, options, 0, control_key)
    current = [process]
    keeper = asyncio.create_task(_keep(current, data_dir, options, sandbox))
    try:
        yield sandbox
    finally:
        keeper.cancel()
        await asyncio.gather(keeper, return_exceptions=True)
        await _stop(current[0])


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


async def _start(data_dir: Path, options: tuple[str, ...], port: int, control_key: str) -> tuple[Process, Sandbox]:
    command = child.module("sandbox", "serve", "--db", str(database(data_dir)), "--port", str(port), *options)
    process = await asyncio.create_subprocess_exec(
        *child.tethered(command),
        env=child.environment(SANDBOX_CONTROL_KEY=control_key),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        # Ctrl-C in a terminal reaches the whole group: the sandbox must outlive the requests in flight.
        start_new_session=True,
    )
    try:
        assert process.stdout is not None
        async with asyncio.timeout(START_SECONDS):
            said = await process.stdout.readline()
        ready = json.loads(said)
        return process, Sandbox(int(ready["port"]), str(ready["service_key"]), control_key)
    except (TimeoutError, ValueError, KeyError, TypeError):
        await _stop(process)
        raise SandboxFailed(
            f"the sandbox did not start (exit status {process.returncode}); its own words are above"
        ) from None
    except BaseException:  # raised again: nothing may leave a child behind, a cancellation included
        await _stop(process)
        raise


async def _keep(current: list[Process], data_dir: Path, options: tuple[str, ...], sandbox: Sandbox) -> None:
    attempt = 0
    while True:
        await _drained(current[0])
        logs.event("sandbox died", "error", status=current[0].returncode)
        await asyncio.sleep(_PAUSES[min(attempt, len(_PAUSES) - 1)])
        attempt += 1
        try:
            current[0], _ = await _start(data_dir, options, sandbox.port, sandbox.control_key)
        except Exception as error:  # noqa: BLE001 - whatever it is (no process, no memory), there must be a next time
            logs.event("sandbox did not start", "error", error=error)


async def _drained(process: Process) -> None:
    # Whatever it prints later has no reader, and a full pipe would stop it.
    assert process.stdout is not None
    while await process.stdout.read(65536):
        pass
    await process.wait()


async def _stop(process: Process) -> None:
    if process.returncode is not None:
        return
    with suppress(ProcessLookupError):
        process.terminate()
    try:
        async with asyncio.timeout(STOP_SECONDS):
            await process.wait()
    except TimeoutError:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()
