"""Dated contracts that are on their way out."""

import pytest

from gateway.config import ConfigError, load
from gateway.deployment import check
from tests.config.reading import Write


@pytest.mark.parametrize(
    ("versions", "refused"),
    [
        ("{2026-06-01: {deprecated: 2027-01-01, sunset: 2027-06-29}}", "2027-06-30 or later"),
        ("{2026-06-01: {deprecated: 2027-01-01, sunset: 2027-06-30}}", ""),
        ("{notice: 30d, 2026-06-01: {deprecated: 2027-01-01, sunset: 2027-01-31}}", ""),
        ("{notice: 31d, 2026-06-01: {deprecated: 2027-01-01, sunset: 2027-01-31}}", "31 days after"),
        ("{notice: 30d, 2026-06-01: {deprecated: 2027-01-01, sunset: 2027-02-20, notice: 60d}}", "60 days after"),
        ("{2026-06-01: {sunset: 2027-06-30}}", "no `deprecated` day"),
    ],
)
def test_callers_are_told_long_before_a_sunset(write: Write, versions: str, refused: str) -> None:
    settings = load(write(f"versions: {versions}"), {})
    if not refused:
        check(settings)
        return
    with pytest.raises(ConfigError) as raised:
        check(settings)
    (fault,) = raised.value.faults
    assert fault.path == "versions.2026-06-01.sunset" and refused in str(fault)
