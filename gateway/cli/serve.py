"""`gateway serve`."""

from __future__ import annotations

import gc
from collections.abc import Callable
from typing import TYPE_CHECKING

import click

from gateway.cli.options import loading, overriding

if TYPE_CHECKING:
    from gateway.config import Settings


@click.command("serve")
@overriding("--host", "server.host", str, "The address to listen on.")
@overriding("--port", "server.port", int, "The public port; 0 takes a free one.")
@overriding("--workers", "server.workers", int, "Worker processes.")
@click.option("--only", type=click.Choice(["couriers"]), help="Receive and deliver events, and answer no requests.")
@loading
def command(load: Callable[[], Settings], only: str | None) -> None:
    """Run the gateway until it is told to stop; SIGHUP lets it read its configuration again."""
    # What is loaded and made from here on stays: when all of it is there, it is collected again (startup.py).
    gc.disable()
    from gateway.process import instance_lock, supervisor

    instance_lock.keep_private()
    supervisor.serve(load, only_couriers=only is not None)
