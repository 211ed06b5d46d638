"""The whole configuration as a value. `config.yaml` at the top of the repository is this tree with comments."""

import re
import unicodedata
from pathlib import Path
from typing import Annotated, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo, model_validator

from gateway.config.agents import Mcp
from gateway.config.faults import refuse
from gateway.config.ids import Ids
from gateway.config.issuers import Issuers
from gateway.config.networks import Network
from gateway.config.oauth import OAuth
from gateway.config.observing import Drift, Logging, Tracing
from gateway.config.packages import Packages
from gateway.config.people import Console, Leaks
from gateway.config.plans import Plans
from gateway.config.policies import Limits, Roles, Versions, default_roles
from gateway.config.quantities import Duration, Pause, Size, Timeout
from gateway.config.secrets import anchored
from gateway.config.section import (
    AsList,
    AsMap,
    Base,
    Count,
    Flag,
    Host,
    Link,
    Name,
    Origin,
    Port,
    Section,
    key_of,
    origin,
)
from gateway.config.services import Services, default_services
from gateway.config.stores import Secrets, Stores
from gateway.config.testing import AsSwitch, Testing
from gateway.config.webhooks import Webhooks


def _data_dir(value: object, info: ValidationInfo) -> object:
    return anchored(value, info) if isinstance(value, str) else value


def _own_port(admin_port: int, info: ValidationInfo) -> int:
    if admin_port and admin_port == info.data.get("port"):
        raise refuse("is the public port as well", "Give metrics and health a port of their own.")
    return admin_port


class Server(Section):
    """What listens where, and what it bears."""

    host: Name = Field("127.0.0.1", description="The address to listen on; 0.0.0.0 is every interface.")
    port: Port = Field(8080, description="The public port, 1 to 65535; 0 takes a free one.")
    admin_host: Name = Field("127.0.0.1", description="The address for metrics and health. Keep it private.")
    admin_port: Annotated[Port, AfterValidator(_own_port)] = Field(
        9090,
        description="The port for metrics and health, 1 to 65535; 0 takes a free one.",
        validate_default=True,
    )
    admin_hosts: Annotated[tuple[Host, ...], AsList] = Field(
        (), description="Names by which metrics and health are asked for, beside addresses, such as [gateway.ops.svc]."
    )
    workers: Annotated[Count, Field(le=64)] = Field(1, description="Worker processes, 1 to 64: one for each core.")
    replicas: Count = Field(1, description="Gateway instances that share one store, 1 or more.")
    data_dir: Annotated[Path, BeforeValidator(_data_dir)] = Field(
        default_factory=lambda: Path.cwd() / "data", description="A folder for the embedded stores and the keyring."
    )
    trusted_proxies: Annotated[tuple[Network, ...], AsList] = Field(
        (), description="Networks whose X-Forwarded-For is believed, such as [10.0.0.0/8]."
    )
    body_timeout: Timeout = Field(15.0, description="How long a request body may take to arrive, such as 15s.")
    shutdown_delay: Pause = Field(
        0.0,
        description="How long to go on at a stop, not ready any more, for load balancers to notice, such as 10s, or 0s.",
    )
    shutdown_grace: Timeout = Field(20.0, description="How long requests in flight may finish at a stop, such as 20s.")
    fast_path: Flag = Field(True, description="Whether plain requests do without the general parser: true or false.")
    max_body: Size = Field(2**20, description="The largest JSON body, such as 1MiB.")
    max_import: Size = Field(50 * 2**20, description="The largest file of an import, such as 50MiB.")


def _served(public_url: str | None, info: ValidationInfo) -> str | None:
    hosts = info.data.get("hosts")
    if public_url is not None and hosts and urlsplit(public_url).hostname not in hosts:
        raise refuse("names a host that is not among the brand's hosts", "Add the host, or correct the URL.")
    return public_url


def _colour(value: str) -> str:
    if not re.fullmatch("#[0-9a-fA-F]{6}", value):
        raise refuse("is not a colour", "Write a hash and six hexadecimal digits, in quotes: '#1d4ed8'.")
    return value


