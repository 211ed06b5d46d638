"""`roles`, `limits`, `versions`: what a deployment decides about its callers."""

from collections.abc import Mapping
from datetime import date
from functools import cache, partial
from importlib import resources
from typing import Annotated, Any, Final

import yaml
from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo

from gateway.config.faults import refuse
from gateway.config.quantities import Duration
from gateway.config.section import AsList, AsMap, Count, Flag, Link, Section, key_of

Pattern = Annotated[
    str,
    key_of(
        r"\*\*?|(\*|[a-z][a-z0-9_]*)\.(\*|read|write|delete)",
        "is not a pattern over scopes",
        'Write "**", "*", "*.read", "RESOURCE.*" or "RESOURCE.delete".',
    ),
]
Patterns = Annotated[tuple[Pattern, ...], AsList]
RoleName = Annotated[
    str, key_of(r"[A-Za-z0-9][A-Za-z0-9_.-]*", "is not a role's name", "Write it as the auth service does.")
]


class Role(Section):
    """What a role may do: everything that `allow` matches and `deny` does not."""

    allow: Patterns = Field(description='A list of patterns over scopes, such as ["*.read", "*.write"].')
    deny: Patterns = Field((), description='A list of patterns over scopes, such as ["*.delete"]; it wins over allow.')


def _not_empty(roles: Mapping[str, Role]) -> Mapping[str, Role]:
    if not roles:
        raise refuse(
            "names no role, so nobody could do anything", "Name the roles that the auth service gives to users."
        )
    return roles


Roles = Annotated[Mapping[RoleName, Role], AsMap, AfterValidator(_not_empty)]


def roles_as_written() -> dict[str, Any]:
    """The text of `gateway/config/roles.yaml` as plain values."""
    text = resources.files("gateway.config").joinpath("roles.yaml").read_text(encoding="utf-8")
    roles: dict[str, Any] = yaml.safe_load(text)
    return roles


def default_roles() -> Mapping[str, Role]:
    """Who may do what when nothing is configured."""
    return dict(_default_roles())


@cache
def _default_roles() -> Mapping[str, Role]:
    return {name: Role.model_validate(role) for name, role in roles_as_written().items()}


def _within_quota(burst: int | None, info: ValidationInfo) -> int | None:
    quota = info.data.get("quota")
    if burst is not None and quota is not None and burst > quota:
        raise refuse("is larger than the quota", "Lower burst, or raise quota.")
    return burst


class Limit(Section):
    """How many requests within a window.

    With `burst` it is a token bucket of that size, refilled at quota ÷ window; without, never more than `quota` in any window.
    """

    quota: Count = Field(description="Requests allowed in a window, 1 or more.")
    window: Duration = Field(60.0, description="The window, such as 60s.")
    burst: Annotated[Count | None, AfterValidator(_within_quota)] = Field(
        None, description="Requests that may come at once, or null for an exact sliding window."
    )


class CallerLimit(Limit):
    """The same of callers who are known. With `shadow` it counts whom it would refuse, and refuses nobody.

    What holds off strangers and guessing has no shadow: tried out, it would be off.
    """

    shadow: Flag = Field(False, description="true: refuse nobody, only count who would have been; or false.")


def over(default: Limit, value: object) -> object:
    """A key left out means this policy's own default: raising token.quota must not silently drop token.burst."""
    own = default.model_dump() | {"window": f"{default.window}s"}
    return own | value if isinstance(value, dict) else value


def _over(default: Limit) -> BeforeValidator:
    return BeforeValidator(partial(over, default))


_TOKEN = CallerLimit(quota=600, burst=100)
_TENANT = CallerLimit(quota=900)
_SEARCH = CallerLimit(quota=300)
_REPORT = CallerLimit(quota=60)
_EVENTS = CallerLimit(quota=200)
_AGENT = CallerLimit(quota=120)
_ADDRESS = Limit(quota=6_000)
_ACCOUNT = Limit.model_validate({"quota": 10, "window": "15m"})
_SIGN_IN = Limit.model_validate({"quota": 100, "window": "15m"})
_EVERYWHERE = Limit.model_validate({"quota": 300, "window": "15m"})
_NEW_TOKENS = Limit.model_validate({"quota": 120, "window": "1h"})
_LEAKS = Limit.model_validate({"quota": 120, "window": "1m"})
_INSTANT = Limit.model_validate({"quota": 10, "window": "1h"})
_INGEST = Limit(quota=6_000)
_REGISTRATION = Limit.model_validate({"quota": 20, "window": "1h"})


