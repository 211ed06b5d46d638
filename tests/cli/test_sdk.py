"""`gateway sdk`: the library of each language and brand as a file, the same each time, and the one that /sdk/ serves."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
import zipfile
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from gateway.cli import main
from gateway.observe import logs
from tests.live import NEWEST

OLDEST = "2026-06-01"
CONFIG = """\
brands:
  - {name: Acme, hosts: [api.acme.example], public_url: "https://api.acme.example"}
  - {name: Énergie & Co, hosts: [api.energie.example], public_url: "https://api.energie.example"}
test: off
"""


def call(folder: Path, *arguments: str) -> Result:
    config = folder / "config.yaml"
    if not config.exists():
        config.write_text(CONFIG)
    try:
        return CliRunner().invoke(
            main, ["sdk", *arguments, "--config", str(config), "--data-dir", str(folder / "data")]
        )
    finally:
        logs.configure()


def made(folder: Path, *arguments: str) -> tuple[dict[str, Any], bytes]:
    ended = call(folder, *arguments, "--json")
    assert ended.exit_code == 0, ended.output
    told = json.loads(ended.stdout)
    return told, Path(told["file"]).read_bytes()


def texts(language: str, body: bytes) -> dict[str, str]:
    """Path in the package → text."""
    if language == "python":
        with zipfile.ZipFile(io.BytesIO(body)) as wheel:
            return {name: wheel.read(name).decode() for name in wheel.namelist()}
    with tarfile.open(fileobj=io.BytesIO(body), mode="r:gz") as tar:
        return {each.name: tar.extractfile(each).read().decode() for each in tar if each.isfile()}  # type: ignore[union-attr]


@pytest.mark.parametrize("language", ["python", "typescript"])
def test_each_brand_has_the_library_of_its_name_and_address_and_the_same_bytes_each_time(
    tmp_path: Path, language: str
) -> None:
    for name, called, origin in (
        ("Acme", "acme", "https://api.acme.example"),
        ("énergie & co", "energie-co", "https://api.energie.example"),
    ):
        told, body = made(tmp_path, language, "--out", str(tmp_path / "once"), "--brand", name)
        _, again = made(tmp_path, language, "--out", str(tmp_path / "again"), "--brand", name)
        assert body == again
        assert told["sha256"] == hashlib.sha256(body).hexdigest()
        assert (told["name"], told["version"].split(".")[0]) == (called, NEWEST.replace("-", ""))
        whole = "\n".join(texts(language, body).values())
        assert origin in whole
        (other,) = {"api.acme.example", "api.energie.example"} - {origin.removeprefix("https://")}
        assert other not in whole
        # What is switched off is absent, as it is from the document.
        assert "/v1/test/" not in whole


def test_a_library_of_an_older_contract_has_its_names_and_a_name_of_ones_own(tmp_path: Path) -> None:
    told, body = made(tmp_path, "python", "--out", str(tmp_path), "--contract", OLDEST, "--name", "Old Acme")
    assert (told["name"], told["version"].split(".")[0]) == ("old-acme", OLDEST.replace("-", ""))
    written = texts("python", body)
    assert "title: " in written["old_acme/records/deals.py"]
    assert OLDEST in written["old_acme/_deployment.py"]


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (("--brand", "Nobody"), 4, "there are Acme, Énergie & Co"),
        (("--contract", "2020-01-01"), 4, f"there are {NEWEST}"),
    ],
)
def test_what_there_is_none_of_is_told_with_what_there_is(
    tmp_path: Path, arguments: tuple[str, ...], code: int, told: str
) -> None:
    ended = call(tmp_path, "python", "--out", str(tmp_path / "out"), *arguments)
    assert ended.exit_code == code
    assert told in ended.stderr
    assert not (tmp_path / "out").exists()
