"""`gateway test tail`: what calls with the tokens of a sandbox became."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

import click

from gateway.cli.context import CliContext, with_context
from gateway.cli.failures import NOT_FOUND, UNAVAILABLE, Failure
from gateway.cli.options import as_json, configured, print_json, print_json_line
from gateway.cli.teaching import Taught

if TYPE_CHECKING:
    from gateway.config import Settings
    from gateway.stores.call_log import CallLog, Noted

_LOOK: Final = 0.5  # seconds
_MOST: Final = 200


@click.command(
    "tail",
    cls=Taught,
    examples=("gateway test tail biz_…", "gateway test tail biz_… -f", "gateway test tail biz_… -n 1 --json"),
)
@click.argument("sandbox", metavar="SANDBOX")
@click.option("-n", "count", type=click.IntRange(1, _MOST), default=20, show_default=True, help="How many calls.")
@click.option("-f", "--follow", is_flag=True, help="Go on with what comes, until Ctrl-C; with --json a line a call.")
@as_json
@configured
def tail(settings: Settings, sandbox: str, count: int, follow: bool, as_json: bool) -> None:
    """Show the newest calls of a sandbox with the internal calls they led to, the newest last."""
    from adapters import ids
    from gateway.stores import redis_url
    from gateway.stores.call_log import CallLog
    from gateway.stores.errors import StoreUnavailable
    from gateway.stores.sql import sandboxes

    tenant_id = sandbox.removeprefix(ids.TENANT.prefix)

    async def work(context: CliContext) -> None:
        if await context.sql.read(sandboxes.get, tenant_id) is None:
            raise Failure(f"there is no sandbox {sandbox}. `gateway test list` shows those there are.", NOT_FOUND)
        line = await redis_url.connect(_store(context), timeout=settings.stores.redis_timeout)
        log = CallLog(line)
        try:
            if as_json and not follow:
                print_json({"requests": [_document(each) for each in await _newest(log, tenant_id, count)]})
                return
            async for each in _told(log, tenant_id, count, follow=follow):
                print_json_line(_document(each)) if as_json else _tell(each.call)
        except StoreUnavailable as error:
            raise Failure(f"the store cannot be asked: {error}", UNAVAILABLE) from error
        finally:
            await line.aclose()

    with suppress(KeyboardInterrupt):
        with_context(settings, work)


async def _told(log: CallLog, tenant_id: str, count: int, *, follow: bool) -> AsyncIterator[Noted]:
    last = 0
    while True:
        for each in await _newest(log, tenant_id, count):
            if each.number > last:
                last = each.number
                yield each
        if not follow:
            return
        count = _MOST
        await asyncio.sleep(_LOOK)


async def _newest(log: CallLog, tenant_id: str, count: int) -> list[Noted]:
    return (await log.newest(tenant_id, count))[::-1]


def _store(context: CliContext) -> str:
    from gateway.config import EMBEDDED, reveal

    url = (context.live and context.live.redis_url) or reveal(context.settings.stores.redis)
    if url == EMBEDDED:
        raise Failure("no gateway runs here, and its embedded store only while one does", UNAVAILABLE)
    return url


def _document(each: Noted) -> dict[str, Any]:
    return {"number": each.number, **each.call}


def _tell(call: dict[str, Any]) -> None:
    request, answer = call["request"], call["answer"]
    target = request["path"] + (f"?{request['query']}" if request["query"] else "")
    why = " ".join(filter(None, (call["code"], f"(Test-Fault: {call['fault']})" if call["fault"] else "")))
    head = f"{call['at']}  {answer['status']}  {request['method']} {target}  {call['duration_ms']} ms  {why}"
    click.echo(head.rstrip())
    for inner in call["calls"]:
        became = inner["status"] or inner["error"]
        click.echo(f"    {inner['service']}  {became}  {inner['method']} {inner['path']}  {inner['duration_ms']} ms")
