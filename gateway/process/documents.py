"""The OpenAPI documents of a deployment with resources of its own: written at start, since the committed ones know nothing of those.

By a process of its own: what writes documents lies above the gateway, and what it takes of memory goes with it.
"""

import asyncio
import shutil
from pathlib import Path
from typing import Final

from gateway.config import Settings
from gateway.process import child
from gateway.process.instance_lock import CannotStartError

_PATIENCE: Final = 120.0  # seconds


async def written(settings: Settings, data_dir: Path) -> Path | None:
    """The folder that they were written to; None where the committed documents are right. Raises CannotStartError."""
    if not settings.resources:
        return None
    folder = data_dir / "openapi"
    await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)
    packages = [argument for package in settings.resources for argument in ("--package", package)]
    process = await asyncio.create_subprocess_exec(
        *child.tethered(child.module("openapi", *packages, "--out", str(folder))),
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
        env=child.environment(),
    )
    try:
        async with asyncio.timeout(_PATIENCE):
            _, said = await process.communicate()
    except TimeoutError:
        raise CannotStartError("the OpenAPI documents of `resources` were not written in time") from None
    finally:
        if process.returncode is None:
            process.kill()
    if process.returncode:
        last = said.decode(errors="replace").strip().rpartition("\n")[2]
        raise CannotStartError(f"the OpenAPI documents of `resources` cannot be written: {last}")
    return folder
