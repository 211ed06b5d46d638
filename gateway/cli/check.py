"""`gateway check`."""

from __future__ import annotations

import json
import os
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from gateway.cli.failures import NOT_FOUND, REFUSED, USAGE, Failure
from gateway.cli.options import as_json, located, print_json


@click.command("check")
@click.option("--running", is_flag=True, help="Say whether the running gateway has this configuration as well.")
@as_json
@located
@click.pass_context
def command(context: click.Context, running: bool, as_json: bool, config: Path | None, data_dir: Path | None) -> None:
    """Check the whole configuration and name every error with its fix."""
    from gateway.config import ConfigError, apart, fingerprint, load, locate, variables
    from gateway.deployment import check, warnings

    source = locate(config, os.environ)
    try:
        settings = load(config, os.environ, {"server.data_dir": data_dir})
        known = check(settings)
    except ConfigError as error:
        if not as_json:
            raise
        print_json({"ok": False, "faults": [asdict(fault) for fault in error.faults], "warnings": []})
        context.exit(USAGE)
    found, mark = list(warnings(settings, known.scopes.restricted)), fingerprint(settings)
    if as_json:
        print_json({"ok": True, "config": mark, "faults": [], "warnings": [asdict(each) for each in found]})
    else:
        for each in found:
            click.echo(f"warning: {each}", err=True)
        click.echo(f"{source or 'The built-in defaults'}: no fault found (configuration {mark}).")
    if running and (theirs := _of_the_running(settings.server.data_dir.absolute()))["config"] != mark:
        ours = variables(os.environ)
        why = apart(theirs.get("variables", ours), ours) or "`gateway reload` lets it take this"
        raise Failure(f"the running gateway has another configuration, {theirs['config']}: {why}", REFUSED)


def _of_the_running(data_dir: Path) -> dict[str, Any]:
    from gateway.process.running import reload_file, supervisor

    if supervisor(data_dir) is None:
        raise Failure(f"no gateway has started on {data_dir}", NOT_FOUND)
    told: dict[str, Any] = json.loads(reload_file(data_dir).read_text())
    return told
