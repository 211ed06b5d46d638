"""The parts that every page for people is made with."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.requests import Request

from adapters.core.compile.catalogue import Catalogue
from adapters.core.compile.scopes import Scopes
from gateway.api.dependencies import Dependencies
from gateway.auth.identities import Identities
from gateway.config.settings import Settings
from gateway.keys.keyring import Keyring
from gateway.stores.redis_connection import RedisConnection
from gateway.stores.sql import Sql
from gateway.web.csrf import Csrf
from gateway.web.sessions import Sessions
from gateway.web.templates import Templates


@dataclass(frozen=True, slots=True, kw_only=True)
class Web:
    """Wired once a worker."""

    services: Dependencies
    sql: Sql
    keys: Keyring
    sessions: Sessions
    csrf: Csrf
    templates: Templates

    @property
    def settings(self) -> Settings:
        """The configuration."""
        return self.services.settings

    @property
    def catalogue(self) -> Catalogue:
        """What the deployment declares."""
        return self.services.catalogue

    @property
    def scopes(self) -> Scopes:
        """The scopes that there are."""
        return self.services.catalogue.scopes

    @property
    def identities(self) -> Identities:
        """The auth service of each mode."""
        return self.services.identities

    def address(self, request: Request) -> str:
        """The client's address, as for `/v1`."""
        return self.services.address_of(request.scope)


def web(services: Dependencies, sql: Sql, keys: Keyring, line: RedisConnection) -> Web:
    """The parts, from those of the worker."""
    lifetimes = services.settings.sessions
    return Web(
        services=services,
        sql=sql,
        keys=keys,
        sessions=Sessions(line, lifetimes.idle, lifetimes.lifetime),
        csrf=Csrf(line, keys),
        templates=Templates("gateway.console"),
    )
