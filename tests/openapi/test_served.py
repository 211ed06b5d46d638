"""The documents, the reference page and the guides, as a deployment with brands and a switched-off operation serves them."""

from __future__ import annotations

import gzip
import json
import re
import shutil
from collections.abc import Callable, Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import httpx
import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator
from starlette.types import ASGIApp, Receive, Scope, Send

from adapters import RESOURCES
from adapters.core.compile.builder import Override
from adapters.core.compile.catalogue import compile_all
from gateway.brands import Brands
from gateway.config import load
from gateway.observe.access import Observed
from gateway.reference import site
from gateway.reference.guides import guides
from gateway.reference.publishing import publish
from gateway.reference.writing import duration
from gateway.versions import CONTRACTS
from gateway.web.application import pages
from openapi.comparing import breaking
from tests.live import Live
from tests.openapi.generated import GENERATED

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


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> ASGIApp:
    return published(tmp_path_factory.mktemp("reference"))


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


async def test_a_document_has_the_name_and_the_addresses_of_the_brand(served: ASGIApp) -> None:
    document = (await get(served, "https://api.acme.example/openapi.json")).json()
    assert document["info"]["title"] == "Acme CRM"
    assert document["servers"] == [{"url": "https://api.acme.example"}]
    flow = document["components"]["securitySchemes"]["oauth2"]["flows"]["authorizationCode"]
    assert flow["tokenUrl"] == "https://api.acme.example/oauth/token"
    assert not [text for text in strings(document) if "api.example.com" in text]
    other = (await get(served, "http://bold.example/openapi.json")).json()
    assert "https://errors.bold.example/not-found" in strings(other)
    assert not [text for text in strings(other) if "/problems/" in text]


async def test_a_document_leaves_out_what_is_switched_off_and_all_that_only_belonged_to_it(served: ASGIApp) -> None:
    document = (await get(served, "https://api.acme.example/openapi.json")).json()
    assert set(document["paths"]["/v1/contacts/{id}"]) == {"get", "patch"}
    assert "delete" not in document["paths"]["/v1/contacts"]["post"]["responses"]["201"]["links"]
    assert not [path for path in document["paths"] if path.startswith("/v1/pipelines")]
    assert "pipelines" not in {tag["name"] for tag in document["tags"]}
    assert not [name for name in document["components"]["schemas"] if name.startswith(("Pipeline", "Stage"))]
    assert "ContactEmailCondition" in document["components"]["schemas"]
    references = {
        text.removeprefix("#/components/schemas/")
        for text in strings(document)
        if text.startswith("#/components/schemas/")
    }
    assert references == set(document["components"]["schemas"]), "no orphan, no loose end"
    assert [error.message for error in OpenAPIV31SpecValidator(document).iter_errors()] == []


async def test_each_contract_has_its_document_and_the_newest_is_the_one_without_a_date(served: ASGIApp) -> None:
    answers = {c.date: await get(served, f"https://api.acme.example/openapi/{c.date}.json") for c in CONTRACTS}
    assert {date: answer.json()["info"]["version"] for date, answer in answers.items()} == {d: d for d in answers}
    newest = await get(served, "https://api.acme.example/openapi.json")
    assert newest.content == answers[CONTRACTS[0].date].content
    assert (await get(served, "https://api.acme.example/openapi/2020-01-01.json")).status_code == 404


async def test_what_is_published_breaks_nothing_of_what_is_committed(live: Live) -> None:
    for date, document in GENERATED.items():
        assert breaking(document, live.client.get(f"/openapi/{date}.json").json()) == []


async def test_a_client_that_has_the_document_is_not_sent_it_again(served: ASGIApp) -> None:
    url = "https://api.acme.example/openapi.json"
    first = await get(served, url)
    packed = await get(served, url, Accept_Encoding="gzip, br")
    assert first.headers["cache-control"] == "public, max-age=300"
    assert packed.headers["content-encoding"] == "gzip"
    assert packed.content == first.content
    assert packed.headers["etag"] != first.headers["etag"]
    for known in (first.headers["etag"], packed.headers["etag"], f'W/{first.headers["etag"]}, "x"', "*"):
        again = await get(served, url, If_None_Match=known)
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["etag"] == first.headers["etag"]
    assert (await get(served, url, If_None_Match='"other"')).status_code == 200
    assert (await get(served, "http://bold.example/openapi.json")).headers["etag"] != first.headers["etag"]


def test_a_document_is_sent_packed_over_the_wire(live: Live) -> None:
    with live.client.stream("GET", "/openapi.json", headers={"Accept-Encoding": "gzip"}) as answer:
        raw = b"".join(answer.iter_raw())
    document = json.loads(gzip.decompress(raw))
    assert document["openapi"].startswith("3.1")
    # What an operation more may cost whoever loads the document.
    assert len(raw) < 600 * sum(map(len, document["paths"].values()))


def test_what_brands_have_in_common_is_kept_once(tmp_path: Path) -> None:
    published(tmp_path)
    (folder,) = (tmp_path / site.PLACE).iterdir()
    # The renderer's script is the largest of them by far, beside the documents.
    large = [each for each in folder.iterdir() if each.stat().st_size > 1_000_000]
    assert [each.read_bytes().startswith(b"{") for each in large].count(False) == 1


