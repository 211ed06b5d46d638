"""Libraries as a deployment offers them: found, pinned by hash, installed and used."""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest

from gateway.reference.documents import branded, committed
from gateway.reference.libraries import libraries
from tests.live import NEWEST, Live
from tests.sdk.brands import brand

README = (Path(__file__).parents[2] / "README.md").read_text()
(PROGRAM,) = re.findall(r"^```python\n(.*?)^```$", README, re.DOTALL | re.MULTILINE)


def test_programs_find_every_library_with_its_hash(live: Live) -> None:
    answer = live.client.get("/sdk/", headers={"Accept": "application/json"})
    assert answer.headers["content-type"] == "application/json"
    assert "Accept" in answer.headers["vary"]
    told = answer.json()["python"]
    assert told["name"] == "api-client"
    assert told["version"].startswith("20260901.")
    file = live.client.get(told["url"])
    assert hashlib.sha256(file.content).hexdigest() == told["sha256"]
    assert told["url"].endswith(f"/sdk/api_client-{told['version']}-py3-none-any.whl")


def test_people_find_a_page_with_the_line_that_installs_it(live: Live) -> None:
    page = live.client.get("/sdk/", headers={"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"})
    told = live.client.get("/sdk/", headers={"Accept": "application/json"}).json()
    assert page.headers["content-type"].startswith("text/html")
    for each in told.values():
        assert each["sha256"] in page.text
        assert each["url"] in page.text
    assert "libraries" in live.client.get("/").json()["links"]


def test_the_same_contract_gives_the_same_bytes() -> None:
    acme = brand("Acme", "https://api.acme.example")
    document = branded(committed()[NEWEST], acme)
    once, again = libraries(document, acme), libraries(document, acme)
    assert [each.sha256 for each in once] == [each.sha256 for each in again]
    assert {each.name for each in once} == {"acme"}


def test_each_brand_has_libraries_of_its_own_name_and_address() -> None:
    documents = committed()
    acme, other = brand("Acme", "https://api.acme.example"), brand("Other", "https://api.other.example")
    paths = [each.path for whose in (acme, other) for each in libraries(branded(documents[NEWEST], whose), whose)]
    assert len(set(paths)) == len(paths)
    wheel = libraries(branded(documents[NEWEST], acme), acme)[0].made.body
    assert b"api.other.example" not in wheel


@pytest.mark.timeout(180)
def test_from_nothing_to_a_first_record_takes_a_minute_and_five_lines(live: Live, tmp_path: Path) -> None:
    told = live.client.get("/sdk/", headers={"Accept": "application/json"}).json()["python"]
    begun = time.monotonic()
    subprocess.run([sys.executable, "-m", "venv", tmp_path / "venv"], check=True)
    python = str(tmp_path / "venv/bin/python")
    url = live.url + "/sdk/" + told["url"].rpartition("/")[2]
    quiet = ("--quiet", "--disable-pip-version-check")
    subprocess.run([python, "-m", "pip", "install", *quiet, url], check=True, cwd=tmp_path)
    assert len([line for line in PROGRAM.splitlines() if line]) <= 5
    (tmp_path / "first.py").write_text(PROGRAM)
    env = os.environ | {"API_CLIENT_TOKEN": live.a.tokens["owner"], "API_CLIENT_BASE_URL": live.url}
    env.pop("PYTHONPATH", None)
    line = [python, "first.py"]
    said = subprocess.run(line, check=True, cwd=tmp_path, env=env, capture_output=True, text=True)
    assert said.stdout.strip() not in {"", "nobody"}
    assert told["url"].rpartition("/")[2] in README
    assert time.monotonic() - begun <= 60
