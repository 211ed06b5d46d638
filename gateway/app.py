"""The composition root: settings → parts → compiled operations → one ASGI application. The only file that wires."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Sequence
from contextlib import AsyncExitStack
from functools import lru_cache
from importlib import import_module
from typing import Any

from starlette.middleware import Middleware
from starlette.routing import BaseRoute
from starlette.types import ASGIApp, Receive, Scope, Send

from adapters.core.compile.catalogue import Catalogue
from adapters.core.operation import Operation
from gateway import factories
from gateway.api.dependencies import Dependencies
from gateway.api.dispatch import Dispatch
from gateway.api.drift import Sentinel
from gateway.api.exchange import Handler
from gateway.api.internal_calls import Internal
from gateway.api.me import ME, me
from gateway.api.rate_limits import by_plan, policy
from gateway.api.unknown_host import misdirected
from gateway.api.usage import Usage
from gateway.auth.callers import Callers
from gateway.auth.identities import Identities
from gateway.auth.scopes import Permissions
from gateway.auth.services import Upstreams
from gateway.brands import Brands
from gateway.config.runtime import Runtime
from gateway.config.settings import Settings
from gateway.console import routes as console
from gateway.console import signed_in
from gateway.deployment import Offer, offer
from gateway.downstream.cors import Cors, Scripted
from gateway.downstream.direct import Turn
from gateway.keys.cursors import Cursors
from gateway.keys.keyring_file import KeptKeyring
from gateway.mcp.endpoint import Endpoint as Agents
from gateway.oauth.announce_revoked import Announcements
from gateway.oauth.client_documents import Documents
from gateway.oauth.consent_pages import Pages
from gateway.oauth.endpoints import Endpoints
from gateway.oauth.leak_reports import Leaks
from gateway.oauth.metadata import COUNTED_APART, SCRIPTED
from gateway.oauth.registration import Registration
from gateway.oauth.retention import Retention
from gateway.observe.access import Address, Observed, begun
from gateway.reference import site
from gateway.sandboxes import assembling as sandboxes
from gateway.sandboxes import expiry, offered
from gateway.sandboxes.instant import Instant
from gateway.stores import redis_url
from gateway.stores.limits import Limiter
from gateway.stores.replays import Replays
from gateway.stores.sql import Sql
from gateway.stores.sql.batches import Batches
from gateway.stores.token_generations import Liveness
from gateway.web import front_door
from gateway.web.application import HEALTHZ, ServerWide, pages
from gateway.web.context import Web, web
from gateway.web.strangers import UnauthenticatedLimit
from gateway.web.templates import ASSETS, assets
from gateway.webhooks import assembling
from gateway.webhooks import declared as webhooks
from gateway.webhooks.reading import Reader

# Asked for with every page, or every few seconds by whatever watches over the process.
_QUIET = (HEALTHZ, f"{ASSETS}/", f"{signed_in.ASSETS}/", f"{site.ASSETS}/")

_TOLD_OF_CALLERS = ("issuers", "secrets", "stores")
"""The sections of the configuration that say what is known of a token, but for limits and service keys."""


class App:
    """One worker's application. Its parts are made by `start`, inside the event loop they belong to."""

    def __init__(self, settings: Settings, runtime: Runtime, compiled: Offer | None) -> None:
        self.settings = settings
        self._runtime = runtime
        self.offer = compiled
        self._stack = AsyncExitStack()
        self._brands: Brands
        self.parts: Dependencies
        self._public: Dispatch
        self._pages: ASGIApp
        self._address: Address

    def serve(self, turn: Turn) -> Coroutine[Any, Any, None]:
        """Answer a request to the API."""
        return self._public(turn)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        # HTTP/1.0 has none, and is then of no brand.
        brand = self._brands.of(next((value for name, value in scope["headers"] if name == b"host"), b""))
        if brand is None and scope["path"] == HEALTHZ and scope["method"] in ("GET", "HEAD"):
            # Load balancers ask by address, and nothing of the answer is a brand's.
            brand = self._brands.first
        if brand is None:
            refusal = misdirected(self._brands, scope["raw_path"].decode("latin-1"), begun(scope, self._address))
            framing = (b"content-type", refusal.content_type), (b"content-length", b"%d" % len(refusal.body))
            headers = [*refusal.headers, *framing]
            await send({"type": "http.response.start", "status": refusal.status, "headers": headers})
            await send({"type": "http.response.body", "body": refusal.body})
            return
        scope["brand"] = brand
        await self._pages(scope, receive, send)

    async def start(self, former: App | None = None) -> None:
        """Build the parts. What takes long and touches nothing else is done beside the loop, which may be answering already.

        former: what answers until then; who calls is known from it, if that is read from the same records still.
        """
        compiled = self.offer
        if compiled is None or not compiled.fits(self.settings):
            self.offer = compiled = await asyncio.to_thread(offer, self.settings)
        known = compiled.catalogue
        webhook_operations, test_operations = _of_our_own(tuple(each.date for each in known.contracts))
        public = [ME, *webhook_operations, *compiled.operations]
        tested = test_operations if self.settings.test.enabled else ()
        dependencies, front, routes, doors = await wire(
            self.settings, self._runtime, known, public, tested, self._stack
        )
        if former is not None and self._reads_as(former):
            dependencies.callers.inherit(former.parts.callers)
        if former is not None:
            dependencies.identities.inherit(former.parts.identities)
        self.parts = dependencies
        self._brands = Brands(self.settings.brands, self._runtime.public_port, " ".join(known.scopes.reading))
        origins = self.settings.cors.origins
        cors = Cors(origins) if origins else None
        self._public = await asyncio.to_thread(Dispatch, [*public, *tested], dependencies, self._brands, cors, doors)
        self._address = dependencies.address_of
        documents = self._runtime.data_dir / site.PLACE / self._runtime.site
        starlette = pages(
            [*front_door.routes(), *routes, *site.routes(documents, self._brands.all)],
            Middleware(UnauthenticatedLimit, front, (*_QUIET, *COUNTED_APART)),
        )
        # Its router refers to itself, and would keep whatever it leads to.
        self._stack.callback(starlette.routes.clear)
        answering = starlette if cors is None else Scripted(starlette, cors, SCRIPTED)
        self._pages = Observed(ServerWide(answering), starlette.routes, self._address, _QUIET)

    def _reads_as(self, former: App) -> bool:
        """Whether a token stands for the same as it did: which database, whose keys, which issuers, which scopes there are."""
        alike = all(getattr(self.settings, name) == getattr(former.settings, name) for name in _TOLD_OF_CALLERS)
        return alike and self._runtime.sql_url == former._runtime.sql_url and self.offer is former.offer

    async def aclose(self) -> None:
        """End what `start` began; also after a start that failed."""
        await self._stack.aclose()


