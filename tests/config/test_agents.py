"""`mcp` in config.yaml is held against the contracts that there are."""

from __future__ import annotations

import pytest

from gateway import deployment
from gateway.config import ConfigError
from gateway.config.settings import Settings


def test_agents_work_in_a_contract_that_there_is() -> None:
    deployment.check(Settings.model_validate({"mcp": {"contract": "2026-06-01"}}))
    with pytest.raises(ConfigError) as caught:
        deployment.check(Settings.model_validate({"mcp": {"contract": "2026-06-02"}}))
    assert [(fault.path, fault.problem) for fault in caught.value.faults] == [
        ("mcp.contract", "is not the date of a contract")
    ]
