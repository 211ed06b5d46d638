"""`gateway sandbox …`: who is who in the seeded sandbox, and what happens there."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from gateway.cli.failures import NOT_FOUND, Failure
from gateway.cli.options import as_json, configured, print_json, print_table

if TYPE_CHECKING:
    from gateway.config import Settings

ROLES: Final = ("owner", "admin", "manager", "member", "viewer")


@click.group("sandbox")
def command() -> None:
    """The stand-in for the internal services."""


@command.command("credentials")
@as_json
@configured
def credentials(settings: Settings, as_json: bool) -> None:
    """Show the sandbox's tenants, users, roles, passwords and API keys."""
    from gateway.process.embedded import sandbox

    found = sandbox.credentials(_seeded(settings))
    if as_json:
        print_json(found)
        return
    for tenant in found["tenants"]:
        click.echo(f"{tenant['business_id']}  {tenant['name']}  {tenant['api_key']}")
        print_table(
            ("  EMAIL", "PASSWORD", "ROLE", "USER_ID"),
            [(f"  {user['email']}", user["password"], user["role"], user["user_id"]) for user in tenant["users"]],
        )


@command.command("set-role")
@click.option("--user", "email", required=True, metavar="EMAIL", help="Whose role.")
@click.option("--role", required=True, type=click.Choice(ROLES), help="The role.")
@configured
def set_role(settings: Settings, email: str, role: str) -> None:
    """Give a user of the sandbox another role."""
    from gateway.process.embedded import sandbox

    _told(sandbox.set_role, settings, email, role)
    click.echo(f"{email} is {role} now; the gateway notices within {settings.identity.role_ttl:g} s.")


@command.command("set-active")
@click.option("--user", "email", required=True, metavar="EMAIL", help="Who.")
@click.option("--active", type=bool, required=True, help="no disables, yes enables.")
@configured
def set_active(settings: Settings, email: str, active: bool) -> None:
    """Disable a user of the sandbox, or enable them again."""
    from gateway.process.embedded import sandbox

    _told(sandbox.set_active, settings, email, active)
    state = "enabled" if active else "disabled"
    click.echo(f"{email} is {state} now; the gateway notices within {settings.identity.role_ttl:g} s.")


@command.command("emit")
@click.argument("event", metavar="TYPE")
@click.option("--tenant", required=True, metavar="BUSINESS_ID", help="Whose event.")
@click.option("--record", metavar="INTERNAL_ID", help="What it is about; the newest record when left out.")
@click.option("--repeat", default=1, show_default=True, type=click.IntRange(1, 1000), help="So many times at once.")
@click.option("--claim", metavar="BUSINESS_ID", help="Name this tenant in the event, which is a lie.")
@click.option("--junk", is_flag=True, help="Send half a document instead.")
@as_json
@configured
def emit(
    settings: Settings,
    event: str,
    tenant: str,
    record: str | None,
    repeat: int,
    claim: str | None,
    junk: bool,
    as_json: bool,
) -> None:
    """Send an event, as the sandbox does by itself when something is written."""
    from gateway.process.embedded.sandbox import SandboxFailed
    from gateway.process.embedded.sandbox import emit as send

    options = ["--repeat", str(repeat), *(["--junk"] if junk else [])]
    for name, value in (("--record", record), ("--claim", claim)):
        options += [name, value] if value is not None else []
    try:
        told = send(_seeded(settings), event, tenant, options)
    except SandboxFailed as error:
        raise Failure(str(error), NOT_FOUND) from error
    if as_json:
        print_json(told)
        return
    answers = ", ".join(f"{count} × {status}" for status, count in told["answers"].items())
    click.echo(f"sent {told['sent']}; answered {answers}")


def _seeded(settings: Settings) -> Path:
    """The data directory, with a sandbox in it."""
    from gateway.process import instance_lock
    from gateway.process.embedded import sandbox

    data_dir = settings.server.data_dir.absolute()
    # Waits for a gateway that is just starting, and is making its sandbox's data.
    instance_lock.running(data_dir)
    if not sandbox.database(data_dir).exists():
        raise Failure(
            f"there is no sandbox in {data_dir}: name the gateway's data directory with --data-dir, or let "
            "`gateway serve` make one there first",
            NOT_FOUND,
        )
    return data_dir


def _told(change: Callable[[Path, str, Any], None], settings: Settings, email: str, value: object) -> None:
    from gateway.process.embedded.sandbox import SandboxFailed

    try:
        change(_seeded(settings), email, value)
    except SandboxFailed as error:
        raise Failure(str(error), NOT_FOUND) from error
