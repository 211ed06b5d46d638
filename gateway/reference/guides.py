"""The guides: CommonMark beside the documents, rendered once for each brand.

They may use the deployment's own facts (`{{ origin }}`, `{{ newest }}`, …) and tables made from the code, so that a guide
cannot say what the gateway does not do. The template language sees the rendered HTML, so everything it puts in is escaped.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from importlib.resources.abc import Traversable
from itertools import pairwise
from typing import Any

import orjson
from markdown_it import MarkdownIt

from adapters.core.declare.changes import Contract
from gateway.brands import Brand
from gateway.config.policies import Limits
from gateway.config.settings import Settings
from gateway.error_codes import error_codes, field_codes, recipes
from gateway.problems import ALL
from gateway.reference.documents import Document
from gateway.reference.reproducing import curl
from gateway.reference.writing import duration
from gateway.sandboxes.injections import INJECTIONS
from sdk.naming import library_name
from sdk.python.names import module_of


@dataclass(frozen=True, slots=True)
class Guide:
    """A guide as HTML and Markdown that still have their placeholders. `slug` is the end of its address.

    `sections`: the fragment of each heading below the title → its words.
    """

    slug: str
    title: str
    html: str
    text: str
    sections: Mapping[str, str]


_markdown = MarkdownIt("commonmark").enable("table")
_TITLE = re.compile(r"# (.+)")
_NO_WORD = re.compile(r"[^a-z0-9]+")


def guides() -> list[Guide]:
    """All guides, in the order of the numbers that their file names begin with."""
    folder = resources.files("openapi") / "guides"
    return [_guide(each.name, each.read_text("utf-8")) for each in sorted(folder.iterdir(), key=_number)]


def facts(settings: Settings, brand: Brand, document: Document, contracts: Sequence[Contract]) -> dict[str, Any]:
    """What guides may refer to."""
    return {
        "brand": brand,
        "origin": brand.origin,
        "newest": contracts[0].date,
        "library": library_name(brand.name),
        "module": module_of(library_name(brand.name)),
        "oldest": contracts[-1].date,
        "contracts": contracts,
        "lifecycles": {day.isoformat(): lifecycle for day, lifecycle in settings.versions.items()},
        "limits": list(_limits(settings.limits)),
        "problems": list(_problems(document, brand.origin, contracts[0].date)),
        "field_codes": field_codes(),
        "scopes": document["components"]["securitySchemes"]["oauth2"]["flows"]["authorizationCode"]["scopes"],
        "events": list(_events(document)),
        "settings": settings,
        "faults": list(INJECTIONS.values()),
    }


def _number(file: Traversable) -> int:
    return int(file.name.partition("-")[0])


def _guide(name: str, text: str) -> Guide:
    found = _TITLE.match(text)
    assert found is not None, f"{name} begins with its title"
    sections: dict[str, str] = {}
    tokens = _markdown.parse(text)
    for opening, inline in pairwise(tokens):
        if opening.type == "heading_open" and opening.tag != "h1":
            fragment = _NO_WORD.sub("-", inline.content.lower()).strip("-")
            opening.attrSet("id", fragment)
            sections[fragment] = inline.content
    # What may have to be scrolled has to be reached by the keyboard.
    html = _markdown.renderer.render(tokens, _markdown.options, {}).replace("<pre>", '<pre tabindex="0">')
    return Guide(name.removesuffix(".md").split("-", 1)[1], found[1], html, text, sections)


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


def _problems(document: Document, origin: str, contract: str) -> Iterator[dict[str, Any]]:
    """Status, title, slug and codes of every kind of problem; a code with the command that it is had with, and with an example
    where the document has one.
    """
    shown: dict[str, str] = {}
    for response in document["components"]["responses"].values():
        for each in response["content"]["application/problem+json"]["examples"].values():
            shown.setdefault(each["value"]["code"], orjson.dumps(each["value"], option=orjson.OPT_INDENT_2).decode())
    for kind in ALL:
        codes = {name: code for name, code in error_codes().items() if code.slug == kind.slug}
        examples = {name: shown[name] for name in codes if name in shown}
        commands = {name: curl(recipes()[name], origin, contract) for name in codes if name in recipes()}
        told = {"status": kind.status, "title": kind.title, "slug": kind.slug, "codes": codes}
        yield told | {"examples": examples, "commands": commands}
