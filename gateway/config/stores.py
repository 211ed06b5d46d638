"""`stores` and `secrets`: where the data is, and the keys that open it. What they hold is tried as far as that sends nothing."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import AfterValidator, Field, PlainValidator, ValidationInfo
from pydantic_core import PydanticCustomError

from gateway.config.embedded import EMBEDDED
from gateway.config.faults import refuse
from gateway.config.quantities import Timeout
from gateway.config.secrets import Secret, SecretOrEmbedded, parse
from gateway.config.section import Count, Section

if TYPE_CHECKING:
    from gateway.stores.address import Address

_ONE = ("redis", "rediss", "valkey", "valkeys")
_REDIS = (*(f"{each}{kind}://" for kind in ("", "+sentinel", "+cluster") for each in _ONE), "unix://")
_SQL = ("sqlite:///", "postgresql://", "postgres://", "postgresql+psycopg://")


def _node(url: str) -> "Address":
    from gateway.stores import topology
    from gateway.stores.address import Address

    return topology.Nodes.parse(url).node if topology.is_several(url) else Address.parse(url)


def authorities_of(url: str) -> Path | None:
    """The file of authorities that the URL of a Valkey or Redis names. ValueError for what is no such URL."""
    file = _node(url).ca_file
    return Path(file) if file else None


def _reachable(url: str, store: str | None) -> None:
    # Late: most deployments are embedded, and most commands need no database.
    try:
        if store == "redis":
            _node(url).context()
        else:
            from gateway.stores.sql import urls

            urls.check(url)
    except ValueError as error:
        raise refuse(str(error), "Write it as scheme://user:password@host:port/name, percent-encoded.") from None
    except OSError:
        raise refuse(
            "its ca_file holds no certificate that can be read", "Name a PEM file with certificates."
        ) from None


def fault_of(store: str, url: str) -> str | None:
    """What is wrong with the URL of `store` (redis or sql), without quoting it; None for nothing."""
    try:
        _reachable(url, store)
    except PydanticCustomError as error:
        return error.message()
    return None


def _store(value: object, info: ValidationInfo) -> str | Secret:
    schemes = _REDIS if info.field_name == "redis" else _SQL
    if isinstance(value, dict):
        value = parse(value, info)
    url = value.read((info.context or {})["env"]) if isinstance(value, Secret) and info.context else value
    if isinstance(url, str) and url != EMBEDDED and not url.startswith(schemes):
        raise refuse("is not a store this gateway speaks to", f"Write embedded, or a URL with {', '.join(schemes)}.")
    if isinstance(url, str) and url != EMBEDDED:
        _reachable(url, info.field_name)
    if isinstance(value, str | Secret):
        return value
    raise refuse("is not the address of a store", f"Write embedded, or a URL with {', '.join(schemes)}.")


StoreUrl = Annotated[str | Secret, PlainValidator(_store)]


class Stores(Section):
    """Where buckets, replays and revocation signals live (redis), and where tokens, tenants and the audit do (sql).

    A URL with a password in it is a secret: give `{env: NAME}` or `{file: PATH}`, read with `gateway.config.reveal`.
    """

    redis: StoreUrl = Field(
        EMBEDDED,
        description="embedded, redis://…, redis+sentinel://h1,h2/service, redis+cluster://h1,h2, unix://…, {env: NAME} or {file: PATH}.",
    )
    redis_timeout: Timeout = Field(
        0.5, description="How long a store command may take before the store counts as lost."
    )
    sql: StoreUrl = Field(EMBEDDED, description="embedded, sqlite:///…, postgresql://…, {env: NAME} or {file: PATH}.")
    sql_pool: Count = Field(5, description="Database connections for each worker, 1 or more.")
    sql_timeout: Timeout = Field(
        5.0, description="How long a call of the database may take, the wait for a connection included, such as 5s."
    )


def _keys(source: Secret | Literal["embedded"], info: ValidationInfo) -> Secret | Literal["embedded"]:
    if isinstance(source, Secret):
        # Late: what it imports is for those who use keys.
        from gateway.keys.keyring import Keyring, KeyringInvalid

        try:
            Keyring.load(source.read((info.context or {}).get("env", os.environ)))
        except KeyringInvalid as error:
            raise refuse(f"holds no keyring: {error}", "Give it the text of a keyring.json, as it was made.") from None
    return source


class Secrets(Section):
    """The gateway's own keys."""

    keyring: Annotated[SecretOrEmbedded, AfterValidator(_keys)] = Field(
        EMBEDDED, description="embedded, {env: NAME} or {file: PATH}."
    )
