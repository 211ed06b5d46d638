"""The guides: CommonMark beside the documents, rendered once for each brand.

They may use the deployment's own facts (`{{ origin }}`, `{{ newest }}`, …) and tables made from the code, so that a guide
cannot say what the gateway does not do. The template language sees the rendered HTML, so everything it puts in is escaped.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib import resources
from importlib.resources.abc import Traversable
from typing import Any

import orjson
from jinja2 import Environment, PackageLoader, StrictUndefined
from markdown_it import MarkdownIt
from markupsafe import Markup

from adapters.core.declare.changes import Contract
from gateway.brands import Brand
from gateway.config.policies import Limits
from gateway.config.settings import Settings
from gateway.error_codes import error_codes, field_codes
from gateway.problems import ALL
from gateway.reference.documents import Document


@dataclass(frozen=True, slots=True)
class Guide:
    """A guide as HTML that still has its placeholders. `slug` is the end of its address."""

    slug: str
    title: str
    html: str


_markdown = MarkdownIt("commonmark").enable("table")
_TITLE = re.compile(r"# (.+)")


def guides() -> list[Guide]:
    """All guides, in the order of the numbers that their file names begin with."""
    folder = resources.files("openapi") / "guides"
    return [_guide(each.name, each.read_text("utf-8")) for each in sorted(folder.iterdir(), key=_number)]


def environment() -> Environment:
    """The templates of this package."""
    made = Environment(
        loader=PackageLoader("gateway.reference"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    made.filters["inline"] = lambda text: Markup(_markdown.renderInline(text))  # noqa: S704 - escaped by the renderer
    made.filters["duration"] = duration
    made.filters["size"] = size
    return made


def facts(settings: Settings, brand: Brand, document: Document, contracts: Sequence[Contract]) -> dict[str, Any]:
    """What guides may refer to."""
    return {
        "brand": brand,
        "origin": brand.origin,
        "newest": contracts[0].date,
        "oldest": contracts[-1].date,
        "contracts": contracts,
        "lifecycles": {day.isoformat(): lifecycle for day, lifecycle in settings.versions.items()},
        "limits": list(_limits(settings.limits)),
        "problems": list(_problems(document)),
        "field_codes": field_codes(),
        "scopes": document["components"]["securitySchemes"]["oauth2"]["flows"]["authorizationCode"]["scopes"],
        "events": list(_events(document)),
        "settings": settings,
    }


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


def _number(file: Traversable) -> int:
    return int(file.name.partition("-")[0])


def _guide(name: str, text: str) -> Guide:
    found = _TITLE.match(text)
    assert found is not None, f"{name} begins with its title"
    return Guide(name.removesuffix(".md").split("-", 1)[1], found[1], _markdown.render(text))


def _limits(limits: Limits) -> Iterator[tuple[str, str, str, int | None]]:
    for name, counted in (
        ("token", "each access token"),
        ("tenant", "all tokens of a workspace together"),
        ("search", "searches with one token"),
        ("report", "reports with one token"),
        ("address", "requests without a valid token, from one address"),
    ):
        limit = getattr(limits, name)
        yield name, counted, f"{limit.quota} in {duration(limit.window)}", limit.burst


def _events(document: Document) -> Iterator[dict[str, str]]:
    """Every type that subscribers can ask for, and the scope it needs beside that of webhooks."""
    for name, item in document["webhooks"].items():
        about, _, needs = item["post"]["description"].partition(" Sent while")
        yield {"name": name, "about": about, "scope": re.findall("`([a-z_.]+)`", needs)[-1]}


def _problems(document: Document) -> Iterator[dict[str, Any]]:
    """Status, title, slug and codes of every kind of problem; a code with an example where the document has one."""
    shown: dict[str, str] = {}
    for response in document["components"]["responses"].values():
        for each in response["content"]["application/problem+json"]["examples"].values():
            shown.setdefault(each["value"]["code"], orjson.dumps(each["value"], option=orjson.OPT_INDENT_2).decode())
    for kind in ALL:
        codes = {name: code for name, code in error_codes().items() if code.slug == kind.slug}
        examples = {name: shown[name] for name in codes if name in shown}
        yield {"status": kind.status, "title": kind.title, "slug": kind.slug, "codes": codes, "examples": examples}
