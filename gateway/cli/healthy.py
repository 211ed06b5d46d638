"""`gateway healthy`, where the configuration has to be read to know the data directory; else gateway/process/running.py."""

import os
from pathlib import Path

import click

from gateway.cli.failures import Failure
from gateway.cli.options import located
from gateway.process.running import UNHEALTHY, unhealthy


@click.command("healthy")
@located
def command(config: Path | None, data_dir: Path | None) -> None:
    """Exit with 0 when the gateway on the data directory answers, else with 1: a health check for containers."""
    from gateway.config import data_directory

    # Whatever has become of the file and of its secrets, the running gateway has read them: they say nothing of its health.
    try:
        directory = data_directory(config, os.environ, data_dir).absolute()
    except OSError as error:
        raise Failure(f"cannot look into the data directory: {error}", UNHEALTHY) from error
    if fault := unhealthy(directory):
        raise Failure(fault, UNHEALTHY)
