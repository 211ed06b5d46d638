"""`ids`: alphabets of a deployment's own, held against what there is, and used wherever an id is read or written."""

import pytest

from adapters import RESOURCES
from adapters.core.compile.catalogue import compile_all
from adapters.core.declare.changes import Contract
from gateway import deployment
from gateway.config import ConfigError
from gateway.config.settings import Settings
from gateway.versions import CONTRACTS
from tests.adapters.declaring import BILL, DATE, LINE, PART, ROW, accepted, bills, data, driven, face
from tests.config.reading import Write, faults


@pytest.mark.parametrize(
    ("text", "path", "problem"),
    [
        ("ids: {usr_: '[0-9]+'}", "ids.usr_", "cannot be read from '+' on"),
        ("ids: {usr_: 'a/b'}", "ids.usr_", "cannot be read from '/b' on"),
        ("ids: {usr: '[0-9]{3}'}", "ids.usr", "is not the prefix of an id"),
    ],
)
def test_what_is_no_alphabet_is_refused_at_its_place(write: Write, text: str, path: str, problem: str) -> None:
    assert faults(write(text))[path].problem == problem


def test_a_prefix_that_begins_no_id_is_refused_with_the_nearest() -> None:
    with pytest.raises(ConfigError) as error:
        deployment.check(Settings(ids={"usrs_": "[0-9]{3}"}))
    (fault,) = error.value.faults
    assert (fault.path, fault.problem, fault.fix) == ("ids.usrs_", "begins no id", "Did you mean usr_?")


def test_the_operations_of_a_deployment_take_ids_in_its_alphabets() -> None:
    settings = Settings(ids={"con_": "integer", "usr_": "[0-9a-f]{24}"})
    deployment.check(settings)
    named = {each.name: each for each in deployment.operations(settings, deployment.catalogue(settings))}
    (of,) = named["contacts.get"].params
    assert of is not None
    assert of.decode("con_12") == 12
    untouched = {each.name: each for each in compile_all(RESOURCES, CONTRACTS, {})}["contacts.get"].params[0]
    assert untouched is not None
    assert untouched.decode("con_12") is None


def test_ids_in_another_alphabet_cross_both_ways() -> None:
    alphabets = {BILL.prefix: "integer", PART.prefix: "[a-f]{3}"}
    named = {each.name: each for each in compile_all([bills()], [Contract(date=DATE, summary="First.")], {}, alphabets)}
    get, create = named["bills.get"], named["bills.create"]
    row = {**ROW, "id": 12, "items": [{**LINE, "partId": "abc"}]}
    answer, (call,) = driven(get, accepted(get, None, "bill_12"), row)
    assert (data(answer)["id"], data(answer)["lines"][0]["part_id"]) == ("bill_12", "part_abc")
    assert call.path == b"/api/bills/12"
    sent = accepted(create, {"lines": [{"part_id": "part_abc", "title": "Cog", "unit_price": "1"}]})
    assert sent.body["items"][0]["partId"] == "abc"
    assert driven(create, sent, (201, row))[0].headers == ((b"location", b"/v1/bills/bill_12"),)
    assert face(get).gives is not None
