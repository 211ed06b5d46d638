"""`gateway test reset | snapshot | restore | clock`: the data of a sandbox, and its time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import click

from gateway.cli.context import CliContext
from gateway.cli.failures import NOT_FOUND, REFUSED, Failure
from gateway.cli.options import as_json, configured, print_json
from gateway.cli.sandboxed import shown, with_sandboxes

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gateway.config import Settings
    from gateway.sandboxes.keeping import Sandboxes

_SEEDS: Final = ("small", "default", "empty")
_MOST_RECORDS: Final = 5000

_of = click.argument("sandbox", metavar="SANDBOX")


@click.command("reset")
@_of
@click.option("--seed", type=click.Choice(_SEEDS), help="The data it begins with again. [default: that of before]")
@click.option("--records", type=click.IntRange(0, _MOST_RECORDS), help="How many people. [default: the seed's]")
@as_json
@configured
def reset(settings: Settings, sandbox: str, seed: str | None, records: int | None, as_json: bool) -> None:
    """Put a sandbox's data back, and its clock. Its tokens and snapshots stay."""
    told = _told(settings, sandbox, "POST", "/reset", {"seed": seed, "records": records}, anew=True)
    _print(
        f"{shown(told['business_id'])} has the data of {told['seed']} ({told['records']}) again.", told, as_json=as_json
    )


@click.command("snapshot")
@_of
@click.option("--name", help="What it is of, for whoever reads the list.")
@as_json
@configured
def snapshot(settings: Settings, sandbox: str, name: str | None, as_json: bool) -> None:
    """Keep a sandbox's records and clock as they are."""
    told = _told(settings, sandbox, "POST", "/snapshots", {"name": name}, success=201)
    _print(told["id"], told, as_json=as_json)


@click.command("restore")
@_of
@click.argument("snapshot_id", metavar="SNAPSHOT")
@as_json
@configured
def restore(settings: Settings, sandbox: str, snapshot_id: str, as_json: bool) -> None:
    """Put a sandbox's records and clock back as they were in a snapshot."""
    if not snapshot_id.isascii() or not snapshot_id.replace("_", "").isalnum():
        raise Failure(f"{snapshot_id} is no id of a snapshot, such as snap_0a1b2c3d4e5f6071.", REFUSED)
    told = _told(settings, sandbox, "POST", f"/snapshots/{snapshot_id}/restore", anew=True)
    _print(f"{shown(told['business_id'])} is as it was.", told, as_json=as_json)


@click.command("clock")
@_of
@click.option("--advance", metavar="DURATION", help="How far it moves on, such as P30D or PT12H.")
@click.option("--now", "moment", metavar="TIME", help="What time it is to be, such as 2027-01-01T00:00:00Z.")
@as_json
@configured
def clock(settings: Settings, sandbox: str, advance: str | None, moment: str | None, as_json: bool) -> None:
    """Show a sandbox's clock, or move it on: records, contracts, cursors and idempotency keys go by it."""
    if advance is not None and moment is not None:
        raise Failure("--advance and --now are two ways to say one thing: give one of them", REFUSED)
    body = {"advance": advance, "now": moment}
    sets = advance is not None or moment is not None
    told = _told(settings, sandbox, "PUT" if sets else "GET", "/clock", body if sets else None, moves=sets)
    _print(told["now"], told, as_json=as_json)


COMMANDS: Final = (reset, snapshot, restore, clock)


def _told(
    settings: Settings,
    sandbox: str,
    method: str,
    tail: str,
    body: Mapping[str, Any] | None = None,
    *,
    success: int = 200,
    moves: bool = False,
    anew: bool = False,
) -> dict[str, Any]:
    """What the sandbox program answers. moves: the clock is another from now on; anew: so is the data."""
    from adapters import ids
    from gateway.sandboxes.timekeeping import Timekeeping
    from gateway.stores.sql import sandboxes

    tenant_id = sandbox.removeprefix(ids.TENANT.prefix)
    sent = None if body is None else {name: value for name, value in body.items() if value is not None}

    async def work(context: CliContext, kept: Sandboxes) -> dict[str, Any]:
        if await context.sql.read(sandboxes.get, tenant_id) is None:
            raise Failure(f"there is no sandbox {sandbox}. `gateway test list` shows those there are.", NOT_FOUND)
        told = await kept.control.data(tenant_id, method, tail, sent, success)
        if moves or anew:
            timekeeping = Timekeeping(context.sql, kept.announce, settings.idempotency.lifetime)
            await timekeeping.moved(tenant_id, told["ahead_ms"], anew=anew)
        return told

    return with_sandboxes(settings, work)


def _print(line: str, told: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        # The key and the users of the program's tenant are nobody's business here.
        print_json({name: value for name, value in told.items() if name not in {"api_key", "users", "business_id"}})
    else:
        click.echo(line)
