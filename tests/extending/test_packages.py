"""What a package may add, and what is refused at the start, with the place in the configuration and what to do."""

from __future__ import annotations

import itertools
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from adapters.core.extension import Extension
from adapters.core.shapes import shapes_of
from gateway import deployment
from gateway.auth.scopes import allowed
from gateway.config import ConfigError, Fault
from gateway.config.settings import Settings
from gateway.console import scope_picker
from gateway.oauth import consent
from openapi.document import documents
from tests.extending.example import code, write_package

Package = Callable[..., str]
_NAMES = (f"acme_api_{number}" for number in itertools.count(1))


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Package]:
    """Writes a package, of a name that is not loaded yet, and makes it importable; returns the name."""
    monkeypatch.syspath_prepend(str(tmp_path))

    def write(text: str = "") -> str:
        name = next(_NAMES)
        write_package(tmp_path, text, name)
        return name

    yield write
    for name in [each for each in sys.modules if each.startswith("acme_api_")]:
        del sys.modules[name]


def refused(*packages: str, **settings: object) -> Fault:
    with pytest.raises(ConfigError) as error:
        deployment.check(Settings.model_validate({"resources": packages, **settings}))
    (fault,) = error.value.faults
    return fault


def test_what_a_package_declares_is_there_beside_what_is_built_in(package: Package) -> None:
    known = deployment.catalogue(Settings(resources=(package(),)))
    built_in = deployment.built_in()
    assert {each.name for each in known.operations()} - {each.name for each in built_in.operations()} == {
        f"machines.{name}" for name in ("search", "create", "get", "get_many", "update", "delete")
    }
    assert known.scopes.single - built_in.scopes.single == {"machine.read", "machine.write", "machine.delete"}
    (machines,) = [each for each in known.resources if each.path == "machines"]
    shapes = shapes_of(machines, known.contracts).values()
    assert [[field.name for field in shape.fields if field.today == "name"] for shape in shapes] == [
        ["name"],
        ["label"],
    ]
    # What is built in is built in for the next one, too.
    assert deployment.catalogue(Settings()).scopes == built_in.scopes


def test_its_scopes_are_asked_for_and_granted_like_any_other(package: Package) -> None:
    settings = Settings.model_validate({"resources": [package()], "roles": {"clerk": {"allow": ["machine.*"]}}})
    known = deployment.catalogue(settings)
    assert allowed(known.scopes, "clerk", settings.roles) == {"machine.read", "machine.write", "machine.delete"}
    (group,) = consent.asked(known, ["machine.all"], known.scopes.single)
    assert (group.title, [line.text for line in group.lines]) == (
        "Machines",
        ["See machines", "Add and change machines", "Delete machines"],
    )
    assert "Machines" in [family.title for family in scope_picker.families(known, known.scopes.single)]


def test_a_family_that_a_package_restricts_is_kept_from_roles_that_do_not_name_it(package: Package) -> None:
    text = code("python").replace("contracts=(CHANGES,))", 'contracts=(CHANGES,), restricted=frozenset({"machine"}))')
    settings = Settings.model_validate({"resources": [package(text)], "roles": {"clerk": {"allow": ["*"]}}})
    known = deployment.check(settings)
    assert not {scope for scope in allowed(known.scopes, "clerk", settings.roles) if scope.startswith("machine")}
    (warning,) = deployment.warnings(settings, known.scopes.restricted)
    assert "machine" in warning.problem


def test_a_date_that_the_gateway_does_not_have_is_a_contract_of_the_whole_api(package: Package) -> None:
    known = deployment.catalogue(Settings(resources=(package(code("python").replace("2026-09-01", "2026-10-01")),)))
    assert [contract.date for contract in known.contracts][:2] == ["2026-10-01", "2026-09-01"]
    assert known.newest == "2026-10-01"
    assert all("2026-10-01" in operation.faces for operation in known.operations())


def test_words_that_a_built_in_resource_has_too_stand_beside_each_other_in_the_documents(package: Package) -> None:
    text = code("python").replace('searched=("name",),', 'searched=("name",), words=(Import(), Export()),')
    name = package(f"from adapters.core.words import Export, Import\n{text}")
    for document in documents(deployment.with_packages([name])).values():
        assert {"ContactImportAnswer", "MachineImportAnswer"} <= document["components"]["schemas"].keys()


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('"machines"', '"contacts"', "two resources have the same path: contacts"),
        ('singular="machine"', 'singular="contact"', "two resources have the same singular: contact"),
        ("class Machine(Dated)", "class Contact(Dated)", None),
        ('"mach_"', '"con_"', "two resources have the same prefix: con_"),
        ('"mach_"', '"stage_"', "two types of id begin with stage_"),
        ('"machines"', '"rented/machines"', "'rented/machines' is no path"),
        ('scope="machine"', 'scope="machine.let"', "'machine.let' is no family of scopes"),
        ('rename={"state"', 'rename={"stat"', "rename names unknown fields ['stat']"),
        (
            'resource="machines", old',
            'resource="contacts", old',
            "2026-09-01: a change of contacts, which is not a resource",
        ),
        ('new="name", why', 'new="nam", why', "a dated change names the unknown field nam"),
        ('"2026-09-01"', '"2020-01-01"', "2020-01-01: there was no contract before 2026-06-01"),
        ('"2026-09-01"', '"1 September"', "'1 September' is not the date of a contract"),
        ("contracts=(CHANGES,))", "restricted=frozenset({'machin'}))", "no scope is of the restricted family machin"),
    ],
)
def test_what_cannot_be_declared_here_cannot_be_declared_there(
    package: Package, old: str, new: str, told: str | None
) -> None:
    text = code("python").replace(old, new)
    if told is None:
        text, told = text.replace("model=Machine", "model=Contact"), "two resources have the same model: Contact"
    name = package(text)
    fault = refused(name)
    assert (fault.path, f"{name} cannot be used: TypeError: " in fault.problem) == ("resources[0]", True), fault
    assert told in fault.problem
    assert "docs/extending.md" in fault.fix


def test_a_package_that_is_not_there_is_told_apart_from_one_that_lacks_something(package: Package) -> None:
    assert (refused("acme_nowhere").problem, "PYTHONPATH" in refused("acme_nowhere").fix) == (
        "there is no package acme_nowhere",
        True,
    )
    broken = refused(package("import acme_elsewhere\n"))
    assert "cannot be used: ModuleNotFoundError: No module named 'acme_elsewhere'" in broken.problem
    assert refused(package("X = 1\n")).problem.endswith("has no EXTENSION")
    assert "is no Extension" in refused(package("EXTENSION = 1\n")).problem
    assert "SyntaxError" in refused(package("EXTENSION = (\n")).problem
    first, second = package(), package()
    assert refused(first, second).path == "resources[1]"
    with pytest.raises(TypeError, match="neither"):
        Extension()


def test_a_service_is_of_the_suite_or_of_a_resource_and_then_it_has_an_address(package: Package) -> None:
    auth = {"auth": {"credentials": "service_key"}}
    fault = refused(services={**auth, "cmr": {}})
    assert (fault.path, fault.fix) == ("services.cmr", "Did you mean crm?")
    name = package()
    fault = refused(name, services={**auth, "rentals": {}})
    assert (fault.path, fault.fix) == ("services.rentals.base_url", "Write its address.")
    settings = {"resources": [name], "services": {**auth, "rentals": {"base_url": "http://127.0.0.1:1"}}}
    known = deployment.check(Settings.model_validate(settings))
    off = {op.name for op in deployment.operations(Settings.model_validate(settings), known) if op.enabled}
    assert "machines.get" in off