def test_what_workers_still_send_from_is_kept_until_they_have_gone_over(tmp_path: Path) -> None:
    place = tmp_path / site.PLACE
    (tmp_path / "config.yaml").write_text(BRANDS)
    settings = load(tmp_path / "config.yaml", {})
    everything, less = (compile_all(RESOURCES, CONTRACTS, overrides) for overrides in ({}, OFF))
    brands = Brands(settings.brands, 8080).all
    first = publish(place, settings, brands, everything, CONTRACTS)
    assert publish(place, settings, brands, everything, CONTRACTS, running=first) == first
    second = publish(place, settings, brands, less, CONTRACTS, running=first)
    assert {each.name for each in place.iterdir()} == {first, second}
    assert publish(place, settings, brands, everything, CONTRACTS, running=second) == first
    assert publish(place, settings, brands, less, CONTRACTS, running=second) == second
    assert {each.name for each in place.iterdir()} == {second}


async def test_a_document_whose_file_is_lost_is_a_problem_that_passes(
    tmp_path: Path, logged: Callable[[], list[dict[str, Any]]]
) -> None:
    app = published(tmp_path)
    assert (await get(app, "http://bold.example/openapi.json")).status_code == 200
    shutil.rmtree(tmp_path / site.PLACE)
    answer = await get(app, "http://bold.example/openapi.json")
    assert answer.status_code == 503
    assert answer.json()["code"] == "store_unavailable"
    assert "cannot be read" in str([line for line in logged() if line["event"] == "page not available"])


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


@pytest.fixture(scope="module")
def seen() -> dict[str, Page]:
    """Address → the page there, read once."""
    return {}


GROUPS = ("contacts", "invoices", "reports", "me")
PAGES = [
    "/docs",
    "/docs/changelog",
    *(f"/docs/{contract.date}" for contract in CONTRACTS),
    *(f"/docs/{contract.date}/{group}" for contract in CONTRACTS for group in GROUPS),
    *(f"/docs/{guide.slug}" for guide in guides()),
]


@pytest.mark.parametrize("path", PAGES)
async def test_a_page_needs_nothing_from_elsewhere_and_obeys_a_strict_policy(served: ASGIApp, path: str) -> None:
    for host in ("https://api.acme.example", "http://bold.example"):
        answer = await get(served, host + path)
        assert answer.status_code == 200, answer.text
        policy = answer.headers["content-security-policy"]
        assert "unsafe" not in policy
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        page = Page(answer.text)
        assert page.inline == []
        for address in page.loads:
            if address.startswith("https://cdn.acme.example/"):
                assert "img-src 'self' data: https://cdn.acme.example" in policy
            elif not address.startswith("data:"):
                assert (await get(served, host + address)).status_code == 200, address


@pytest.mark.parametrize("path", PAGES)
async def test_links_between_pages_lead_somewhere(served: ASGIApp, seen: dict[str, Page], path: str) -> None:
    async def page(address: str) -> Page:
        if address not in seen:
            answer = await get(served, f"https://api.acme.example{address}")
            assert answer.status_code == 200, address
            seen[address] = Page(answer.text if "html" in answer.headers["content-type"] else "")
        return seen[address]

    for link in dict.fromkeys((await page(path)).links):
        address, _, fragment = link.partition("#")
        # The console is another application's; tests of the front door follow the links to it.
        if address != "/console" and not link.startswith(STANDARDS):
            found = await page(address or path)
            assert not fragment or fragment in found.ids, link


async def test_a_page_wears_the_name_the_logo_and_the_colour_of_its_brand(served: ASGIApp) -> None:
    acme = (await get(served, "https://api.acme.example/docs")).text
    assert "Acme CRM" in acme
    assert '<img src="https://cdn.acme.example/l.svg"' in acme
    assert "#aa3300" in (await get(served, "https://api.acme.example/docs/assets/brand.css")).text
    bold = (await get(served, "http://bold.example/docs/quickstart")).text
    assert "&lt;b&gt;Bold&lt;/b&gt; &amp; Co" in bold
    assert "<b>Bold" not in bold
    assert "http://bold.example:8080/v1/me" in bold


async def test_the_changelog_is_the_why_of_every_dated_change(served: ASGIApp) -> None:
    text = (await get(served, "https://api.acme.example/docs/versioning")).text
    plain = re.sub(r"</?code>", "`", text)
    for contract in CONTRACTS:
        assert contract.date in text
        for change in contract.changes:
            assert change.why in plain
    assert "Deprecated since 2027-01-01; it ends on 2027-07-01." in text


async def test_the_guides_tell_the_limits_and_codes_of_this_deployment(served: ASGIApp) -> None:
    limits = (await get(served, "https://api.acme.example/docs/rate-limits")).text
    assert "900 in 1 minute" in limits
    errors = (await get(served, "https://api.acme.example/docs/errors")).text
    for code in ("cursor_invalid", "idempotency_outcome_unknown", "upstream_timeout", "csv_malformed"):
        assert f"<code>{code}</code>" in errors
    assert "{{" not in limits + errors


