"""The command `gateway`. A command is one module of this package and one line in COMMANDS.

Exit codes: 0 done · 2 wrong usage or configuration · 3 refused by a rule · 4 not found · 5 a service or store is
unavailable · 1 `healthy` alone: it is not. What people read goes to stdout, complaints to stderr, one line each; `--json` makes stdout a document.
"""

from collections.abc import Mapping
from importlib import import_module
from typing import Any, Final

import click

from gateway.cli.failures import Failure, explained

# Name → module, which holds the command (or group of commands) as `command`. Loaded when asked for: `serve` must not
# wait for what `tokens` needs, and `openapi` lies above this package.
COMMANDS: Final[Mapping[str, str]] = {
    "serve": "gateway.cli.serve",
    "check": "gateway.cli.check",
    "healthy": "gateway.cli.healthy",
    "tokens": "gateway.cli.tokens",
    "tenants": "gateway.cli.tenants",
    "sandbox": "gateway.cli.sandbox",
    "clients": "gateway.cli.clients",
    "grants": "gateway.cli.grants",
    "keys": "gateway.cli.keys",
    "audit": "gateway.cli.audit",
    "explain": "gateway.cli.explain",
    "probe": "gateway.cli.probe",
    "openapi": "openapi.__main__",
}


class _Commands(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        found: click.Command = import_module(COMMANDS[cmd_name]).command
        return found

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except (click.ClickException, click.exceptions.Exit, click.Abort):
            raise
        except Exception as error:  # whatever is no bug becomes one line; a bug keeps its traceback
            failure = explained(error)
            if failure is None:
                raise
            click.echo(f"gateway: {failure.line}", err=True)
            ctx.exit(failure.code)


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
def main() -> None:
    """A public API in front of internal services."""


__all__ = ["COMMANDS", "Failure", "main"]
