"""What every section of the configuration has in common, and the value types they share."""

import re
from contextlib import suppress
from ipaddress import AddressValueError, IPv6Address
from typing import Annotated
from urllib.parse import SplitResult, urlsplit

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, Strict

from gateway.config.faults import refuse


class Section(BaseModel):
    """Frozen, and closed: a key that nothing reads is a mistake somebody should hear about.

    The description of each field is what `gateway check` offers as the fix when the value is wrong.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")


def _parts(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018 - urlsplit looks at the port only when asked
    except ValueError:
        raise refuse("is not a URL", "Write it whole, such as https://api.example.com.") from None
    return parts


def _absolute(url: str) -> str:
    parts = _parts(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise refuse("is not an http:// or https:// URL", "Write it whole, such as https://api.example.com.")
    if parts.username is not None or parts.password is not None:
        raise refuse("carries credentials", "Take them out of the URL.")
    if parts.query or parts.fragment:
        raise refuse("carries a query or a fragment", "End the URL with its path.")
    return url


def base(url: str) -> str:
    """An absolute http(s) URL to which paths are appended: no credentials, query, fragment or closing slash."""
    return _absolute(url).rstrip("/")


def origin(url: str) -> str:
    """Scheme, host and port alone: what issuers and links are built from."""
    if _parts(base(url)).path:
        raise refuse("has a path", "Leave scheme, host and port only, such as https://api.example.com.")
    return base(url)


def link(url: str) -> str:
    """An absolute http(s) URL that a person may be sent to; a query is fine."""
    _absolute(_parts(url)._replace(query="", fragment="").geturl())
    return url


def listed(value: object) -> object:
    """Lists only: pydantic would take the letters of a string for its items."""
    if isinstance(value, list | tuple):
        return tuple(value)
    raise refuse("is not a list", "Write a list: [a, b].")


def mapped(value: object) -> object:
    """An empty section (`limits:` with nothing under it) means the same as `{}`."""
    return {} if value is None else value


_HOST = re.compile(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?")


def host(name: str) -> str:
    """A host as the Host header carries it, lower-cased, without port."""
    lowered = name.lower()
    with suppress(AddressValueError):
        return str(IPv6Address(lowered))
    if not _HOST.fullmatch(lowered):
        raise refuse("is not a host name", "Write the bare name such as api.example.com: no scheme, port or path.")
    return lowered


def key_of(pattern: str, problem: str, fix: str) -> AfterValidator:
    """A validator for names and map keys that must match a pattern."""
    compiled = re.compile(pattern)

    def check(text: str) -> str:
        if not compiled.fullmatch(text):
            raise refuse(problem, fix)
        return text

    return AfterValidator(check)


Count = Annotated[int, Strict(), Field(ge=1)]
Port = Annotated[int, Strict(), Field(ge=0, le=65_535)]
Flag = Annotated[bool, Strict()]
Name = Annotated[str, Field(min_length=1, max_length=100)]
Base = Annotated[str, AfterValidator(base)]
Origin = Annotated[str, AfterValidator(origin)]
Link = Annotated[str, AfterValidator(link)]
Host = Annotated[str, AfterValidator(host)]
AsList = BeforeValidator(listed)
AsMap = BeforeValidator(mapped)
