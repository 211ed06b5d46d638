import asyncio
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from gateway.cli.sandbox import ROLES
from gateway.process.embedded import sandbox
from gateway.process.embedded.sandbox import SandboxFailed
from sandbox import directory


async def answers(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    return True


def pid_of(tmp_path: Path) -> int:
    found = [
        int(process.name)
        for process in Path("/proc").iterdir()
        if process.name.isdigit() and str(tmp_path / "sandbox.db").encode() in _command(process)
    ]
    assert len(found) == 1, found
    return found[0]


def _command(process: Path) -> bytes:
    try:
        return (process / "cmdline").read_bytes()
    except OSError:
        return b""


async def test_it_listens_while_it_is_wanted_starts_again_when_it_dies_and_ends_at_the_end(tmp_path: Path) -> None:
    async with sandbox.running(tmp_path) as box:
        assert await answers(box.port)
        os.kill(pid_of(tmp_path), signal.SIGKILL)
        while await answers(box.port):  # noqa: ASYNC110 - another process has no event to wait for
            await asyncio.sleep(0.01)
        async with asyncio.timeout(10):
            while not await answers(box.port):  # noqa: ASYNC110 - as above
                await asyncio.sleep(0.02)
    assert not await answers(box.port)


async def test_it_is_tried_until_the_machine_can_start_it_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, logged: Callable[[], list[dict[str, Any]]]
) -> None:
    async with sandbox.running(tmp_path) as box, asyncio.timeout(20):
        monkeypatch.setattr(sys, "executable", str(tmp_path / "no python here"))
        os.kill(pid_of(tmp_path), signal.SIGKILL)
        while sum(line["event"] == "sandbox did not start" for line in logged()) < 2:  # noqa: ASYNC110 - as above
            await asyncio.sleep(0.02)
        monkeypatch.undo()
        while not await answers(box.port):  # noqa: ASYNC110 - as above
            await asyncio.sleep(0.02)


async def test_it_can_be_told_to_answer_documented_calls_only_and_still_knows_who_people_are(tmp_path: Path) -> None:
    async with sandbox.running(tmp_path, documented_only=True) as box, httpx.AsyncClient(base_url=box.url) as client:
        tenant = sandbox.credentials(tmp_path)["tenants"][0]
        client.headers = {"Authorization": f"Bearer {box.service_key}", "X-Business-Id": tenant["business_id"]}
        user = tenant["users"][0]

        async def status(path: str) -> int:
            return (await client.get(path)).status_code

        assert await status("/api/hr/departments") == await status("/api/crm/companies") == 200
        assert await status("/api/hr/departments/1") == await status("/api/crm/pipelines") == 404
        assert await status(f"/api/auth/users/{user['user_id']}") == 200
        assert await status(f"/api/auth/users?email={user['email']}") == 200
        assert await status("/api/auth/users?page=1") == await status("/api/auth/me") == 404


async def test_the_service_key_is_not_printed_by_accident(tmp_path: Path) -> None:
    async with sandbox.running(tmp_path) as box:
        assert box.service_key and box.service_key not in repr(box)


async def test_roles_are_set_and_unknown_users_and_roles_refused_in_one_line(tmp_path: Path) -> None:
    async with sandbox.running(tmp_path):
        email = sandbox.credentials(tmp_path)["tenants"][0]["users"][0]["email"]
        sandbox.set_role(tmp_path, email, "viewer")
        roles = {user["email"]: user["role"] for user in sandbox.credentials(tmp_path)["tenants"][0]["users"]}
        assert roles[email] == "viewer"
        for user, role in (("nobody@example.com", "viewer"), (email, "emperor")):
            with pytest.raises(SandboxFailed) as refused:
                sandbox.set_role(tmp_path, user, role)
            assert str(refused.value) and "\n" not in str(refused.value)


async def test_a_sandbox_that_cannot_start_says_so(tmp_path: Path) -> None:
    (tmp_path / "sandbox.db").mkdir()
    with pytest.raises(SandboxFailed):
        async with sandbox.running(tmp_path):
            pass


def test_the_command_knows_the_roles_that_the_sandbox_knows() -> None:
    assert ROLES == directory.ROLES