Colour = Annotated[str, AfterValidator(_colour)]


def _some(hosts: tuple[str, ...]) -> tuple[str, ...]:
    if not hosts:
        raise refuse("is empty, so the brand could never be reached", "Name at least one host.")
    return hosts


class Brand(Section):
    """One face of the API. A request whose Host belongs to no brand is refused."""

    name: Name = Field(description="The name people see.")
    hosts: Annotated[tuple[Host, ...], AsList, AfterValidator(_some)] = Field(
        description="Host names without port, such as [api.example.com]."
    )
    public_url: Annotated[Origin | None, AfterValidator(_served)] = Field(
        None, description="Scheme and host that clients use, such as https://api.example.com, or null."
    )
    problem_base: Base | None = Field(
        None, description="What problem types start with, or null for PUBLIC_URL/problems."
    )
    logo: Link | None = Field(None, description="An https:// URL, or null.")
    colour: Colour = Field("#1d4ed8", description="A hash and six hexadecimal digits, in quotes: '#1d4ed8'.")
    signup_url: Link | None = Field(None, description="An https:// URL, or null.")
    forgot_password_url: Link | None = Field(None, description="An https:// URL, or null.")

    def origin(self, port: int) -> str:
        """The public URL; without one, http on the first host and the port that answers."""
        if self.public_url is not None:
            return self.public_url
        host = f"[{self.hosts[0]}]" if ":" in self.hosts[0] else self.hosts[0]
        return f"http://{host}" if port == 80 else f"http://{host}:{port}"

    def problems(self, port: int) -> str:
        """What `type` of every problem starts with, without closing slash."""
        return self.problem_base or f"{self.origin(port)}/problems"


def _distinct(brands: tuple[Brand, ...]) -> tuple[Brand, ...]:
    if not brands:
        raise refuse("is empty, so no request could be answered", "Describe at least one brand.")
    seen: set[str] = set()
    names: set[str] = set()
    for brand in brands:
        name = unicodedata.normalize("NFKC", brand.name).casefold()
        if name in names:
            raise refuse(f"{brand.name} is the name of two brands", "Give every brand a name that people tell apart.")
        names.add(name)
        if shared := seen.intersection(brand.hosts):
            raise refuse(f"{min(shared)} belongs to two brands", "Give every host to one brand.")
        seen.update(brand.hosts)
    return brands


class Identity(Section):
    """How fresh the knowledge about users is."""

    role_ttl: Annotated[Duration, Field(le=60)] = Field(
        45.0, description="How long a user's role may be remembered: at most 60s, the contract's promise."
    )


class Tokens(Section):
    """Personal access tokens."""

    prefix: Annotated[
        str,
        key_of(r"[a-z][a-z0-9]{0,15}", "is not a prefix", "Write 1 to 16 lower-case letters and digits, such as gw."),
    ] = Field("gw", description="What every token starts with, 1 to 16 lower-case letters and digits.")
    default_lifetime: Duration = Field(90 * 86_400.0, description="The lifetime of a token when none is asked for.")
    max_lifetime: Annotated[Duration, Field(le=365 * 86_400)] = Field(
        365 * 86_400.0, description="The longest lifetime that may be asked for, at most 365d."
    )
    rotation_overlap: Duration = Field(86_400.0, description="How long the old token works after a rotation.")

    @model_validator(mode="after")
    def _default_is_allowed(self) -> Self:
        if self.default_lifetime > self.max_lifetime:
            raise refuse("default_lifetime is longer than max_lifetime", "Lower the first or raise the second.")
        return self


class Sessions(Section):
    """Sessions of people who signed in."""

    idle: Duration = Field(1800.0, description="A session ends when it was not used for this long, such as 30m.")
    lifetime: Duration = Field(43_200.0, description="A session ends after this in any case, such as 12h.")


def _allowed(url: str) -> str:
    return url if url == "*" else origin(url)


class Cors(Section):
    """Which web pages may call the API from a browser."""

    origins: Annotated[tuple[Annotated[str, AfterValidator(_allowed)], ...], AsList] = Field(
        (), description='Origins such as [https://app.example.com], or ["*"].'
    )


