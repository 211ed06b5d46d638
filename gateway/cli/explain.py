"""`gateway explain`: what would become of a request, without sending anything to an internal service."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import click
import orjson

from gateway.cli.context import CliContext, with_context
from gateway.cli.failures import REFUSED, UNAVAILABLE, Failure
from gateway.cli.options import as_json, configured, print_json

if TYPE_CHECKING:
    from adapters.core.calls import Answer, Call, Input, Plan
    from adapters.core.compile.catalogue import Catalogue
    from adapters.core.operation import Face, Operation
    from gateway.api.exchange import Exchange, Permitted
    from gateway.api.routes import Routes
    from gateway.auth.caller import Caller
    from gateway.auth.users import User
    from gateway.config import Settings
    from gateway.stores.sql import tokens as stored

Story = dict[str, Any]


@click.command("explain")
@click.argument("method", metavar="METHOD")
@click.argument("path", metavar="PATH")
@click.option("--body", type=click.File("rb"), help="The request's body: a file, or - for standard input.")
@click.option("--token", help="Explain it for this token. Better: --token-file.")
@click.option("--token-file", type=click.Path(path_type=Path, exists=True, dir_okay=False), help="Where a token is.")
@click.option("--version", help="The Version header. [default: the newest contract]")
@as_json
@configured
def command(
    settings: Settings,
    method: str,
    path: str,
    body: Any,
    token: str | None,
    token_file: Path | None,
    version: str | None,
    as_json: bool,
) -> None:
    """Print scope, role, buckets, contract and the internal call of a request, without sending it.

    Without --body, what reads one is explained as far as its contract: a body that was not given is not judged.
    """
    from gateway import problems
    from gateway.deployment import catalogue

    declared = catalogue(settings)
    text = token_file.read_text().strip() if token_file else token
    raw = body.read() if body else None

    async def work(context: CliContext) -> Story:
        operation, segments = _operation(settings, declared, method.upper(), path.partition("?")[0])
        bearer = await _bearer(context, text) if text else None
        plan = (await context.tenant(bearer[0].tenant_id)).plan if bearer is not None else None
        story = _policy(settings, declared, operation, plan)
        if bearer is not None:
            story["token"] = _permission(settings, declared, operation, *bearer)
        tenant = bearer[0].tenant_id if bearer else "clxtenant"
        return story | await _call(
            context, declared, operation, segments, path, raw, version or declared.newest, tenant
        )

    try:
        story = with_context(settings, work)
    except problems.Problem as problem:
        raise Failure(f"{problem.status} {problem.code}: {problem.detail}", REFUSED) from None
    if as_json:
        print_json(story)
    else:
        _tell(story)
    if "problem" in story or not story.get("token", {"allowed": True})["allowed"]:
        raise SystemExit(REFUSED)


def _operation(settings: Settings, declared: Catalogue, method: str, path: str) -> tuple[Operation, tuple[str, ...]]:
    from gateway.api.me import ME
    from gateway.api.routes import Routes
    from gateway.deployment import operations

    routes: Routes[Operation] = Routes()
    for operation in [ME, *operations(settings, declared)]:
        routes.add(operation, operation)
    return routes.find(method, path)


def _policy(settings: Settings, declared: Catalogue, operation: Operation, plan: str | None) -> Story:
    """What the operation asks of anybody whose tenant has the plan."""
    from gateway.api.rate_limits import groups
    from gateway.auth.scopes import allowed
    from gateway.config.plans import of_plan

    needed = frozenset(operation.scopes)
    return {
        "operation": operation.name,
        "route": f"{operation.method} {operation.route}",
        "scopes": sorted(needed),
        "roles": [role for role in settings.roles if needed <= allowed(declared.scopes, role, settings.roles)],
        "limits": [
            {"policy": policy.name, "quota": policy.quota, "window_seconds": policy.window, "burst": policy.burst}
            for policy in groups(settings, of_plan(settings.limits, settings.plans, plan))[operation.limited_as]
            if not policy.shadow
        ],
        "idempotent_replay": operation.replayable,
        "enabled": operation.enabled,
    }


async def _bearer(context: CliContext, text: str) -> tuple[stored.Token, User | None]:
    from gateway.auth.users import IdentityUnavailable
    from gateway.keys import token_format
    from gateway.stores.sql import tokens as stored

    if not token_format.well_formed(text.encode(), context.settings.tokens.prefix):
        raise Failure("this is not a token of this gateway: its checksum is wrong", REFUSED)
    token = await context.sql.read(stored.by_hash, context.keys.hashes(text.encode()))
    if token is None:
        raise Failure("this token is not known here", REFUSED)
    async with context.identity() as identity:
        try:
            return token, await identity.user(token.tenant_id, token.user_id)
        except IdentityUnavailable as error:
            raise Failure(str(error), UNAVAILABLE) from None


def _permission(
    settings: Settings, declared: Catalogue, operation: Operation, token: stored.Token, user: User | None
) -> Story:
    """What becomes of the token: scope ∩ role, and its own state."""
    from gateway.auth.scopes import effective

    needed, scopes = frozenset(operation.scopes), frozenset(token.scopes)
    role = user.role if user and user.active else ""
    state = "revoked" if token.revoked_at else "expired" if token.expires_at <= datetime.now(UTC) else "active"
    denied = None
    if not needed <= declared.scopes.expanded(scopes):
        denied = "scope"
    elif not needed <= effective(declared.scopes, scopes, role, settings.roles):
        denied = "role"
    return {
        "id": f"tok_{token.id}",
        "state": state,
        "scopes": sorted(scopes),
        "role": role or None,
        "allowed": denied is None and state == "active" and bool(role),
        "denied_by": denied,
    }


async def _call(
    context: CliContext,
    declared: Catalogue,
    operation: Operation,
    segments: tuple[str, ...],
    path: str,
    raw: bytes | None,
    version: str,
    tenant: str,
) -> Story:
    """The contract and the internal calls, by the very stages that a request goes through."""
    from adapters.core.calls import Answer
    from gateway import problems
    from gateway.api.dependencies import Dependencies
    from gateway.api.exchange import Permitted
    from gateway.api.stages.accept import accept
    from gateway.api.stages.negotiate import negotiate
    from gateway.auth.caller import somebody
    from gateway.auth.permits import LivePermit
    from gateway.auth.scopes import Permissions
    from gateway.keys.cursors import Cursors

    settings = context.settings
    # Only these two stages run, and they use nothing else of the services.
    dependencies = Dependencies(
        **dict.fromkeys(("callers", "limiter", "strangers", "identities", "replays", "internal"), cast("Any", None)),
        settings=settings,
        catalogue=declared,
        permissions=Permissions(declared.scopes, settings.roles),
        cursors=Cursors(context.keys, settings.cursors.lifetime),
        keyring=context.keys,
    )
    seen: list[Call] = []

    async def planned(permitted: Permitted, given: Input) -> Answer:
        if operation.faces:
            seen.extend(_calls(permitted.face.plan(given)))
        return Answer(200)

    accepted = accept(operation, dependencies, planned)

    judged = raw is not None or operation.body.may_be_absent

    async def unjudged(exchange: Exchange, caller: Caller, face: Face) -> Answer:
        if not judged:
            return Answer(200)
        return await accepted(Permitted(exchange, caller, LivePermit("", "", declared.scopes.single), face))

    exchange = _exchange(settings, operation, segments, path, raw or b"", version)
    try:
        await negotiate(operation, dependencies, unjudged)(exchange, somebody(tenant, declared.scopes.single))
    except Exception as error:
        problem = problems.of(error)
        if problem is None:
            raise
        document = {"status": problem.status, "code": problem.code, "detail": problem.detail, **problem.members}
        return {"contract": exchange.version or None, "problem": document}
    if not judged:
        return {"contract": exchange.version, "body": "not given, so not judged: give one with --body"}
    return {"contract": exchange.version, "internal_calls": [_shown(settings, call) for call in seen]}


def _calls(plan: Plan) -> Iterator[Call]:
    """The calls of a plan for as long as empty records can answer them; what follows depends on the real answers."""
    from adapters.core.calls import Reply
    from adapters.core.faults import Fault

    with suppress(StopIteration, Fault):
        call = next(plan)
        while True:
            yield call
            call = plan.send(Reply(200, b'{"data":{}}'))


def _exchange(
    settings: Settings,
    operation: Operation,
    segments: tuple[str, ...],
    path: str,
    raw: bytes,
    version: str,
) -> Exchange:
    from adapters.core.operation import Body
    from gateway.api.exchange import Exchange
    from gateway.brands import Brands
    from gateway.observe.trace import started

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": raw, "more_body": False}

    route, _, query = path.partition("?")
    exchange = Exchange(
        operation.method,
        route,
        query.encode(),
        {
            b"version": version.encode(),
            b"content-type": b"text/csv" if operation.body is Body.FILE else b"application/json",
        },
        body=raw,
        receive=receive,
        brand=Brands(settings.brands, settings.server.port).first,
        client="",
        trace=started(),
        request_id="",
        started=0.0,
    )
    exchange.segments = segments
    return exchange


def _shown(settings: Settings, call: Call) -> Story:
    from adapters.core.calls import File

    base = next(service.base_url for name, service in settings.services.items() if name == call.service)
    return {
        "service": call.service,
        "base_url": base,
        "method": call.method.decode(),
        "path": call.path.decode(),
        "headers": [
            *("Authorization", "X-Business-Id", "X-User-Id", "X-User-Role", "X-Request-Id", "traceparent"),
            *(["Content-Type"] if call.body else []),
            *(["Idempotency-Key"] if call.creates else []),
        ],
        "body": orjson.loads(call.body) if call.body and not isinstance(call.body, File) else None,
    }


def _tell(story: Story) -> None:
    """The same for people: one line a fact."""
    for name, value in story.items():
        shown = value if isinstance(value, str) else orjson.dumps(value).decode()
        click.echo(f"{name.replace('_', ' '):18}{shown}")
