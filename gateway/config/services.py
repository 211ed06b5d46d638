"""`services`: where the internal services are, how to speak to them, and what they offer."""

import ssl
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, BeforeValidator, Field, TypeAdapter, ValidationInfo

from gateway.config.faults import refuse
from gateway.config.quantities import Size, Timeout
from gateway.config.secrets import SecretOrNone, anchored
from gateway.config.section import AsMap, Count, Flag, Section, base, key_of

SANDBOX: Final = "sandbox"

SERVICES: Final = ("auth", "crm", "finance", "hr", "projects", "helpdesk", "inventory", "settings")
"""The services of the suite, which the sandbox stands in for. A deployment's own resources may come from others."""

_NAME = key_of(
    r"[a-z][a-z0-9_]*", "is not the name of a service", "Write lower-case letters, digits and _, such as crm."
)


def _base_url(url: str) -> str:
    return url if url == SANDBOX else base(url)


def _certificates(value: object, info: ValidationInfo) -> Path | None:
    if value is None:
        return None
    path = anchored(str(value), info)
    if not path.is_file():
        raise refuse(f"there is no file {path}", "Name a PEM file with the certificates to trust, or null.")
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(path)
    except OSError:
        raise refuse(f"no certificate can be read from {path}", "Name a PEM file with certificates, or null.") from None
    return path


def _rooted(path: str | None) -> str | None:
    if path is not None and not path.startswith("/"):
        raise refuse("does not start with /", "Write the path from the base URL on, such as /api/v2/people.")
    return path


class Timeouts(Section):
    """How long an internal call may take."""

    connect: Timeout = Field(2.0, description="How long to wait for a connection, such as 2s.")
    total: Timeout = Field(10.0, description="How long the whole call may take, such as 10s.")
    upload: Timeout = Field(60.0, description="How long the service may work on an imported file, such as 60s.")


class Operation(Section):
    """One operation of one resource, where this deployment's service differs from the assumed one."""

    enabled: Flag = Field(True, description="false: answered with 501 and left out of the OpenAPI document.")
    path: Annotated[str | None, AfterValidator(_rooted)] = Field(
        None, description="The internal path to call instead, from the base URL on, starting with /."
    )
    via: Literal["list"] | None = Field(
        None, description="list: a get or search is answered from the service's list, at the cost of more calls."
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
    max_connections: Count = Field(100, description="Connections a worker may hold open to this service, 1 or more.")
    max_response: Size = Field(16 * 2**20, description="The largest answer that is read, such as 16MiB.")
    deduplicates: Flag = Field(
        False, description="true: the service honours Idempotency-Key, so an ambiguous create may be sent again."
    )
    operations: Annotated[Mapping[Annotated[str, _OPERATION], Operation], AsMap] = Field(
        {}, description="RESOURCE.OPERATION: {enabled: false} or {path: /other}."
    )
    ca_file: Annotated[Path | None, BeforeValidator(_certificates)] = Field(
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
