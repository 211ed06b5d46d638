"""`gateway check`."""

from __future__ import annotations

import os
from dataclasses import asdict
from pathlib import Path

import click

from gateway.cli.failures import USAGE
from gateway.cli.options import as_json, located, print_json


@click.command("check")
@as_json
@located
@click.pass_context
def command(context: click.Context, as_json: bool, config: Path | None, data_dir: Path | None) -> None:
    """Check the whole configuration and name every error with its fix."""
    from gateway.config import ConfigError, load, locate
    from gateway.deployment import check, warnings

    source = locate(config, os.environ)
    try:
        settings = load(config, os.environ, {"server.data_dir": data_dir})
        check(settings)
    except ConfigError as error:
        if not as_json:
            raise
        print_json({"ok": False, "faults": [asdict(fault) for fault in error.faults], "warnings": []})
        context.exit(USAGE)
    found = list(warnings(settings))
    if as_json:
        print_json({"ok": True, "faults": [], "warnings": [asdict(each) for each in found]})
    else:
        for each in found:
            click.echo(f"warning: {each}", err=True)
        click.echo(f"{source or 'The built-in defaults'}: no fault found.")
