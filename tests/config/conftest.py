"""A configuration file to be written, in a folder below the one that commands are called in."""

from pathlib import Path

import pytest

from tests.config.reading import Write


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Write:
    monkeypatch.chdir(tmp_path)

    def _write(text: str) -> Path:
        path = tmp_path / "etc" / "gateway.yaml"
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
        return path

    return _write
