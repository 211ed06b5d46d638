"""The command `gateway`. A command is one module of this package and one line in COMMANDS.

Exit codes: 0 done · 2 wrong usage or configuration · 3 refused by a rule · 4 not found · 5 a service or store is
unavailable · 1 `healthy` alone: it is not. What people read goes to stdout, complaints to stderr, one line each; `--json` makes
both a document: `{"error": {"message", "exit_code"}}` is what a complaint becomes.

The modules of commands import nothing heavy at their head, since `--help` and completion load them all: what a command
needs is imported where it is used.
"""

import json
from collections.abc import Mapping
from importlib import import_module
from typing import Any, Final

import click
from click.exceptions import NoSuchCommand

from gateway.cli.failures import Failure, explained

# Name → module, which holds the command (or group of commands) as `command`. Loaded when asked for: `serve` must not
# wait for what `tokens` needs, and `openapi` lies above this package.
COMMANDS: Final[Mapping[str, str]] = {
    "serve": "gateway.cli.serve",
    "check": "gateway.cli.check",
    "reload": "gateway.cli.reload",
    "doctor": "gateway.cli.doctor",
    "healthy": "gateway.cli.healthy",
    "migrate": "gateway.cli.migrate",
    "tokens": "gateway.cli.tokens",
    "tenants": "gateway.cli.tenants",
    "sandbox": "gateway.cli.sandbox",
    "test": "gateway.cli.testing",
    "clients": "gateway.cli.clients",
    "grants": "gateway.cli.grants",
    "issuers": "gateway.cli.issuers",
    "webhooks": "gateway.cli.webhooks",
    "keys": "gateway.cli.keys",
    "audit": "gateway.cli.audit",
    "usage": "gateway.cli.usage",
    "explain": "gateway.cli.explain",
    "probe": "gateway.cli.probe",
    "conformance": "gateway.cli.conformance",
    "openapi": "openapi.__main__",
    "sdk": "gateway.cli.sdk",
}


class _Commands(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        found: click.Command = import_module(COMMANDS[cmd_name]).command
        return found

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        try:
            return super().resolve_command(ctx, args)
        except NoSuchCommand:
            # click looks for what was meant among commands that are loaded already, of which there are none.
            raise NoSuchCommand(args[0], possibilities=COMMANDS, ctx=ctx) from None

    def invoke(self, ctx: click.Context) -> Any:
        as_json = "--json" in ctx.args
        try:
            return super().invoke(ctx)
        except (click.exceptions.Exit, click.Abort):
            raise
        except click.ClickException as error:
            if not as_json:
                raise
            _complain(error.format_message(), error.exit_code, as_json=True)
            ctx.exit(error.exit_code)
        except Exception as error:  # whatever is no bug becomes one line; a bug keeps its traceback
            failure = explained(error)
            if failure is None:
                raise
            _complain(failure.line, failure.code, as_json=as_json)
            ctx.exit(failure.code)


def _complain(line: str, code: int, *, as_json: bool) -> None:
    text = json.dumps({"error": {"message": line, "exit_code": code}}) if as_json else f"gateway: {line}"
    click.echo(text, err=True)


@click.group(
    cls=_Commands,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(package_name="gateway", message="%(prog)s %(version)s")
@click.pass_context
def main(context: click.Context) -> None:
    """A public API in front of internal services.

    `gateway COMMAND --help` tells more of each command. Completion for your shell: `_GATEWAY_COMPLETE=bash_source gateway` prints it.
    """
    if context.invoked_subcommand is None:
        click.echo(context.get_help())


__all__ = ["COMMANDS", "Failure", "main"]
