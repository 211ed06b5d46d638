"""The parts that settings describe: where the database and the keyring are, and the clients of services and of strangers.

Every command and every worker finds these the same way, here.
"""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from gateway.auth.identities import Identities
from gateway.auth.permits import LivePermit, TestPermit
from gateway.auth.services import P, Places, Services, Upstreams
from gateway.auth.users import Identity
from gateway.config import EMBEDDED, Runtime, Secret, Settings, reveal
from gateway.config.services import Service
from gateway.egress.dialling import Dialler, Proxy
from gateway.egress.fetching import Fetcher
from gateway.egress.resolving import Resolver
from gateway.egress.rules import Allowed, Rules
from gateway.keys.keyring import Keyring
from gateway.keys.keyring_file import KeptKeyring
from gateway.stores.sql import Sql, urls
from gateway.upstream import Breaking, Guard, Limiting, Policy, Pool, Retrying, Target

if TYPE_CHECKING:
    from adapters.core.compile.scopes import Scopes
    from gateway.auth.issuers.external import ExternalTokens


def sql_url(settings: Settings) -> str:
    """The SQLAlchemy URL of the database; the embedded one is a file below the data directory."""
    url = reveal(settings.stores.sql)
    return urls.of_file(settings.server.data_dir / "gateway.db") if url == EMBEDDED else url


def embedded_files(settings: Settings) -> list[Path]:
    """The files by which a data directory is known for a deployment's; none when all that lasts is kept elsewhere."""
    directory = settings.server.data_dir
    kept = {"gateway.db": settings.stores.sql, "keyring.json": settings.secrets.keyring}
    return [directory / name for name, where in kept.items() if where == EMBEDDED]


def live(facts: Runtime) -> Places[LivePermit]:
    """Where the services are."""
    return Places(facts.service_urls, facts.service_keys)


def test(settings: Settings, facts: Runtime) -> Places[TestPermit] | None:
    """The same for test mode, where every service is the sandbox program; None where there is no test mode."""
    if not settings.test.enabled or not facts.test_url:
        return None
    names = settings.services
    return Places(dict.fromkeys(names, facts.test_url), dict.fromkeys(names, facts.test_key))


def identity(settings: Settings, places: Places[P]) -> Identity:
    """The client of the auth service there, as configured."""
    auth = settings.services["auth"]
    return Identity(
        places.urls["auth"],
        places.keys["auth"],
        auth.timeouts,
        role_ttl=settings.identity.role_ttl,
        ca_file=_authorities(auth, places.urls["auth"]),
    )


def identities(settings: Settings, facts: Runtime) -> Identities:
    """The clients of the auth services of both modes."""
    tested = test(settings, facts)
    return Identities(identity(settings, live(facts)), identity(settings, tested) if tested is not None else None)


def services(settings: Settings, places: Places[P]) -> Services[P]:
    """The services that are there, as requests ask them."""
    return Services({name: guard(settings, places, name) for name in settings.services})


def upstreams(settings: Settings, facts: Runtime) -> Upstreams:
    """The services of both modes."""
    tested = test(settings, facts)
    return Upstreams(services(settings, live(facts)), services(settings, tested) if tested is not None else None)


def pool(settings: Settings, places: Places[P], name: str) -> Pool:
    """Connections to one internal service, within its configured limits."""
    service = settings.services[name]
    authorities = _authorities(service, places.urls[name])
    return Pool(
        Target(
            base_url=places.urls[name],
            connect_timeout=service.timeouts.connect,
            total_timeout=service.timeouts.total,
            max_connections=service.max_connections,
            max_response_bytes=service.max_response,
            ca_file=str(authorities) if authorities else None,
        )
    )


def guard(settings: Settings, places: Places[P], name: str) -> Guard:
    """One internal service as requests ask it: with its retries, breakers and limit."""
    service = settings.services[name]
    retries, breaker, concurrency = service.retries, service.breaker, service.concurrency
    return Guard(
        name,
        pool(settings, places, name),
        Policy(
            total=service.timeouts.total,
            limiting=Limiting(service.max_connections, concurrency.adaptive, concurrency.queue, concurrency.wait),
            retrying=Retrying(retries.attempts, retries.budget, retries.backoff),
            breaking=Breaking(breaker.failures, breaker.window, breaker.calls, breaker.pause)
            if breaker.enabled
            else None,
        ),
    )


def _authorities(service: Service, url: str) -> Path | None:
    # What vouches for the service vouches for nobody else: the sandbox program's address is judged by the system's.
    return service.ca_file if url == service.base_url else None


def keyring(settings: Settings) -> Keyring:
    """The deployment's keys. Raises KeyringInvalid for a text that is none, OSError when the file cannot be read."""
    path = keyring_file(settings)
    if path is None:
        source = settings.secrets.keyring
        assert isinstance(source, Secret)
        return Keyring.load(source.read())
    return KeptKeyring(path)


def keyring_file(settings: Settings) -> Path | None:
    """Where the keyring is; None when it comes from the environment and cannot be changed from here."""
    source = settings.secrets.keyring
    return source.file if isinstance(source, Secret) else settings.server.data_dir / "keyring.json"


def egress_rules(settings: Settings) -> Rules:
    """Whom a stranger may have called."""
    egress = settings.webhooks.egress
    return Rules(
        http=egress.http,
        ports=frozenset(egress.ports),
        allow=tuple(Allowed(each.network, each.ports, each.http) for each in egress.allow),
        deny=egress.deny,
        hosts=frozenset(host for brand in settings.brands for host in brand.hosts),
    )


def dialler(settings: Settings, stack: AsyncExitStack) -> Dialler:
    """What calls strangers' addresses. What needs closing is left with `stack`."""
    egress = settings.webhooks.egress
    resolver = Resolver()
    stack.callback(resolver.close)
    proxy = None
    if egress.proxy is not None:
        host, _, port = egress.proxy.removeprefix("http://").rpartition(":")
        proxy = Proxy(host, int(port), egress.proxy_resolves)
    return Dialler(
        egress_rules(settings),
        resolver,
        ca_file=str(egress.ca_file) if egress.ca_file else None,
        source_address=egress.source_address,
        proxy=proxy,
    )


def external_tokens(
    settings: Settings, scopes: Scopes, sql: Sql, identity: Identity, stack: AsyncExitStack
) -> ExternalTokens | None:
    """What knows the tokens of other issuers; None where none are configured. To be called inside the event loop.

    What needs closing is left with `stack`.
    """
    if not settings.issuers:
        return None
    # Not for every command to load: what reads signatures is a fifth of a start.
    from gateway.auth.issuers.external import ExternalTokens
    from gateway.auth.issuers.jwks import Keys

    reading = fetcher(settings, stack)
    kept = settings.server.data_dir / "issuers"
    keys = {name: Keys(name, each, reading, kept / f"{name}.json") for name, each in settings.issuers.items()}
    for each in keys.values():
        stack.callback(asyncio.create_task(each.follow()).cancel)
    return ExternalTokens(settings.issuers, keys, scopes, sql, identity)


def fetcher(settings: Settings, stack: AsyncExitStack) -> Fetcher:
    """What reads documents that a stranger named. What needs closing is left with `stack`."""
    return Fetcher(dialler(settings, stack), agent(settings))


def agent(settings: Settings) -> str:
    """How this gateway names itself to strangers."""
    name = "".join(letter for letter in settings.brands[0].name if letter.isascii() and letter.isalnum())
    return name or "Gateway"
