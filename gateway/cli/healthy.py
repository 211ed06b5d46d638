"""`gateway healthy`."""

import http.client

import click

from gateway import instance
from gateway.cli.failures import Failure
from gateway.cli.options import configured
from gateway.config import Settings

_UNHEALTHY = 1  # what container engines expect of a health check
_PATIENCE = 2.0  # seconds
_EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - nothing is bound here


@click.command("healthy")
@configured
def command(settings: Settings) -> None:
    """Exit with 0 when the gateway on the data directory answers, else with 1: a health check for containers."""
    data_dir = settings.server.data_dir.absolute()
    address = instance.admin_address(data_dir)
    if address is None:
        raise Failure(f"no gateway has started on {data_dir}", _UNHEALTHY)
    host, port = address
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
