"""The list of tools is the permission, and it does not grow with the API."""

from __future__ import annotations

import itertools
import time
from typing import Any

import orjson
import pytest

from adapters.core.faults import Invalid
from adapters.core.shapes import Field
from gateway.config.settings import Settings
from gateway.deployment import catalogue, operations
from gateway.keys.keyring import Keyring
from gateway.mcp import answers, calls, confirm, describe
from gateway.mcp.offered import PLAIN, Offered, offered
from gateway.mcp.records import shape_of
from gateway.mcp.tools import NAMES, READING, Tools
from gateway.versions import CONTRACTS
from gateway.webhooks import declared as webhooks

NEWEST = CONTRACTS[0].date
KNOWN = catalogue(Settings())
OPERATIONS = operations(Settings(), KNOWN)
OFFERED = offered(OPERATIONS, NEWEST, outward=False)
TOOLS = Tools(OFFERED)
EVERY = KNOWN.scopes.single


def listed(scopes: frozenset[str], *, reading: bool = False) -> dict[str, Any]:
    return {tool["name"]: tool for tool in orjson.loads(orjson.dumps(TOOLS.listed(scopes, reading=reading)))}


def test_all_tools_together_are_small_whatever_is_declared() -> None:
    everything = listed(EVERY)
    assert tuple(everything) == NAMES
    assert len(orjson.dumps(list(everything.values()))) <= 14 * 1024


def test_a_tool_is_listed_for_the_resources_that_its_operations_are_permitted_on() -> None:
    for scopes in (
        EVERY,
        frozenset({"contact.read"}),
        frozenset({"deal.read", "note.write"}),
        frozenset({"task.delete"}),
    ):
        tools = listed(scopes)
        for verb in PLAIN:
            named = [path for path, each in OFFERED.plain[verb].items() if scopes.issuperset(each.scopes)]
            if verb in ("search", "create"):
                enum = tools[verb]["inputSchema"]["properties"]["resource"]["enum"] if verb in tools else []
                assert enum == named
            assert (verb in tools) == bool(named)


def test_nothing_is_listed_for_who_may_do_nothing_and_nothing_that_writes_at_the_door_for_readers() -> None:
    assert TOOLS.listed(frozenset(), reading=False) is None
    assert tuple(listed(EVERY, reading=True)) == READING


def test_input_schemas_are_flat_and_closed() -> None:
    for tool in listed(EVERY).values():
        text = orjson.dumps(tool["inputSchema"]).decode()
        assert tool["inputSchema"]["additionalProperties"] is False
        assert not any(word in text for word in ("$ref", "oneOf", "anyOf", "allOf"))
        assert tool["annotations"]["openWorldHint"] is False


def test_arguments_that_are_not_of_the_declared_form_are_told_by_pointer() -> None:
    for tool, arguments, pointer in (
        ("search", {}, "/resource"),
        ("search", {"resource": "contacts", "limit": 51}, "/limit"),
        ("search", {"resource": "contacts", "limit": "5"}, "/limit"),
        ("search", {"resource": "contacts", "direction": "up"}, "/direction"),
        ("search", {"resource": "contacts", "filtres": []}, "/filtres"),
        ("get", {"ids": []}, "/ids"),
        ("get", {"ids": ["con_1"] * 26}, "/ids"),
        ("get", {"ids": [5]}, "/ids/0"),
        ("create", {"resource": "contacts", "values": []}, "/values"),
        ("update", "con_1", ""),
    ):
        with pytest.raises(Invalid) as caught:
            TOOLS.check(tool, arguments)
        assert [each.pointer for each in caught.value.errors] == [pointer], (tool, arguments)


def test_a_description_of_a_resource_is_short_and_one_of_a_verb_is_its_schema() -> None:
    held = EVERY - {"contact.delete"}
    assert f"{len(OFFERED.paths)}" == f"{len(describe.overview(OFFERED, EVERY, EVERY).splitlines()) - 1}"
    line = next(each for each in describe.overview(OFFERED, EVERY, held).splitlines() if each.startswith("contacts:"))
    assert line.endswith("| - | delete")
    line = next(each for each in describe.overview(OFFERED, held, held).splitlines() if each.startswith("contacts:"))
    assert line.endswith("| delete | -")
    for path in OFFERED.paths:
        text = describe.resource(OFFERED, path, EVERY)
        assert text.startswith(f"{path}: ") and len(text.encode()) <= 2048, path
        for verb in PLAIN:
            if path in OFFERED.plain[verb]:
                assert describe.schema(OFFERED.plain[verb][path], NEWEST, EVERY)["additionalProperties"] is False


def test_actions_that_reach_somebody_outside_are_no_tool_unless_they_are_switched_on() -> None:
    outward = {(each.name.partition(".")[0], each.name.partition(".")[2]) for each in OPERATIONS if each.outward}
    assert ("invoices", "send") in outward
    switched_on = offered(OPERATIONS, NEWEST, outward=True)
    for path, name in outward:
        assert name not in OFFERED.actions[path] and name in switched_on.actions[path]
        assert f"action {name}:" not in describe.resource(OFFERED, path, EVERY)
        with pytest.raises(Invalid) as caught:
            calls.acted(OFFERED, {"id": f"{_prefix(path)}1", "action": name})
        assert name not in caught.value.errors[0].allowed


def test_no_tool_has_an_address_outside_called_or_reads_a_secret_of_webhooks() -> None:
    hooks = offered(webhooks.operations([NEWEST]), NEWEST, outward=False)
    path = "webhook_subscriptions"
    assert [verb for verb in PLAIN if path in hooks.plain[verb]] == ["search", "get", "delete"]
    assert list(hooks.actions[path]) == ["pause"]


