"""The OpenAPI documents, as a deployment with brands and a switched-off operation serves them."""

from __future__ import annotations

import gzip
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from starlette.types import ASGIApp

from adapters.core.compile.builder import Override
from gateway.brands import Brands
from gateway.config import load
from gateway.reference import site
from gateway.reference.publishing import publish
from gateway.versions import CONTRACTS
from openapi.comparing import breaking
from tests.live import Live
from tests.openapi.generated import GENERATED
from tests.openapi.publication import BRANDS, get, of_one_resource, published, strings
from tests.openapi.validity import faults

ONE_OFF = {"contacts.delete": Override(enabled=False)}


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
    assert faults(document) == []


async def test_each_contract_has_its_document_and_the_newest_is_the_one_without_a_date(served: ASGIApp) -> None:
    answers = {c.date: await get(served, f"https://api.acme.example/openapi/{c.date}.json") for c in CONTRACTS}
    assert {date: answer.json()["info"]["version"] for date, answer in answers.items()} == {d: d for d in answers}
    newest = await get(served, "https://api.acme.example/openapi.json")
    assert newest.content == answers[CONTRACTS[0].date].content
    assert (await get(served, "https://api.acme.example/openapi/2020-01-01.json")).status_code == 404


async def test_what_is_published_breaks_nothing_of_what_is_committed(live: Live) -> None:
    for date, document in GENERATED.items():
        found = breaking(document, live.client.get(f"/openapi/{date}.json").json())
        # There is no test mode in front of services that are no sandbox.
        assert [each for each in found if not each.startswith("/v1/test/")] == []


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
    # What an operation more may cost whoever loads the document, and what its samples in three languages may add.
    operations = [each for item in document["paths"].values() for each in item.values()]
    for each in operations:
        each.pop("x-codeSamples", None)
    plain = len(gzip.compress(json.dumps(document, separators=(",", ":"), ensure_ascii=False).encode(), mtime=0))
    assert plain < 600 * len(operations)
    assert len(raw) - plain < 100 * len(operations)


def test_what_brands_have_in_common_is_kept_once(reference: Path) -> None:
    (folder,) = (reference / site.PLACE).iterdir()
    # The renderer's script is the largest of them by far, beside the documents.
    large = [each for each in folder.iterdir() if each.stat().st_size > 1_000_000]
    assert [each.read_bytes().startswith(b"{") for each in large].count(False) == 1


def test_what_workers_still_send_from_is_kept_until_they_have_gone_over(tmp_path: Path) -> None:
    place = tmp_path / site.PLACE
    (tmp_path / "config.yaml").write_text(BRANDS)
    settings = load(tmp_path / "config.yaml", {})
    # This is about folders, whatever is in them.
    everything, less = (of_one_resource(overrides) for overrides in ({}, ONE_OFF))
    brands = Brands(settings.brands, 8080).all
    first = publish(place, settings, brands, everything, CONTRACTS)
    assert publish(place, settings, brands, everything, CONTRACTS, running=first) == first
    second = publish(place, settings, brands, less, CONTRACTS, running=first)
    assert {each.name for each in place.iterdir()} == {first, second}
    assert publish(place, settings, brands, everything, CONTRACTS, running=second) == first
    assert publish(place, settings, brands, less, CONTRACTS, running=second) == second
    assert {each.name for each in place.iterdir()} == {second}


async def test_a_document_whose_file_is_lost_is_a_problem_that_passes(
    reference: Path, tmp_path: Path, logged: Callable[[], list[dict[str, Any]]]
) -> None:
    shutil.copytree(reference, tmp_path, dirs_exist_ok=True)
    app = published(tmp_path)
    assert (await get(app, "http://bold.example/openapi.json")).status_code == 200
    shutil.rmtree(tmp_path / site.PLACE)
    answer = await get(app, "http://bold.example/openapi.json")
    assert answer.status_code == 503
    assert answer.json()["code"] == "store_unavailable"
    assert "cannot be read" in str([line for line in logged() if line["event"] == "page not available"])
