"""A client of an older contract reads back what it wrote: down(up(x)) == x, for every change and for whole bodies."""

from __future__ import annotations

from itertools import cycle
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.core.answer.from_service import Outward
from adapters.core.declare.changes import Contract, Renamed, Reshaped, ValueRenamed
from adapters.core.declare.resource import Resource
from adapters.core.request.json_body import Document
from adapters.core.request.to_service import Inward
from adapters.core.strict_json import encode
from gateway.versions import CONTRACTS
from tests.attacks.driving import record
from tests.conformance.declared import CREATABLE, name, sample, shape

CHANGES = [change for contract in CONTRACTS for change in contract.changes]


@pytest.mark.parametrize(
    "change", [c for c in CHANGES if isinstance(c, Reshaped)], ids=lambda c: f"{c.resource}.{c.old}"
)
@given(value=st.none() | st.text(min_size=1))
def test_a_reshaped_value_survives_the_way_up_and_down(change: Reshaped, value: str | None) -> None:
    assert change.down(change.up(value)) == value


@pytest.mark.parametrize(
    "change", [c for c in CHANGES if isinstance(c, Reshaped)], ids=lambda c: f"{c.resource}.{c.old}"
)
@given(value=st.none() | st.text(min_size=1), newer=st.lists(st.text(min_size=1)))
def test_a_merged_value_reads_back_as_written_and_loses_nothing_unseen(
    change: Reshaped, value: str | None, newer: list[str]
) -> None:
    merged = change.merge(value, newer)
    assert change.down(merged) == value
    assert value is None or merged[1:] == newer[1:]


@pytest.mark.parametrize("change", CHANGES, ids=lambda c: f"{c.resource}.{c.old}")
def test_every_change_says_why(change: Renamed | Reshaped | ValueRenamed) -> None:
    assert change.why.endswith(".")
    assert f"`{change.old}`" in change.why
    assert f"`{change.new}`" in change.why


@pytest.mark.parametrize("contract", CONTRACTS, ids=name)
@pytest.mark.parametrize("resource", CREATABLE, ids=name)
def test_a_body_survives_the_way_to_the_service_and_back(resource: Resource, contract: Contract) -> None:
    fields = shape(resource, contract.date)
    sent = sample(resource, contract.date)
    body, _ = Inward(fields, partial=False).translate(Document(fields, partial=False).read(sent))
    today = shape(resource, CONTRACTS[0].date).today()
    held = record(resource)
    minimum = {
        field.held: held[field.held]
        for field in today.values()
        if field.read_only and not field.nullable and field.default is None
    }
    for field in today.values():
        if field.many and field.held in body:
            # A service adds to each record of a list what it works out.
            body[field.held] = [{**like, **one} for like, one in zip(cycle(held[field.held]), body[field.held])]
    outward = Outward(fields)
    answered = msgspec.json.decode(outward.one(outward.read(encode({"data": {**minimum, **body}}))))["data"]
    assert holds(answered, sent)


def holds(answered: Any, sent: Any) -> bool:
    """Whether everything that was sent is in the answer, whatever else is."""
    if isinstance(sent, dict):
        return all(holds(answered[name], value) for name, value in sent.items())
    if isinstance(sent, list):
        return len(answered) == len(sent) and all(map(holds, answered, sent))
    return bool(answered == sent)
