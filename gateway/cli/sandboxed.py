"""Commands that tell the sandbox program something."""

from __future__ import annotations

from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

from gateway.cli.context import CliContext, Result, with_context
from gateway.cli.failures import REFUSED, UNAVAILABLE, Failure

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable

    from gateway.config import Settings
    from gateway.sandboxes.keeping import Sandboxes
    from gateway.stores.sql.grants import Revoked


def with_sandboxes(settings: Settings, work: Callable[[CliContext, Sandboxes], Awaitable[Result]]) -> Result:
    """Do work that needs it; Failure when it cannot be asked, or refuses."""
    from adapters.core.faults import Invalid
    from gateway.deployment import catalogue
    from gateway.problems import Problem
    from gateway.sandboxes import assembling
    from gateway.upstream import UpstreamError

    scopes = catalogue(settings).scopes

    async def prepared(context: CliContext) -> Result:
        async def announce(ended: Iterable[Revoked]) -> None:
            for each in ended:
                await context.announce(each.tenant_id, each.token_id, each.generation)

        async with context.testing() as facts, AsyncExitStack() as stack:
            kept = assembling.parts(settings, scopes, facts, context.sql, context.keys, announce, stack)
            assert kept is not None  # test mode is on, or there are no facts
            try:
                return await work(context, kept)
            except UpstreamError as error:
                raise Failure(f"the sandbox program cannot be asked: {error}", UNAVAILABLE) from error
            except Invalid as invalid:
                raise Failure(" ".join(each.message for each in invalid.errors), REFUSED) from invalid
            except Problem as problem:
                raise Failure(problem.detail, REFUSED) from problem

    return with_context(settings, prepared)


def shown(tenant_id: str) -> str:
    """A tenant as everybody names it."""
    from adapters import ids

    return ids.TENANT.encode(tenant_id)