class Limits(Section):
    """Every policy that applies is decided in one step; a refused request uses up none of them."""

    token: Annotated[CallerLimit, _over(_TOKEN)] = Field(
        _TOKEN, description="Each access token: {quota, window, burst}."
    )
    tenant: Annotated[CallerLimit, _over(_TENANT)] = Field(
        _TENANT, description="Each tenant, kept below what the internal services allow: {quota, window}."
    )
    search: Annotated[CallerLimit, _over(_SEARCH)] = Field(
        _SEARCH, description="Each token's searches: {quota, window}."
    )
    report: Annotated[CallerLimit, _over(_REPORT)] = Field(
        _REPORT, description="Each token's reports: {quota, window}."
    )
    events: Annotated[CallerLimit, _over(_EVENTS)] = Field(
        _EVENTS, description="Records read for the webhooks of a tenant, within the tenant's limit: {quota, window}."
    )
    agent: Annotated[CallerLimit, _over(_AGENT)] = Field(
        _AGENT, description="Each token's calls through /mcp, on top of the others: {quota, window}."
    )
    address: Annotated[Limit, _over(_ADDRESS)] = Field(
        _ADDRESS, description="Each client address without a valid token: {quota, window}."
    )
    sign_in_account: Annotated[Limit, _over(_ACCOUNT)] = Field(
        _ACCOUNT, description="Failed sign-ins to one account from one address: {quota, window}."
    )
    sign_in_address: Annotated[Limit, _over(_SIGN_IN)] = Field(
        _SIGN_IN, description="Failed sign-ins from one address, to whatever accounts: {quota, window}."
    )
    sign_in_everywhere: Annotated[Limit, _over(_EVERYWHERE)] = Field(
        _EVERYWHERE, description="Failed sign-ins to one account, from wherever: {quota, window}."
    )
    new_tokens: Annotated[Limit, _over(_NEW_TOKENS)] = Field(
        _NEW_TOKENS, description="Tokens that one person makes or rotates in the console: {quota, window}."
    )
    registration: Annotated[Limit, _over(_REGISTRATION)] = Field(
        _REGISTRATION, description="Apps registered from one address: {quota, window}."
    )
    leaks: Annotated[Limit, _over(_LEAKS)] = Field(
        _LEAKS, description="Leak reports from one address: {quota, window}."
    )
    instant: Annotated[Limit, _over(_INSTANT)] = Field(
        _INSTANT, description="Instant sandboxes made from one address: {quota, window}."
    )
    ingest: Annotated[Limit, _over(_INGEST)] = Field(
        _INGEST, description="Events that a tenant's service tells of: {quota, window}."
    )


def _after_deprecation(sunset: date | None, info: ValidationInfo) -> date | None:
    deprecated = info.data.get("deprecated")
    if sunset is not None and deprecated is not None and sunset < deprecated:
        raise refuse("is before `deprecated`", "Callers are told first and turned away later: swap the dates.")
    return sunset


NOTICE: Final = 180 * 86_400.0


class Lifecycle(Section):
    """What becomes of one dated contract."""

    deprecated: date | None = Field(None, description="From this day on answers carry Deprecation: YYYY-MM-DD or null.")
    sunset: Annotated[date | None, AfterValidator(_after_deprecation)] = Field(
        None, description="From this day on the contract is refused: YYYY-MM-DD or null."
    )
    link: Link | None = Field(None, description="Where callers read what to do: an https:// URL or null.")
    notice: Duration = Field(
        NOTICE, description="How long callers are told before the sunset, such as 180d; versions.notice is for all."
    )


def _noticed(versions: object) -> object:
    """`notice` beside the dates holds for every contract that has none of its own."""
    if not isinstance(versions, dict) or "notice" not in versions:
        return versions
    notice = {"notice": versions["notice"]}
    return {
        day: notice | (told or {}) if isinstance(told, dict | None) else told
        for day, told in versions.items()
        if day != "notice"
    }


Versions = Annotated[Mapping[date, Annotated[Lifecycle, AsMap]], BeforeValidator(_noticed), AsMap]
