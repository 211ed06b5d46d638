"""The templates of the documentation, and how they write values: as HTML, or the same as Markdown."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from importlib import resources
from typing import Any, Final

import orjson
from jinja2 import BaseLoader, Environment, PackageLoader, StrictUndefined, TemplateNotFound
from markdown_it import MarkdownIt
from markupsafe import Markup

_markdown = MarkdownIt("commonmark").enable("table")
# The same sentences stand at the same fields of many operations.
_KEPT: Final = 20_000


def html() -> Environment:
    """Templates whose values are escaped."""
    return _with_filters(
        Environment(loader=PackageLoader(__package__), autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    )


def markdown() -> Environment:
    """The same pages as Markdown: what a template includes as `name.html` is taken from `markdown/name.md`."""
    return _with_filters(Environment(loader=_AsMarkdown(), undefined=StrictUndefined, trim_blocks=True))  # noqa: S701 - no HTML


class _AsMarkdown(BaseLoader):
    def get_source(self, environment: Environment, template: str) -> tuple[str, str | None, None]:
        name = f"{template.removesuffix('.html').removesuffix('.md')}.md"
        file = resources.files(__package__) / "templates" / "markdown" / name
        if not file.is_file():
            raise TemplateNotFound(template)
        return file.read_text("utf-8"), None, None


def _with_filters(made: Environment) -> Environment:
    made.filters |= {
        "inline": _inline,
        "markdown": _block,
        "duration": duration,
        "size": size,
        "indented": indented,
        "first_value": _first_value,
    }
    return made


@lru_cache(_KEPT)
def _inline(text: str) -> Markup:
    return Markup(_markdown.renderInline(text))  # noqa: S704 - escaped by the renderer


@lru_cache(_KEPT)
def _block(text: str) -> Markup:
    return Markup(_markdown.render(text))  # noqa: S704 - escaped by the renderer


def indented(value: Any) -> str:
    """JSON for people; what is text already stays as it is."""
    return value if isinstance(value, str) else orjson.dumps(value, option=orjson.OPT_INDENT_2).decode()


def _first_value(examples: Mapping[str, Any]) -> Any:
    return next(iter(examples.values()))


def duration(seconds: float) -> str:
    """Seconds → `24 hours`, in the largest unit that divides them."""
    for name, length in (("day", 86400), ("hour", 3600), ("minute", 60)):
        if seconds >= length and seconds % length == 0 and not (name == "day" and seconds == 86400):
            count = int(seconds // length)
            return f"{count} {name}{'s' if count > 1 else ''}"
    return f"{seconds:g} seconds"


def size(count: int) -> str:
    """Bytes → `10 MB`, or `1 MiB`, in the largest unit that divides them."""
    units = {"GiB": 2**30, "MiB": 2**20, "KiB": 2**10, "GB": 10**9, "MB": 10**6, "KB": 10**3}
    return next((f"{count // unit} {name}" for name, unit in units.items() if count % unit == 0), f"{count} bytes")