class Cursors(Section):
    """Page cursors."""

    lifetime: Duration = Field(86_400.0, description="How long a cursor is accepted, such as 24h.")


class Idempotency(Section):
    """Idempotency keys."""

    lifetime: Duration = Field(86_400.0, description="How long an answer is kept for replay, such as 24h.")
    lease: Duration = Field(60.0, description="After this a request still unfinished counts as of unknown outcome.")
    budget: Size = Field(
        10_000_000, description="How much of the store a tenant's kept answers may take, such as 10MB."
    )

    @model_validator(mode="after")
    def _lease_ends_first(self) -> Self:
        if self.lease >= self.lifetime:
            raise refuse("lease is not shorter than lifetime", "It only has to outlast the slowest create.")
        return self


class Sandbox(Section):
    """The built-in stand-in for the internal services."""

    documented_only: Flag = Field(
        False, description="true: it answers only the calls that the services document, others with 404."
    )


class Settings(Section):
    """Everything. Without arguments: the built-in defaults."""

    server: Annotated[Server, AsMap] = Field(default_factory=Server, description="What listens where.")
    brands: Annotated[tuple[Brand, ...], AsList, AfterValidator(_distinct)] = Field(
        (Brand(name="API", hosts=("127.0.0.1", "localhost")),),
        description="A list of brands, each with name and hosts.",
    )
    resources: Packages = Field((), description="Packages with resources of your own, such as [acme_api].")
    services: Services = Field(default_factory=default_services, description="The internal services by name.")
    ids: Ids = Field({}, description="PREFIX_: the alphabet of the internal ids, or integer.")
    identity: Annotated[Identity, AsMap] = Field(Identity(), description="role_ttl.")
    roles: Roles = Field(default_factory=default_roles, description="Permissions by role.")
    limits: Annotated[Limits, AsMap] = Field(Limits(), description="token, tenant, search and address.")
    plans: Plans = Field({}, description="Limits of tenants by their plan: NAME: {token, tenant, search, …}.")
    stores: Annotated[Stores, AsMap] = Field(Stores(), description="redis and sql.")
    tokens: Annotated[Tokens, AsMap] = Field(Tokens(), description="Personal access tokens.")
    sessions: Annotated[Sessions, AsMap] = Field(Sessions(), description="idle and lifetime.")
    console: Annotated[Console, AsMap] = Field(Console(), description="administrators.")
    leaks: Annotated[Leaks, AsMap] = Field(Leaks(), description="secret.")
    oauth: Annotated[OAuth, AsMap] = Field(OAuth(), description="Lifetimes, grace and registration.")
    issuers: Issuers = Field(
        {}, description="Authorization servers of others whose access tokens open the API, by name."
    )
    cors: Annotated[Cors, AsMap] = Field(Cors(), description="origins.")
    cursors: Annotated[Cursors, AsMap] = Field(Cursors(), description="lifetime.")
    idempotency: Annotated[Idempotency, AsMap] = Field(Idempotency(), description="lifetime and lease.")
    webhooks: Annotated[Webhooks, AsMap] = Field(Webhooks(), description="couriers, ingest, egress, keep, max_stored.")
    versions: Versions = Field({}, description="Dated contracts that are on their way out, by date.")
    mcp: Annotated[Mcp, AsMap] = Field(Mcp(), description="The door for agents: enabled, contract, answer, outward.")
    sandbox: Annotated[Sandbox, AsMap] = Field(Sandbox(), description="documented_only.")
    test: Annotated[Testing, AsSwitch] = Field(
        Testing(), description="off, or sandbox_url, instant, lifetime and limits."
    )
    drift: Annotated[Drift, AsMap] = Field(Drift(), description="share.")
    tracing: Annotated[Tracing, AsMap] = Field(Tracing(), description="enabled and share.")
    logging: Annotated[Logging, AsMap] = Field(Logging(), description="level.")
    secrets: Annotated[Secrets, AsMap] = Field(Secrets(), description="keyring.")
