"""Which changes an operation of an older contract is about."""

from __future__ import annotations

from gateway.api.changes_met import changes_met
from gateway.deployment import built_in

KNOWN = built_in()
MET = {each.name: changes_met(each, KNOWN) for each in KNOWN.operations({}, {})}
OLDEST = "2026-06-01"


def names(operation: str) -> list[str]:
    return [name for kind, name in MET[operation].get(OLDEST, ()) if kind == "change"]


def test_whoever_reads_or_writes_a_field_that_changed_meets_the_change() -> None:
    for verb in ("get", "search", "create", "update"):
        assert names(f"contacts.{verb}") == ["contacts.phone"]
        assert names(f"deals.{verb}") == ["deals.title"]
    assert names("activities.search") == ["activities.type=mail"]
    assert names("companies.list_contacts") == ["contacts.phone"]


def test_whoever_neither_takes_nor_gives_it_meets_nothing() -> None:
    for operation in ("contacts.delete", "deals.delete", "tasks.get", "companies.search", "companies.get"):
        assert names(operation) == []


def test_the_newest_contract_has_nothing_that_changed() -> None:
    newest = KNOWN.contracts[0].date
    assert [name for name, met in MET.items() if newest in met] == []
    assert sum(OLDEST in met for met in MET.values()) > 10
