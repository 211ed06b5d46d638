"""`gateway reload`."""

from __future__ import annotations

import json
import os
import signal
import time
from pathlib import Path
from typing import Any, Final

import click

from gateway.cli.failures import NOT_FOUND, UNAVAILABLE, USAGE, Failure
from gateway.cli.options import as_json, located, print_json

_PATIENCE: Final = 120.0  # seconds
_LOOK: Final = 0.05


@click.command("reload")
@as_json
@located
@click.pass_context
def command(context: click.Context, as_json: bool, config: Path | None, data_dir: Path | None) -> None:
    """Let the gateway on the data directory read its configuration again, the one that it was started with.

    Exits with 0 when every worker answers by it, and with 2 and the faults when it was refused: what ran before goes on.
    """
    from gateway.config import data_directory
    from gateway.process.running import reload_file, supervisor

    directory = data_directory(config, os.environ, data_dir).absolute()
    pid = supervisor(directory)
    if pid is None:
        raise Failure(f"no gateway has started on {directory}", NOT_FOUND)
    state = reload_file(directory)
    before = _told(state)["number"]
    try:
        os.kill(pid, signal.SIGHUP)
    except OSError as error:
        raise Failure(f"cannot signal the gateway, process {pid}: {error.strerror}", UNAVAILABLE) from error
    until = time.monotonic() + _PATIENCE
    while (told := _told(state))["number"] <= before or told["state"] == "reloading":
        if supervisor(directory) is None:
            raise Failure(f"the gateway on {directory} has ended", UNAVAILABLE)
        if time.monotonic() > until:
            raise Failure("the gateway has not reloaded in time; its log says what it does", UNAVAILABLE)
        time.sleep(_LOOK)
    swapped = told["state"] == "swapped"
    if as_json:
        print_json({"ok": swapped, "config": told["config"], "faults": told["faults"]})
    elif swapped:
        click.echo(f"Every worker answers by the configuration {told['config']}.")
    else:
        for fault in told["faults"]:
            click.echo(f"gateway: {fault['text']}", err=True)
        click.echo(f"gateway: refused; the configuration {told['config']} goes on", err=True)
    if not swapped:
        context.exit(USAGE)


def _told(path: Path) -> dict[str, Any]:
    try:
        told: dict[str, Any] = json.loads(path.read_text())
    except FileNotFoundError as error:
        raise Failure("this gateway cannot reload: it is of another release", UNAVAILABLE) from error
    return told
