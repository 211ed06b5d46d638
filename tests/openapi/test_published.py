"""Documents of an earlier run are sent again, when they would be the same and are whole."""

import re
from collections.abc import Sequence
from pathlib import Path

from adapters import RESOURCES
from adapters.core.compile.catalogue import compile_all
from adapters.core.operation import Operation
from gateway.brands import Brands
from gateway.config.settings import Settings
from gateway.reference.documents import deployed
from gateway.reference.published import made_of, sound, whole
from gateway.reference.publishing import publish
from gateway.sandboxes.injections import INJECTIONS
from gateway.versions import CONTRACTS
from openapi.comparing import breaking
from tests.openapi.generated import GENERATED
from tests.openapi.publication import of_one_resource
from tests.openapi.validity import faults

SETTINGS = Settings()
BRANDS = Brands(SETTINGS.brands, 8080).all


def operations() -> Sequence[Operation]:
    return compile_all(RESOURCES, CONTRACTS, {})


def test_what_an_earlier_run_published_is_sent_again_and_made_again_when_it_is_not_whole(tmp_path: Path) -> None:
    everything = of_one_resource({})

    def started() -> tuple[str, bool]:
        """What a start publishes, and whether it made it."""
        before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
        name = publish(tmp_path, SETTINGS, BRANDS, everything, CONTRACTS)
        assert {each.name for each in tmp_path.iterdir()} == {name}
        return name, {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")} != before

    name, made = started()
    assert made
    assert name == made_of(SETTINGS, BRANDS, everything, CONTRACTS)
    assert started() == (name, False)
    # The power goes while it is written: a file is short, another is not there at all.
    packed = next(tmp_path.rglob("*.gz"))
    packed.write_bytes(packed.read_bytes()[:-20])
    assert started() == (name, True)
    packed.with_suffix("").unlink()
    assert not whole(tmp_path / name)
    assert sound(tmp_path / name)
    (tmp_path / name / "manifest.json").write_bytes(b"[")
    assert not whole(tmp_path / name)
    assert not sound(tmp_path / name)


def test_other_documents_are_made_of_something_else() -> None:
    everything = operations()
    origin = made_of(SETTINGS, BRANDS, everything, CONTRACTS)
    assert made_of(Settings(), Brands(SETTINGS.brands, 8080).all, operations(), CONTRACTS) == origin
    lasting = Settings.model_validate({"cursors": {"lifetime": "2h"}})
    others = (
        made_of(lasting, BRANDS, everything, CONTRACTS),
        made_of(SETTINGS, Brands(SETTINGS.brands, 8081).all, everything, CONTRACTS),
        made_of(SETTINGS, BRANDS, everything[1:], CONTRACTS),
        made_of(SETTINGS, BRANDS, everything, CONTRACTS[:1]),
    )
    assert len({origin, *others}) == 5


def test_every_operation_may_be_asked_to_fail_where_there_is_test_mode_and_nowhere_else() -> None:
    for testing in (True, False):
        settings = Settings.model_validate({"test": "on" if testing else "off"})
        for date, document in deployed(settings, operations()).items():
            items = [item for methods in document["paths"].values() for item in methods.values()]
            last = [item["parameters"][-1].get("$ref", "").rpartition("/")[2] for item in items]
            assert (set(last) == {"TestFault"}) is testing and ("TestFault" in last) is testing
            found = document["components"]["parameters"].get("TestFault", {})
            assert (found.get("name"), found.get("required")) == ("Test-Fault" if testing else None, None)
            if testing:
                assert all(re.match(found["schema"]["pattern"], each.spelt) for each in INJECTIONS.values())
                assert breaking(GENERATED[date], document) == []
                assert faults(document) == []
