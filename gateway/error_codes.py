"""The error catalogue (openapi/error_codes.yaml), which the guide to errors and the pages of problems show."""

from __future__ import annotations

from dataclasses import dataclass
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


@cache
def error_codes() -> dict[str, Code]:
    """Every code that a problem can have."""
    return {
        name: Code(slug, **told) for slug, members in _catalogue()["codes"].items() for name, told in members.items()
    }


@cache
def field_codes() -> dict[str, str]:
    """Every code that an entry of `errors` can have → what it means."""
    return dict(_catalogue()["fields"])


@cache
def _catalogue() -> dict[str, Any]:
    text = (resources.files("openapi") / "error_codes.yaml").read_text("utf-8")
    loaded: dict[str, Any] = yaml.load(text, Loader=_LOADER)  # noqa: S506 - both are safe loaders
    return loaded
