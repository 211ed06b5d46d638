"""`services`: where the internal services are, how to speak to them, and what they offer."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, BeforeValidator, Field, Strict, TypeAdapter, ValidationInfo

from gateway.config.certificates import trusted
from gateway.config.faults import refuse
from gateway.config.quantities import Size, Timeout
from gateway.config.secrets import SecretOrNone
from gateway.config.section import AsMap, Count, Flag, Section, base, key_of

SANDBOX: Final = "sandbox"

SERVICES: Final = ("auth", "crm", "finance", "hr", "projects", "helpdesk", "inventory", "settings")
"""The services of the suite, which the sandbox stands in for. A deployment's own resources may come from others."""

_NAME = key_of(
    r"[a-z][a-z0-9_]*", "is not the name of a service", "Write lower-case letters, digits and _, such as crm."
)


def _base_url(url: str) -> str:
    return url if url == SANDBOX else base(url)


def _rooted(path: str | None) -> str | None:
    if path is not None and not path.startswith("/"):
        raise refuse("does not start with /", "Write the path from the base URL on, such as /api/v2/people.")
    return path


class Timeouts(Section):
    """How long an internal call may take."""

    connect: Timeout = Field(2.0, description="How long to wait for a connection, such as 2s.")
    total: Timeout = Field(10.0, description="How long the whole call may take, such as 10s.")
    upload: Timeout = Field(60.0, description="How long the service may work on an imported file, such as 60s.")


def _share(text: object) -> float:
    found = re.fullmatch(r"(\d{1,3}(?:\.\d{1,4})?)%", text) if isinstance(text, str) else None
    if found is None or float(found[1]) > 100:
        raise refuse("is not a share", "Write a number from 0 to 100 and a percent sign, in quotes: '20%'.")
    return float(found[1]) / 100


Share = Annotated[float, BeforeValidator(_share)]


class Retries(Section):
    """Which calls are sent again: reads that were cut off or answered 502 to 504, and whatever could not be sent."""

    attempts: Annotated[int, Strict(), Field(ge=0, le=5)] = Field(1, description="How often more, 0 to 5.")
    budget: Share = Field(0.2, description="The share of calls that may be retries, such as '20%'.")
    backoff: Timeout = Field(0.05, description="The longest pause before the first one, such as 50ms; it doubles.")


class CircuitBreaker(Section):
    """When a service that fails is left alone, reads and writes apart."""

    enabled: Flag = Field(True, description="false: it is asked however often it fails.")
    failures: Share = Field(0.5, description="The share of calls that failed, such as '50%'.")
    calls: Count = Field(10, description="How many calls must have ended, 1 or more, before that counts.")
    window: Timeout = Field(10.0, description="Over which time both are counted, such as 10s.")
    pause: Timeout = Field(2.0, description="How long it is left alone at first, such as 2s; doubled up to 30s.")


class Concurrency(Section):
    """How many calls a worker has under way at once, at most `max_connections`."""

    adaptive: Flag = Field(True, description="Whether fewer are sent while the service is slower than usual.")
    queue: Annotated[int, Strict(), Field(ge=0)] = Field(100, description="How many more may wait; others get 503.")
    wait: Timeout = Field(1.0, description="How long they wait before they get 503, such as 1s.")


class Operation(Section):
    """One operation of one resource, where this deployment's service differs from the assumed one."""

    enabled: Flag = Field(True, description="false: answered with 501 and left out of the OpenAPI document.")
    path: Annotated[str | None, AfterValidator(_rooted)] = Field(
        None, description="The internal path to call instead, from the base URL on, starting with /."
    )
    via: Literal["list"] | None = Field(
        None, description="list: a get or search is answered from the service's list, at the cost of more calls."
    )
    fields: tuple[str, ...] | None = Field(
        None, description="The only fields that the service changes in an update; the others answer 422 `immutable`."
    )


_OPERATION = key_of(
    r"[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*",
    "is not the name of an operation",
    "Write RESOURCE.OPERATION; `gateway probe` lists them.",
)


def _key_when_needed(key: object, info: ValidationInfo) -> object:
    # Runs after the fields above it: one that failed is absent and has its own fault.
    if key is None and info.data.get("credentials") == "service_key" and info.data.get("base_url") != SANDBOX:
        raise refuse(
            "is missing, yet credentials is service_key",
            "Write {env: NAME} or {file: PATH}, or set credentials: tenant_key.",
        )
    return key


class Service(Section):
    """One internal service."""

    base_url: Annotated[str, AfterValidator(_base_url)] = Field(
        SANDBOX, description="`sandbox`, or the service's address such as https://crm.internal:8443."
    )
    credentials: Literal["tenant_key", "service_key"] = Field(
        "tenant_key",
        description="tenant_key: the API key registered with each tenant. service_key: one key for all of them.",
    )
    service_key: Annotated[SecretOrNone, AfterValidator(_key_when_needed)] = Field(
        None, description="{env: NAME} or {file: PATH}; the sandbox makes its own.", validate_default=True
    )
    timeouts: Annotated[Timeouts, AsMap] = Field(Timeouts(), description="connect and total.")
    retries: Annotated[Retries, AsMap] = Field(Retries(), description="attempts, budget and backoff.")
    breaker: Annotated[CircuitBreaker, AsMap] = Field(
        CircuitBreaker(), description="enabled, failures, calls, window and pause."
    )
    concurrency: Annotated[Concurrency, AsMap] = Field(Concurrency(), description="adaptive, queue and wait.")
    max_connections: Count = Field(100, description="Connections a worker may hold open to this service, 1 or more.")
    max_response: Size = Field(16 * 2**20, description="The largest answer that is read, such as 16MiB.")
    deduplicates: Flag = Field(
        False, description="true: the service honours Idempotency-Key, so an ambiguous create may be sent again."
    )
    operations: Annotated[Mapping[Annotated[str, _OPERATION], Operation], AsMap] = Field(
        {}, description="RESOURCE.OPERATION: {enabled: false}, {path: /other} or {fields: [status]}."
    )
    ca_file: Annotated[Path | None, BeforeValidator(trusted)] = Field(
        None, description="PEM file with the certificates to trust for this service; null trusts the system's."
    )


def _identity_is_reachable(services: Mapping[str, Service]) -> Mapping[str, Service]:
    auth = services.get("auth")
    if auth is None:
        raise refuse("the service `auth` is missing", "Add it: it knows the users and the role each has now.")
    if auth.credentials != "service_key":
        raise refuse(
            "auth.credentials is tenant_key",
            "Set auth.credentials: service_key: it is asked about every tenant's users.",
        )
    return services


def _with_key_of_its_own(services: object) -> object:
    # The default of `auth` is another than a service's: what is left out keeps it.
    if isinstance(services, dict) and isinstance(services.get("auth"), dict | None):
        return (
            {**services, "auth": {"credentials": "service_key"} | (services["auth"] or {})}
            if "auth" in services
            else services
        )
    return services


# A map that is given replaces this one whole: a service left out is not offered, instead of quietly being the sandbox.
Services = Annotated[
    Mapping[Annotated[str, _NAME], Annotated[Service, AsMap]],
    BeforeValidator(_with_key_of_its_own),
    AsMap,
    AfterValidator(_identity_is_reachable),
]


def services_as_written() -> dict[str, dict[str, object]]:
    """Every service from the sandbox, as plain values: what runs when nothing is configured."""
    return {name: {"credentials": "service_key"} if name == "auth" else {} for name in SERVICES}


def default_services() -> Mapping[str, Service]:
    """The same, read."""
    return TypeAdapter(Mapping[str, Service]).validate_python(services_as_written())
