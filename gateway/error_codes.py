"""The error catalogue (openapi/error_codes.yaml, error_recipes.yaml), which the guide to errors and the pages of problems show."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from typing import Any, Final

import yaml

# libyaml reads it in a tenth of the time; a PyYAML that was built without it reads the same.
_LOADER: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True, slots=True)
class Code:
    """What a code means, its likely causes, and what to do about it, in Markdown. `slug`: of the problem's type."""

    slug: str
    meaning: str
    causes: str
    remedy: str


@dataclass(frozen=True, slots=True)
class Recipe:
    """A call, with a token of test mode, that a code is had with.

    request: method and target; headers: beside Authorization and Version, of which None leaves one out and a list sends one
    more than once; body: as text, in `encoding`; size: so many spaces instead of it; fault: the value of `Test-Fault`.
    """

    request: str
    headers: Mapping[str, str | list[str] | None] = field(default_factory=dict)
    body: str = ""
    encoding: str = "utf-8"
    size: int = 0
    fault: str = ""

    @property
    def method(self) -> str:
        """The method of the request."""
        return self.request.partition(" ")[0]

    @property
    def target(self) -> str:
        """Its path and query."""
        return self.request.partition(" ")[2]

    @property
    def content(self) -> bytes:
        """Its body."""
        return b" " * self.size if self.size else self.body.encode(self.encoding)

    def sent(self, token: str, version: str) -> Iterator[tuple[str, str]]:
        """All its header lines, as (name, value), of a client with this token and contract."""
        whole: dict[str, str | list[str] | None] = {"Authorization": f"Bearer {token}", "Version": version}
        if self.content:
            whole["Content-Type"] = "application/json"
        if self.fault:
            whole["Test-Fault"] = self.fault
        for name, value in (whole | dict(self.headers)).items():
            for each in [value] if isinstance(value, str) else value or ():
                yield name, each


@cache
def error_codes() -> dict[str, Code]:
    """Every code that a problem can have."""
    codes = _read("error_codes.yaml")["codes"]
    return {name: Code(slug, **told) for slug, members in codes.items() for name, told in members.items()}


@cache
def recipes() -> dict[str, Recipe]:
    """By code, how it is had with one call."""
    return {code: Recipe(**told) for code, told in _read("error_recipes.yaml").items()}


@cache
def field_codes() -> dict[str, str]:
    """Every code that an entry of `errors` can have → what it means."""
    return dict(_read("error_codes.yaml")["fields"])


@cache
def _read(file: str) -> dict[str, Any]:
    text = (resources.files("openapi") / file).read_text("utf-8")
    loaded: dict[str, Any] = yaml.load(text, Loader=_LOADER)  # noqa: S506 - both are safe loaders
    return loaded
