"""Certificates of the ingest port: what cannot be used is told with its reason, when the file is read and not when somebody calls."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.config import load
from gateway.config.watched import files
from tests.certificates import make_authority
from tests.config.reading import Write, faults


def tls(**given: str) -> str:
    return f"webhooks: {{ingest: {{tls: {given}}}}}"


def test_a_certificate_with_its_key_is_taken_and_watched(write: Write, tmp_path: Path) -> None:
    authority = make_authority(tmp_path)
    own = str(authority.identity("127.0.0.1"))
    settings = load(write(tls(certificate=own, key=own, client_ca=authority.file)), {})
    assert files(settings) >= {Path(own), Path(authority.file)}


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"certificate": "own", "key": "ca"}, "certificate and key cannot be used"),
        ({"certificate": "ca", "key": "own"}, "certificate and key cannot be used (KEY_VALUES_MISMATCH)"),
        ({"certificate": "junk", "key": "own"}, "certificate and key cannot be used"),
        ({"certificate": "own", "key": "own", "client_ca": "junk"}, "client_ca cannot be used"),
        ({"certificate": "own", "key": "own", "client_ca": "none"}, "is not a file"),
        ({"certificate": "own"}, "is missing"),
    ],
)
def test_files_that_do_not_fit_are_a_fault(write: Write, tmp_path: Path, given: dict[str, str], said: str) -> None:
    authority = make_authority(tmp_path)
    (tmp_path / "junk").write_text("no certificate")
    places = {"own": str(authority.identity("127.0.0.1")), "ca": authority.file, "junk": str(tmp_path / "junk")}
    ((path, fault),) = faults(
        write(tls(**{key: places.get(name, str(tmp_path / name)) for key, name in given.items()}))
    ).items()
    assert path.startswith("webhooks.ingest.tls") and said in fault.problem
