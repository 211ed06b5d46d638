"""`gateway doctor`."""

from __future__ import annotations

import asyncio
import json
import sys
from typing import TYPE_CHECKING

import click

from gateway.cli.failures import UNAVAILABLE
from gateway.cli.options import as_json, configured, print_json, print_table

if TYPE_CHECKING:
    from gateway.config import Settings
    from gateway.process.doctor_others import Finding


@click.command("doctor")
@as_json
@configured
@click.pass_context
def command(context: click.Context, settings: Settings, as_json: bool) -> None:
    """Ask everything that the gateway stands on how it is: stores, keyring, clock, disk, services, certificates.

    Exits with 5 when something has failed, and with 2 when the configuration itself is wrong. It changes nothing.
    """
    from dataclasses import asdict

    from gateway.deployment import check
    from gateway.observe import logs
    from gateway.process.doctor import examine
    from gateway.process.doctor_others import Finding
    from gateway.process.running import reload_file, supervisor

    logs.configure("error", sys.stderr.buffer)
    check(settings)
    data_dir = settings.server.data_dir.absolute()
    told = json.loads(reload_file(data_dir).read_text()) if supervisor(data_dir) is not None else {}

    async def all_of_them() -> list[Finding]:
        return [each async for each in examine(settings, told)]

    findings = [Finding("configuration", "ok", "no fault found"), *asyncio.run(all_of_them())]
    failed = any(each.state == "failed" for each in findings)
    if as_json:
        print_json({"ok": not failed, "checks": [asdict(each) for each in findings]})
    else:
        print_table(("CHECK", "STATE", "FOUND", "FIX"), [(e.check, e.state, e.detail, e.fix) for e in findings])
    if failed:
        context.exit(UNAVAILABLE)
