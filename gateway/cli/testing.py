"""`gateway test …`: sandboxes, in which tokens of test mode work."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

import click

from gateway.cli import testing_data
from gateway.cli.context import CliContext, with_context
from gateway.cli.failures import NOT_FOUND, REFUSED, Failure
from gateway.cli.options import as_json, configured, print_json, print_table
from gateway.cli.sandboxed import shown, with_sandboxes
from gateway.cli.teaching import Taught
from gateway.cli.testing_tail import tail
from gateway.cli.tokens import Lifetime

if TYPE_CHECKING:
    from gateway.config import Settings
    from gateway.sandboxes.keeping import Made, Sandboxes
    from gateway.stores.sql.tenants import Tenant

SEEDS: Final = ("small", "default", "empty")
ROLES: Final = ("owner", "admin", "manager", "member", "viewer")


@click.group("test")
def command() -> None:
    """Make sandboxes, reset and delete them, set their clocks. A token of one reaches invented data, and nothing else."""


command.add_command(tail)


@command.command("create", cls=Taught, examples=("gateway test create", "gateway test create --tenant Acme --ttl 10m"))
@click.option(
    "--tenant", metavar="TENANT", help="Whose it is: an id, with or without biz_, or a name. [default: nobody's]"
)
@click.option("--ttl", "seconds", type=Lifetime(), help="How long it lives, such as 10m. [default: test.lifetime]")
@click.option("--seed", type=click.Choice(SEEDS), default="small", show_default=True, help="The data it begins with.")
@click.option("--scope", default="", metavar='"A B"', help="Of the token. [default: all that the role allows]")
@click.option(
    "--role", type=click.Choice(ROLES), default="owner", show_default=True, help="Of whom the token acts for."
)
@as_json
@configured
def create(
    settings: Settings, tenant: str | None, seconds: float | None, seed: str, scope: str, role: str, as_json: bool
) -> None:
    """Make a sandbox, and a token that opens it. The token is shown this once."""
    from gateway.sandboxes.control import Seed
    from gateway.sandboxes.keeping import Wanted

    lives = settings.test.lifetime if seconds is None else seconds
    if not 1 <= lives <= settings.test.max_lifetime:
        raise Failure(f"a sandbox lives from 1s to {settings.test.max_lifetime:g}s (test.max_lifetime)", REFUSED)

    async def work(context: CliContext, kept: Sandboxes) -> Made:
        owner = await context.tenant(tenant) if tenant is not None else None
        return await kept.create(owner, Wanted(lives, Seed(seed), role, context.actor, scopes=tuple(scope.split())))

    made = with_sandboxes(settings, work)
    told = {"sandbox": shown(made.tenant.id), "token": made.token, "expires_at": made.expires_at}
    if as_json:
        print_json(told)
        return
    click.echo(made.token)
    click.echo(
        f"opens the sandbox {told['sandbox']} until {made.expires_at:%Y-%m-%d %H:%M} UTC.\n"
        "Keep it now: it is not stored and cannot be shown again.",
        err=True,
    )


@command.command("list")
@click.option("--tenant", metavar="TENANT", help="Only this tenant's: its id, with or without biz_, or its name.")
@as_json
@configured
def list_(settings: Settings, tenant: str | None, as_json: bool) -> None:
    """List the sandboxes there are, newest first."""
    from gateway.stores.sql import sandboxes

    async def work(context: CliContext) -> tuple[Tenant, ...]:
        owner = (await context.tenant(tenant)).id if tenant is not None else None
        return await context.sql.read(sandboxes.list, owner, datetime.now(UTC))

    found = with_context(settings, work)
    if as_json:
        rows = [
            {
                "sandbox": shown(each.id),
                "owner": each.owner_id,
                "created_at": each.created_at,
                "expires_at": each.expires_at,
            }
            for each in found
        ]
        print_json({"sandboxes": rows})
        return
    print_table(
        ("SANDBOX", "OWNER", "SINCE", "EXPIRES"),
        [(shown(each.id), each.owner_id, each.created_at, each.expires_at) for each in found],
    )


@command.command("delete")
@click.argument("sandbox", metavar="SANDBOX")
@as_json
@configured
def delete(settings: Settings, sandbox: str, as_json: bool) -> None:
    """Delete a sandbox with all that is in it. Its tokens end at once."""
    from adapters import ids
    from gateway.stores.sql import sandboxes

    tenant_id = sandbox.removeprefix(ids.TENANT.prefix)

    async def work(context: CliContext, kept: Sandboxes) -> None:
        if await context.sql.read(sandboxes.get, tenant_id) is None:
            raise Failure(f"there is no sandbox {sandbox}. `gateway test list` shows those there are.", NOT_FOUND)
        await kept.delete(tenant_id, context.actor)

    with_sandboxes(settings, work)
    if as_json:
        print_json({"sandbox": shown(tenant_id), "deleted": True})
    else:
        click.echo(f"{shown(tenant_id)} is deleted.")


for each in testing_data.COMMANDS:
    command.add_command(each)