def create(settings: Settings, runtime: Runtime, compiled: Offer | None = None) -> App:
    """The application of one worker. compiled: what is offered already, by it or by others; compiled anew where it does not fit."""
    return App(settings, runtime, compiled)


@lru_cache(maxsize=1)
def _of_our_own(dates: tuple[str, ...]) -> tuple[Sequence[Operation], Sequence[Operation]]:
    """The operations of webhooks and those of test mode, in these contracts: of the code alone, so that none is compiled twice."""
    return webhooks.operations(dates), offered.operations(dates)


def _clients(settings: Settings, runtime: Runtime) -> tuple[Identities, Upstreams]:
    if settings.issuers:
        # Here, beside the loop, where a reload brings the first: a tenth of a second.
        import_module("gateway.auth.issuers.external")
    return factories.identities(settings, runtime), factories.upstreams(settings, runtime)


async def wire(
    settings: Settings,
    runtime: Runtime,
    known: Catalogue,
    public: Sequence[Operation],
    tested: Sequence[Operation],
    stack: AsyncExitStack,
) -> tuple[Dependencies, Web, list[BaseRoute], dict[str, Handler]]:
    """Everything that stages use, what pages are made with, their routes, and the doors of agents. What needs closing is left with `stack`.

    tested: the operations of test mode, which are nothing for agents.
    """
    line = await redis_url.connect(runtime.redis_url, timeout=settings.stores.redis_timeout)
    stack.push_async_callback(line.aclose)
    sql = Sql(runtime.sql_url, pool_size=settings.stores.sql_pool, timeout=settings.stores.sql_timeout)
    # Beside the loop, which goes on answering when this application has had its time.
    stack.push_async_callback(asyncio.to_thread, sql.close)
    keyring = factories.keyring(settings)
    if isinstance(keyring, KeptKeyring):
        stack.callback(asyncio.create_task(keyring.follow()).cancel)
    limiter = Limiter(line, runtime.replicas)
    keys: dict[str, str | None] = {
        name: runtime.service_keys.get(name, "") if service.credentials == "service_key" else None
        for name, service in settings.services.items()
    }
    liveness = Liveness(line)
    # Reading the system's authorities takes 0.05 s for each client that may need them.
    identities, upstreams = await asyncio.to_thread(_clients, settings, runtime)
    stack.push_async_callback(identities.aclose)
    stack.push_async_callback(upstreams.aclose)
    external = factories.external_tokens(settings, known.scopes, sql, identities.live, stack)
    has_tests = identities.test is not None
    callers = Callers(sql, keyring, limiter, liveness, by_plan(settings), keys, external, testing=has_tests)
    usage = Usage()
    batches = Batches(sql, callers.last_uses, *usage.batches, Retention().batch)
    batches.start()
    stack.push_async_callback(batches.stop)
    internal = Internal(
        upstreams,
        {name: service.timeouts.upload for name, service in settings.services.items()},
        limiter,
    )
    replays = Replays(line, settings.idempotency.lifetime, settings.idempotency.lease, settings.idempotency.budget)
    stack.push_async_callback(replays.aclose)
    announcements = Announcements(liveness)
    stack.push_async_callback(announcements.stop)
    kept = sandboxes.parts(settings, known.scopes, runtime, sql, keyring, announcements.announce, stack)
    if kept is not None:
        stack.callback(asyncio.create_task(expiry.follow(kept, sql, alone=settings.test.sandbox_url is None)).cancel)
    testing = sandboxes.testing(line) if kept is not None else None
    subscriptions = assembling.parts(settings, known, runtime, sql, keyring, stack)
    reader = Reader(internal, limiter, by_plan(settings), keys)
    previews = assembling.previews(settings, known, public, sql, keyring, identities, reader)
    dependencies = Dependencies(
        operations=[*public, *tested],
        settings=settings,
        catalogue=known,
        callers=callers,
        limiter=limiter,
        strangers=policy("address", settings.limits.address, "address"),
        identities=identities,
        permissions=Permissions(known.scopes, settings.roles),
        cursors=Cursors(keyring, settings.cursors.lifetime),
        keyring=keyring,
        replays=replays,
        internal=internal,
        own={
            ME.name: me,
            **assembling.handlers(subscriptions),
            **sandboxes.handlers(kept, settings, sql),
        },
        testing=testing,
        usage=usage,
        sentinel=Sentinel(settings.drift.share),
    )
    # These ask for what is there to be asked.
    dependencies.own = {**dependencies.own, **sandboxes.provoking(testing, dependencies, sql)}
    front = web(dependencies, sql, keyring, line)
    documents = Documents(front, factories.fetcher(settings, stack)) if settings.oauth.client_documents else None
    agents = None
    if settings.mcp.enabled:
        agents = await asyncio.to_thread(Agents, settings.mcp, public, dependencies, keyring)
    return (
        dependencies,
        front,
        [
            assets(),
            *Pages(front, documents).routes(),
            *Endpoints(front, announcements).routes(),
            *Registration(front, announcements).routes(),
            *console.routes(
                front, line, announcements, subscriptions, previews, agents.fingerprint if agents else "", kept
            ),
            *Leaks(front, announcements).routes(),
            *(Instant(front, kept).routes() if kept is not None else []),
        ],
        agents.doors() if agents else {},
    )
