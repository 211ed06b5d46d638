"""`python -m tests.deploy.sbom FILE`: what the image is made of, from the lock file, as CycloneDX (ECMA-424)."""

import sys
from pathlib import Path

from tests.deploy.tools import run

ROOT = Path(__file__).parents[2]


def write(file: Path) -> None:
    """The same bytes for the same lock."""
    lock, project = ROOT / "requirements.lock", ROOT / "pyproject.toml"
    run(
        "cyclonedx-py",
        "requirements",
        lock,
        "--pyproject",
        project,
        "--output-reproducible",
        "--of",
        "JSON",
        "-o",
        file,
    )


if __name__ == "__main__":
    write(Path(sys.argv[1]))