@pytest.mark.parametrize(
    ("seconds", "told"),
    [(0.25, "0.25 seconds"), (60, "1 minute"), (90, "90 seconds"), (86400, "24 hours"), (7776000, "90 days")],
)
def test_a_duration_is_told_in_the_unit_that_fits(seconds: float, told: str) -> None:
    assert duration(seconds) == told


async def test_a_script_of_any_origin_may_read_the_documents_and_nothing_else(served: ASGIApp) -> None:
    for path in ("/openapi.json", *(f"/openapi/{contract.date}.json" for contract in CONTRACTS)):
        answer = await get(served, f"https://api.acme.example{path}", origin="https://editor.example")
        assert answer.headers["access-control-allow-origin"] == "*"
    for path in ("/docs", "/docs/quickstart", "/docs/assets/docs.css"):
        answer = await get(served, f"https://api.acme.example{path}", origin="https://editor.example")
        assert "access-control-allow-origin" not in answer.headers


async def test_a_program_gets_every_page_as_markdown_by_its_address_or_by_asking(served: ASGIApp) -> None:
    origin = "https://api.acme.example"
    for path in PAGES:
        named = await get(served, origin + ("/docs/index.md" if path == "/docs" else f"{path}.md"))
        assert named.headers["content-type"] == "text/markdown; charset=utf-8", path
        assert named.text.startswith("# "), path
        assert not re.search(r"\{\{|\{%|^</?(div|p|h\d|table)\b", named.text, re.MULTILINE), path
        asked = await get(served, origin + path, accept="text/markdown, text/html;q=0.9, */*;q=0.1")
        assert asked.content == named.content
        assert "Accept" in asked.headers["vary"]
        for accept in ("text/html,application/xhtml+xml,*/*;q=0.8", "*/*", "text/html, text/markdown;q=0.5"):
            answer = await get(served, origin + path, accept=accept)
            assert answer.headers["content-type"] == "text/html; charset=utf-8"
            assert "Accept" in answer.headers["vary"]


async def test_language_models_find_every_group_and_guide(served: ASGIApp) -> None:
    origin = "https://api.acme.example"
    answer = await get(served, f"{origin}/llms.txt")
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert answer.text.startswith("# Acme CRM API\n\n> ")
    links = re.findall(r"\]\((\S+)\)", answer.text)
    document = (await get(served, f"{origin}/openapi.json")).json()
    tags = {tag["name"] for tag in document["tags"]}
    assert tags <= {link.rpartition("/")[2].removesuffix(".md") for link in links}
    assert {guide.slug for guide in guides()} <= {link.rpartition("/")[2].removesuffix(".md") for link in links}
    for link in links:
        assert (await get(served, link)).status_code == 200, link


async def test_what_is_switched_off_is_on_no_page_and_in_no_search(served: ASGIApp) -> None:
    page = (await get(served, "https://api.acme.example/docs/reference/contacts")).text
    assert 'id="contacts_update"' in page
    assert "contacts_delete" not in page
    assert (await get(served, "https://api.acme.example/docs/reference/pipelines")).status_code == 404
    index = (await get(served, f"https://api.acme.example/docs/{CONTRACTS[0].date}/search.json")).text
    assert "contacts_update" in index
    assert "contacts_delete" not in index
    assert "/pipelines" not in index


async def test_every_operation_field_error_and_guide_can_be_found_and_leads_to_its_place(
    served: ASGIApp, seen: dict[str, Page]
) -> None:
    origin = "https://api.acme.example"
    for contract in CONTRACTS:
        rows = (await get(served, f"{origin}/docs/{contract.date}/search.json")).json()
        document = (await get(served, f"{origin}/openapi/{contract.date}.json")).json()
        operations = {item["operationId"] for methods in document["paths"].values() for item in methods.values()}
        assert operations == {row[3].partition("#")[2] for row in rows if row[0] == "operation"}
        titles = {row[1] for row in rows}
        assert {"search_text", "line_items.quantity", "validation_failed", "field_unknown", "Quickstart"} <= titles
        for address in {row[3].partition("#")[0] for row in rows}:
            if address not in seen:
                seen[address] = Page((await get(served, origin + address)).text)
        astray = [row for row in rows if row[3].partition("#")[2] not in {"", *seen[row[3].partition("#")[0]].ids}]
        assert astray == []


async def test_every_operation_has_a_sample_in_the_document_and_on_its_page(served: ASGIApp) -> None:
    document = (await get(served, "https://api.acme.example/openapi.json")).json()
    for path, methods in document["paths"].items():
        for method, item in methods.items():
            samples = {each["label"]: each["source"] for each in item["x-codeSamples"]}
            assert samples["curl"].startswith("curl ")
            assert "https://api.acme.example/v1/" in samples["curl"]
            assert (
                method == "get"
                or method.upper() in samples["curl"]
                or "-d " in samples["curl"]
                or "--data" in samples["curl"]
            ), path