def test_who_may_only_read_has_no_tool_that_acts() -> None:
    everything = offered([*OPERATIONS, *webhooks.operations([NEWEST])], NEWEST, outward=True)
    reading = frozenset(scope for scope in EVERY if scope.endswith(".read"))
    assert everything.resources("act", reading) == []


def test_members_that_a_family_guards_are_described_to_those_who_have_its_scopes() -> None:
    guarding = {(path, each.name, each.guard) for path, each in _fields() if each.guard}
    assert guarding
    for path, name, family in guarding:
        reading, both = EVERY - {f"{family}.write"}, EVERY - {f"{family}.write", f"{family}.read"}
        assert f"- {name} " in describe.resource(OFFERED, path, EVERY)
        assert f"- {name}= " in describe.resource(OFFERED, path, reading)
        assert name not in describe.resource(OFFERED, path, both)
        for verb in ("create", "update"):
            operation = OFFERED.plain[verb][path]
            assert name in describe.schema(operation, NEWEST, EVERY)["properties"]
            assert name not in describe.schema(operation, NEWEST, reading)["properties"]


def _prefix(path: str) -> str:
    return next(prefix for prefix, named in OFFERED.prefixes.items() if named == path)


def _fields() -> list[tuple[str, Field]]:
    """Every field of every record that a tool answers, with its resource."""
    shapes = [(path, shape_of(each, NEWEST)) for path, each in OFFERED.plain["get"].items()]
    return [(path, each) for path, shape in shapes if shape is not None for each in shape.fields]


def test_the_beginning_of_an_id_tells_what_it_is_an_id_of() -> None:
    assert OFFERED.resource_of("con_5f2b8c1d9e3a7b6c4d5e6f71") == "contacts"
    for strange in ("con", "", "xyz_1", "CON_1", "/etc_"):
        assert OFFERED.resource_of(strange) is None
        with pytest.raises(Invalid) as caught:
            calls.read(OFFERED, strange, "/ids/0")
        assert caught.value.errors[0].pointer == "/ids/0"


def test_what_an_id_holds_never_leads_to_another_path() -> None:
    for sneaky in ("con_/../../deals", "con_?limit=1", "con_#", "con_%2e%2e", "con_ä"):
        path = calls.read(OFFERED, sneaky, "/ids/0").path
        assert path.startswith("/v1/contacts/con_") and path.count("/") == 3 and not {"?", "#"} & set(path)


def test_the_same_values_are_the_same_create_and_other_values_are_not() -> None:
    def key(values: dict[str, Any], resource: str = "contacts") -> str:
        return calls.created(OFFERED, {"resource": resource, "values": values}).key

    assert key({"a": 1, "b": 2}) == key({"b": 2, "a": 1}) != key({"a": 1})
    assert key({"name": "x"}) != key({"name": "x"}, "companies")
    assert calls.created(OFFERED, {"resource": "notes", "values": {}, "idempotency_key": "mine"}).key == "mine"


def test_what_is_left_of_a_page_is_what_fits() -> None:
    records = [{"id": f"con_{at}", "text": "x" * 90} for at in range(10)]
    assert answers.fitting(records, 5000) == 10 and 0 < answers.fitting(records, 400) < 10
    large = {"id": "note_1", "body": "y" * 9000, "title": "z" * 600}
    cut = answers.shortened(large, 2000)
    assert cut["shortened"] == ["body"] and cut["title"] == large["title"] and len(orjson.dumps(cut)) <= 2000
    beneath = {"id": "con_1", "notes": [{"id": f"note_{at}", "body": "y" * 9000} for at in range(10)], "tags": ["a"]}
    cut = answers.shortened(beneath, 4000)
    assert cut["shortened"] == ["notes.body", "notes"] and len(cut["notes"]) == 5 and cut["tags"] == ["a"]
    assert answers.shortened(large, 20_000) == large


def test_a_seal_confirms_one_record_as_it_is_for_one_principal_and_not_for_long(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    keyring, record = Keyring.load(Keyring.create()), {"id": "inv_1", "name": "Ada"}
    act = {"id": "inv_1", "action": "mark_sent"}
    twin = calls.acted(OFFERED, act)
    sealed = confirm.seal(keyring, "me", twin, record)
    other, voided = calls.acted(OFFERED, {**act, "id": "inv_2"}), calls.acted(OFFERED, {**act, "action": "void"})
    with_values = calls.acted(OFFERED, {**act, "values": {"note": "x"}})
    assert confirm.holds(keyring, "me", twin, record, sealed)
    assert not confirm.holds(keyring, "you", twin, record, sealed)
    assert not confirm.holds(keyring, "me", other, record, sealed)
    assert not confirm.holds(keyring, "me", voided, record, sealed)
    assert not confirm.holds(keyring, "me", with_values, record, sealed)
    assert not confirm.holds(keyring, "me", twin, {**record, "name": "Eve"}, sealed)
    assert not confirm.holds(keyring, "me", twin, record, "forged")
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + confirm.LIFETIME + 1)
    assert not confirm.holds(keyring, "me", twin, record, sealed)


def test_whatever_is_permitted_here_is_permitted_by_the_very_scopes_of_its_twin() -> None:
    verbs = [*OFFERED.plain.items(), *OFFERED.actions.items(), *OFFERED.related.items()]
    by_name = {each.name: each for each in OPERATIONS}
    found = list(itertools.chain.from_iterable(named.values() for _, named in verbs))
    assert found and all(by_name[each.name] is each for each in found)
    assert isinstance(OFFERED, Offered)
