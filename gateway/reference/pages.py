"""The pages of one brand: the reference by groups, the guides, the changelog; each as HTML and as Markdown."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from adapters.core.declare.changes import Contract
from gateway.reference import writing
from gateway.reference.documents import Document
from gateway.reference.finding import Row, rows
from gateway.reference.guides import Guide
from gateway.reference.libraries import Library
from gateway.reference.operations import Contents, Group, contents
from gateway.reference.site import LIBRARIES

NEWEST: Final = "/docs/reference"
"""Where the groups of the newest contract stand as well, whichever that is: what may be linked to for good."""

_PLACES: Final = {"path": "Path", "query": "Query", "header": "Headers"}
_CHANGELOG: Final = Guide(
    "changelog",
    "Changelog",
    "<h1>Changelog</h1>{% set level = 'h2' %}{% include 'changelog.html' %}",
    "# Changelog\n\n{% include 'changelog.html' %}\n",
    {},
)
_FENCES: Final = re.compile(r"^</?div>\n", re.MULTILINE)
_ARTICLE: Final = "{%% extends 'guide.html' %%}{%% block article %%}%s{%% endblock %%}"


@dataclass(frozen=True, slots=True)
class Page:
    """What stands at an address, and at the same with `.md` behind it."""

    html: str
    markdown: str


class Pages:
    """`documents`: contract → its document as this brand publishes it, newest first. `facts`: what guides may refer to."""

    def __init__(
        self,
        documents: Mapping[str, Document],
        contracts: Sequence[Contract],
        guides: Sequence[Guide],
        facts: dict[str, Any],
    ) -> None:
        self._documents = documents
        self._read = {date: contents(document) for date, document in documents.items()}
        self._contracts = {each.date: each for each in contracts}
        self._newest = contracts[0].date
        self._guides = guides
        self._facts = facts | {"guides": guides, "places": _PLACES, "current": ""}
        self._html, self._markdown = writing.html(), writing.markdown()

    def all(self) -> Iterator[tuple[Sequence[str], Page]]:
        """Addresses → the page that stands there."""
        for guide in (*self._guides, _CHANGELOG):
            address = f"/docs/{guide.slug}"
            yield (address,), self._guide(guide, address)
        for date, read in self._read.items():
            root = f"/docs/{date}"
            newest = date == self._newest
            yield (root, *(("/docs",) if newest else ())), self._overview(read, root)
            for group in read.groups.values():
                more = (f"{NEWEST}/{group.name}",) if newest else ()
                yield (f"{root}/{group.name}", *more), self._group(read, group, root)

    def indexes(self) -> Iterator[tuple[str, list[Row]]]:
        """Address → what the search of a contract's pages looks through."""
        for date, read in self._read.items():
            yield f"/docs/{date}/search.json", rows(read, f"/docs/{date}", (*self._guides, _CHANGELOG))

    def llms(self) -> str:
        """`/llms.txt`: what there is, for language models (llmstxt.org)."""
        read = self._read[self._newest]
        summary = self._documents[read.contract]["info"]["description"]
        values = self._shown(read, f"/docs/{read.contract}") | {"summary": summary}
        return self._markdown.get_template("llms.md").render(values)

    def libraries(self, found: Sequence[Library]) -> str:
        """The page of the client libraries."""
        values = self._shown(self._read[self._newest], f"/docs/{self._newest}")
        return self._html.get_template("sdk.html").render(values, address=LIBRARIES, libraries=found)

    def _guide(self, guide: Guide, address: str) -> Page:
        shown = self._shown(self._read[self._newest], f"/docs/{self._newest}")
        values = shown | {"address": address, "title": guide.title}
        article = self._html.from_string(_ARTICLE % guide.html)
        text = _FENCES.sub("", guide.text)
        return Page(article.render(values), self._markdown.from_string(text).render(values))

    def _overview(self, read: Contents, root: str) -> Page:
        summary = self._documents[read.contract]["info"]["description"]
        return self._page("overview", self._shown(read, root) | {"address": root, "summary": summary})

    def _group(self, read: Contents, group: Group, root: str) -> Page:
        changes = [each.why for each in self._contracts[read.contract].changes if each.resource == group.name]
        shown = {"address": f"{root}/{group.name}", "current": group.name, "group": group, "changes": changes}
        return self._page("group", self._shown(read, root) | shown)

    def _page(self, name: str, values: dict[str, Any]) -> Page:
        html, markdown = (each.get_template(f"{name}.html") for each in (self._html, self._markdown))
        return Page(html.render(values), markdown.render(values))

    def _shown(self, read: Contents, root: str) -> dict[str, Any]:
        first = next(group for group in read.groups.values()).entries[0].samples
        return self._facts | {"api": read, "contract": read.contract, "root": root, "first": first}
