"""The error catalogue (openapi/error_codes.yaml), which the guide to errors and the pages of problems show."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

import yaml


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


def _catalogue() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((resources.files("openapi") / "error_codes.yaml").read_text("utf-8"))
    return loaded
