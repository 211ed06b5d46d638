"""`python -m tests.deploy.sbom FILE`: what the image is made of, from the lock file, as CycloneDX (ECMA-424)."""

import re
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from packaging.requirements import Requirement

from tests.deploy.tools import run

ROOT = Path(__file__).parents[2]
# The interpreter of the Dockerfile.
IMAGE = {
    "python_version": "3.13",
    "python_full_version": "3.13.0",
    "sys_platform": "linux",
    "platform_system": "Linux",
    "platform_python_implementation": "CPython",
    "implementation_name": "cpython",
    "os_name": "posix",
}


def write(file: Path) -> None:
    """The same bytes for the same lock."""
    with TemporaryDirectory() as folder:
        lock = Path(folder) / "requirements.lock"
        lock.write_text("".join(_installed((ROOT / "requirements.lock").read_text())))
        line = ("--pyproject", ROOT / "pyproject.toml", "--output-reproducible", "--of", "JSON", "-o", file)
        run("cyclonedx-py", "requirements", lock, *line)


def _installed(text: str) -> list[str]:
    """The entries of a lock file that concern the image: others are for older Pythons and other systems."""
    entries = re.split(r"(?m)^(?=[a-zA-Z0-9])", text)[1:]
    wanted = [Requirement(re.split(r"\s+(?:\\|--hash)", entry)[0]) for entry in entries]
    return [
        entry
        for entry, each in zip(entries, wanted, strict=True)
        if each.marker is None or each.marker.evaluate(dict(IMAGE))
    ]


if __name__ == "__main__":
    write(Path(sys.argv[1]))
