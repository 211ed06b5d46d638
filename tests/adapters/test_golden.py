"""Golden pairs: one record as its service holds it, and as each contract shows it. A change of one is a change of the contract."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from adapters import RESOURCES
from adapters.core.answer.from_service import Outward
from adapters.core.compile.catalogue import whole
from adapters.core.declare.changes import Contract
from adapters.core.declare.resource import Resource
from gateway.versions import CONTRACTS
from tests.conformance.declared import name, shape

EVERY = whole(RESOURCES)
GOLDEN = Path(__file__).parents[1] / "golden"


@pytest.mark.parametrize("contract", CONTRACTS, ids=name)
@pytest.mark.parametrize("resource", EVERY, ids=name)
def test_a_record_is_shown_as_the_golden_pair_says(resource: Resource, contract: Contract) -> None:
    folder = GOLDEN / resource.path
    outward = Outward(shape(resource, contract.date))
    shown = json.loads(outward.one(outward.read((folder / "internal.json").read_bytes())))
    assert shown == json.loads((folder / f"{contract.date}.json").read_text())
    assert list(shown["data"]) == [field.name for field in shape(resource, contract.date).fields]


def test_every_resource_and_contract_has_its_golden_pair_and_no_other() -> None:
    expected = {f"{r.path}/{file}" for r in EVERY for file in ["internal", *(c.date for c in CONTRACTS)]}
    assert {str(path.relative_to(GOLDEN).with_suffix("")) for path in GOLDEN.glob("*/*.json")} == expected
