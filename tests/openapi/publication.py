"""The documentation of a deployment with two brands and a switched-off operation, asked in process; and a page that is read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import httpx
from starlette.types import ASGIApp, Receive, Scope, Send

from adapters import RESOURCES
from adapters.contacts import contacts
from adapters.core.compile.builder import Override
from adapters.core.compile.catalogue import compile_all
from adapters.core.operation import Operation
from gateway.brands import Brands
from gateway.config import load
from gateway.observe.access import Observed
from gateway.reference import site
from gateway.reference.publishing import publish
from gateway.versions import CONTRACTS
from gateway.web.application import pages

BRANDS = """
brands:
  - {name: Acme CRM, hosts: [api.acme.example], public_url: "https://api.acme.example", logo: "https://cdn.acme.example/l.svg", colour: "#aa3300"}
  - {name: "<b>Bold</b> & Co", hosts: [bold.example], problem_base: "https://errors.bold.example"}
versions: {2026-06-01: {deprecated: 2027-01-01, sunset: 2027-07-01}}
"""
OFF = {
    "contacts.delete": Override(enabled=False),
    "pipelines.search": Override(enabled=False),
    "pipelines.get": Override(enabled=False),
}


# Where pages may lead outside.
STANDARDS = ("https://www.rfc-editor.org/", "https://www.standardwebhooks.com")


def published(home: Path) -> ASGIApp:
    path = home / "config.yaml"
    path.write_text(BRANDS)
    settings = load(path, {})
    brands = Brands(settings.brands, 8080)
    name = publish(home / site.PLACE, settings, brands.all, compile_all(RESOURCES, CONTRACTS, OFF), CONTRACTS)
    starlette = pages(site.routes(home / site.PLACE / name, brands.all))
    inner = Observed(starlette, starlette.routes, lambda _: "", ())

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        scope["brand"] = brands.of(dict(scope["headers"])[b"host"])
        await inner(scope, receive, send)

    return app


def of_one_resource(overrides: Mapping[str, Override]) -> Sequence[Operation]:
    """All operations, those of others than contacts switched off: what is published of a few takes a few tenths of the time."""
    compiled = compile_all(RESOURCES, CONTRACTS, overrides)
    return [each if each.first == contacts.path else replace(each, enabled=False) for each in compiled]


async def get(app: ASGIApp, url: str, **headers: str) -> httpx.Response:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app)) as client:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return await client.get(url, headers={"Accept-Encoding": "identity", **named})


def strings(node: Any) -> Iterator[str]:
    if isinstance(node, str):
        yield node
    elif isinstance(node, dict | list):
        for inner in node.values() if isinstance(node, dict) else node:
            yield from strings(inner)


class Page(HTMLParser):
    """What a page loads, where it leads, and what a strict policy would refuse."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.loads: list[str] = []
        self.links: list[str] = []
        self.inline: list[str] = []
        self.ids: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        if tag == "script" and "src" not in found:
            self.inline.append("script")
        self.inline += [name for name in found if name == "style" or name.startswith("on")] + [tag] * (tag == "style")
        self.loads += [found[name] for name in ("src",) if name in found]
        if tag == "link":
            self.loads.append(found["href"])
        if tag == "a":
            self.links.append(found["href"])
        if "id" in found:
            self.ids.add(found["id"])
