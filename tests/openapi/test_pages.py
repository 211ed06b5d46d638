"""The pages of the documentation, their Markdown and their search, as a deployment with brands serves them."""

from __future__ import annotations

import re

import pytest
from starlette.types import ASGIApp

from gateway.reference.guides import guides
from gateway.reference.writing import duration
from gateway.versions import CONTRACTS
from tests.openapi.publication import STANDARDS, Page, get


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
