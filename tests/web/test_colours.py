"""By night the pages have other colours, and nothing else: all that is judged by day need not be judged again."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2] / "gateway"
SHEETS = [path for path in ROOT.rglob("static/*.css") if "prefers-color-scheme" in path.read_text()]


@pytest.mark.parametrize("sheet", SHEETS, ids=lambda path: path.name)
def test_a_sheet_has_nothing_but_colours_for_the_night(sheet: Path) -> None:
    text = re.sub(r"/\*.*?\*/", "", sheet.read_text(), flags=re.DOTALL)
    (night,) = re.findall(r"@media \(prefers-color-scheme: dark\) \{\s*:root \{(.*?)\}\s*\}", text, re.DOTALL)
    assert text.count("prefers-color-scheme") == 1
    changed = dict(re.findall(r"(--[a-z-]+): (#[0-9a-f]{6});", night))
    assert re.sub(r"--[a-z-]+: #[0-9a-f]{6};", "", night).strip() == ""
    (day,) = re.findall(r"^:root \{(.*?)\}", text, re.DOTALL | re.MULTILINE)
    assert changed.keys() <= dict(re.findall(r"(--[a-z-]+): ([^;]+);", day)).keys()
    # Each of them is the value of something that has a colour.
    for line in re.findall(rf"([a-z-]+):[^;{{}}]*var\((?:{'|'.join(changed)})\)", text):
        assert re.search(r"color|background|border|outline|shadow|fill|stroke|^--", line), line
