"""Documents that name things must name things that exist, and all of them."""

import re
from pathlib import Path

import click
import pytest

from deploy.declared import METRICS
from gateway.cli import COMMANDS, main
from gateway.config.environment import CONFIG, SHORT

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_between_pages_lead_somewhere(page: Path) -> None:
    links = [link for link in re.findall(r"\]\(([^)#]+)[^)]*\)", page.read_text()) if "://" not in link]
    assert [link for link in links if not (page.parent / link).exists()] == []


def test_the_page_of_the_command_names_every_command_and_no_other() -> None:
    named = set(re.findall(r"^\| `gateway (\w+)", (ROOT / "docs/cli.md").read_text(), re.MULTILINE))
    assert named == set(COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_the_page_of_the_command_names_every_command_of_a_group_and_no_other(name: str) -> None:
    command = main.get_command(click.Context(main), name)
    if isinstance(command, click.Group):
        row = re.search(rf"^\| `gateway {name} ([^`]*)`", (ROOT / "docs/cli.md").read_text(), re.MULTILINE)
        assert row is not None
        assert set(row[1].split(r" \| ")) == set(command.commands)


def test_every_short_environment_name_is_documented() -> None:
    for page in (ROOT / "docs/cli.md", ROOT / "docs/operations.md"):
        text = page.read_text()
        assert [name for name in [*SHORT, CONFIG] if f"`{name}`" not in text] == []


def test_every_metric_is_documented() -> None:
    text = (ROOT / "docs/operations.md").read_text()
    assert [metric.name for metric in METRICS if f"`{metric.name}`" not in text] == []


def test_the_architecture_page_knows_every_folder_of_the_edge() -> None:
    text = (ROOT / "docs/architecture.md").read_text()
    folders = [path.parent.name for path in (ROOT / "gateway").glob("*/__init__.py")]
    assert [name for name in folders if f"{name}/`" not in text] == []


def test_the_glossary_names_what_there_is_in_the_code() -> None:
    page = (ROOT / "docs/glossary.md").read_text()
    rows = re.findall(r"^\| (?!word)[^|]+ \| [^|]+ \| ([^|]+) \|$", page, re.MULTILINE)
    named = {name for row in rows for name in re.findall(r"`(\w+)`", row)}
    code = "".join(path.read_text() for part in ("gateway", "adapters") for path in (ROOT / part).rglob("*.py"))
    defined = set(re.findall(r"^(?:class|def) (\w+)|^(\w+) = ", code, re.MULTILINE))
    there = {name for pair in defined for name in pair if name} | {"sandbox"}
    assert named
    assert sorted(named - there) == []


def test_the_architecture_page_tells_the_order_of_the_stages_as_it_is() -> None:
    code = re.findall(r"^    (\w+),  #", (ROOT / "gateway/api/pipeline.py").read_text(), re.MULTILINE)
    page = re.findall(r"^\| `(\w+)` \|", (ROOT / "docs/architecture.md").read_text(), re.MULTILINE)
    assert code
    assert page == code
