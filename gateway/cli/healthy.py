"""`gateway healthy`."""

import http.client
import os
from pathlib import Path

import click

from gateway.cli.failures import Failure
from gateway.cli.options import located
from gateway.config import data_directory
from gateway.process import instance_lock

_UNHEALTHY = 1  # what container engines expect of a health check; they keep 2 to themselves
_PATIENCE = 2.0  # seconds
_EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - nothing is bound here


@click.command("healthy")
@located
def command(config: Path | None, data_dir: Path | None) -> None:
    """Exit with 0 when the gateway on the data directory answers, else with 1: a health check for containers."""
    # Whatever has become of the file and of its secrets, the running gateway has read them: they say nothing of its health.
    try:
        directory = data_directory(config, os.environ, data_dir).absolute()
        address = instance_lock.admin_address(directory)
    except OSError as error:
        raise Failure(f"cannot look into the data directory: {error}", _UNHEALTHY) from error
    if address is None:
        raise Failure(f"no gateway has started on {directory}", _UNHEALTHY)
    _ask(*address)


def _ask(host: str, port: int) -> None:
    # Not through a proxy that the environment names, which urllib would ask.
    connection = http.client.HTTPConnection(_EVERYWHERE.get(host, host), port, timeout=_PATIENCE)
    try:
        connection.request("GET", "/healthz")
        status = connection.getresponse().status
    except (OSError, http.client.HTTPException) as error:
        raise Failure(f"the admin port {port} on {host} does not answer: {error}", _UNHEALTHY) from error
    finally:
        connection.close()
    if status != http.HTTPStatus.OK:
        raise Failure(f"the admin port {port} on {host} answers {status}", _UNHEALTHY)
