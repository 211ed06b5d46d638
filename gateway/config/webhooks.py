"""`webhooks`: the couriers, the port that services tell of events on, and whom subscribers may have called."""

import re
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, BeforeValidator, Field, PlainValidator, ValidationInfo, model_validator

from gateway.config.certificates import check_shown, trusted
from gateway.config.faults import refuse
from gateway.config.networks import Network
from gateway.config.quantities import Duration, Size
from gateway.config.secrets import Secret, SecretOrNone, anchored
from gateway.config.section import AsList, AsMap, Base, Flag, Name, Port, Section, base, key_of

_RANGE: Final = re.compile(r"(\d{1,5})(?:\s*-\s*(\d{1,5}))?")
Ports = tuple[int, int]


def _ports(value: object) -> Ports:
    found = _RANGE.fullmatch(str(value)) if type(value) in (int, str) else None
    if found is not None:
        first, last = int(found[1]), int(found[2] or found[1])
        if 1 <= first <= last <= 65_535:
            return first, last
    if isinstance(value, tuple):
        return value
    raise refuse("is no port and no range of ports", "Write 443, or 8000-8999.")


PortRange = Annotated[Ports, PlainValidator(_ports)]
OwnPort = Annotated[int, Field(ge=1, le=65_535)]


class Signature(Section):
    """How the settings service signs what it posts, where it does."""

    header: Annotated[Name, key_of(r"[A-Za-z0-9-]+", "is no header", "Write its name, such as X-Signature.")] = Field(
        description="The header that has the signature, such as X-Signature."
    )
    scheme: Literal["hmac-sha256-hex", "hmac-sha256-base64"] = Field(
        description="hmac-sha256-hex or hmac-sha256-base64, of the body."
    )
    secret: SecretOrNone = Field(description="The key: {env: NAME} or {file: PATH}.")

    @model_validator(mode="after")
    def _has_a_key(self) -> "Signature":
        if self.secret is None:
            raise refuse("secret is missing", "Name it: {env: NAME} or {file: PATH}.")
        return self


def _certificates(value: object, info: ValidationInfo) -> object:
    if not isinstance(value, str):
        return value
    path = anchored(value, info)
    if not path.is_file():
        raise refuse("is not a file", "Name a PEM file with certificates.")
    return path


class Tls(Section):
    """What the ingest port shows, and whom it lets in."""

    certificate: Annotated[Path, BeforeValidator(_certificates)] = Field(
        description="PEM file with the port's certificate and those between it and the root."
    )
    key: Annotated[Path, BeforeValidator(_certificates)] = Field(description="PEM file with its private key.")
    client_ca: Annotated[Path | None, BeforeValidator(_certificates)] = Field(
        None, description="PEM file: who has no certificate of one of these cannot post, and who has is believed."
    )

    @model_validator(mode="after")
    def _fits(self) -> "Tls":
        check_shown(self.certificate, self.key, self.client_ca)
        return self


class Ingest(Section):
    """Where the settings service posts events. A port of its own, never the public one."""

    host: Name = Field("127.0.0.1", description="The address to listen on. Keep it private.")
    port: Port = Field(9191, description="The port, 1 to 65535; 0 takes a free one.")
    url: Base | None = Field(
        None, description="How the settings service reaches it, such as http://gateway.svc:9191; null: host and port."
    )
    allowed_networks: Annotated[tuple[Network, ...], AsList] = Field(
        (), description="Networks that may post, such as [10.0.0.0/8]; none named: whoever reaches the port."
    )
    signature: Signature | None = Field(
        None, description="{header, scheme, secret} where the service signs, or null. Unsigned, only type and id count."
    )
    tls: Tls | None = Field(
        None,
        description="{certificate, key, client_ca}, or null for plain http. With client_ca, events count as signed.",
    )


class Allow(Section):
    """A network of your own that subscribers may have called."""

    network: Network = Field(description="Such as 10.4.0.0/16.")
    ports: Annotated[tuple[PortRange, ...], AsList] = Field(description="Ports and ranges, such as [443, 8000-8999].")
    http: Flag = Field(False, description="Whether plain http may be spoken there: true or false.")


def _proxy(url: str | None) -> str | None:
    if url is not None and not re.fullmatch(r"http://[^/:\[\]]+:\d{1,5}", base(url)):
        raise refuse("is not http://host:port", "Name it so; it sees CONNECT, and our TLS goes through it.")
    return url


class Egress(Section):
    """Whom the gateway calls because a stranger asked for it. Private addresses are never called, unless they are allowed here."""

    http: Flag = Field(False, description="Whether plain http may be called: true or false.")
    ports: Annotated[tuple[OwnPort, ...], AsList] = Field(
        (443, 8443), description="Ports on the internet that may be called, such as [443, 8443]."
    )
    allow: Annotated[tuple[Annotated[Allow, AsMap], ...], AsList] = Field(
        (), description="Networks of your own that may be called: [{network: 10.4.0.0/16, ports: [443], http: false}]."
    )
    deny: Annotated[tuple[Network, ...], AsList] = Field(
        (), description="Public networks that may not be called, such as your own."
    )
    proxy: Annotated[Name | None, AfterValidator(_proxy)] = Field(
        None, description="An HTTP proxy to call through, http://host:port, or null. The environment's are not used."
    )
    proxy_resolves: Flag = Field(
        False, description="true: the proxy is given names, and judges itself what they lead to."
    )
    ca_file: Annotated[Path | None, BeforeValidator(trusted)] = Field(
        None, description="PEM file with certificates to trust beside the system's, or null."
    )
    source_address: Name | None = Field(None, description="The address to call from, or null.")


class Webhooks(Section):
    """Events: received, kept, and delivered to who subscribed."""

    couriers: Annotated[int, Field(ge=0, le=64)] = Field(
        1, description="Processes that receive and deliver events, 0 to 64; 0: this instance does neither."
    )
    ingest: Annotated[Ingest, AsMap] = Field(Ingest(), description="host, port, url, allowed_networks, signature, tls.")
    egress: Annotated[Egress, AsMap] = Field(Egress(), description="What subscribers may have called.")
    keep: Duration = Field(
        30 * 86_400.0, description="How long events and deliveries are kept for replay, such as 30d."
    )
    max_stored: Size = Field(
        10 * 2**30, description="At this size of the webhook tables no events are accepted, such as 10GiB."
    )


def ingest_secret(signature: Signature) -> bytes:
    """The key that the service signs with."""
    assert isinstance(signature.secret, Secret)
    return signature.secret.read().encode()
