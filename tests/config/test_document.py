"""Texts that are no configuration: whatever stands in file or variable, a person hears where and why, and at once."""

import time
from pathlib import Path

import pytest

from gateway.config import load
from tests.config.reading import Write, faults


def test_a_key_written_twice_is_refused_with_both_lines(write: Write) -> None:
    fault = faults(write("cursors: {}\nlogging: {}\ncursors: {}\n"))["cursors"]
    assert fault.problem == "stands twice, on lines 1 and 3"


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("limits: {token: {quota: 200, quota: 5}}", "limits.token.quota"),
        ("limits: {token: {quota: 200, 'quota': 200}}", "limits.token.quota"),
        ("server: {&k port: 8081, *k : 8082}", "server.port"),
    ],
)
def test_a_key_written_twice_on_one_line_is_refused_as_well(write: Write, text: str, path: str) -> None:
    fault = faults(write(text))[path]
    assert fault.problem == "stands twice, on line 1" and fault.source == "gateway.yaml, line 1"


def test_a_variable_is_read_as_strictly_as_the_file(write: Write) -> None:
    fault = faults(None, {"GATEWAY_SERVER": "{port: 1, port: 2}"})["server.port"]
    assert "stands twice" in fault.problem and fault.source == "GATEWAY_SERVER"
    fault = faults(None, {"GATEWAY_SERVER": "{on: 1}"})["server.on"]
    assert "not text" in fault.problem and fault.source == "GATEWAY_SERVER"


@pytest.mark.parametrize("key", ["on", "No", "1", "0x1", "1.5", "~", "!!int a"])
def test_a_key_that_yaml_does_not_take_for_text_is_named_as_it_was_written(write: Write, key: str) -> None:
    found = faults(write(f"logging: {{}}\n{key}: x\n"))
    ((path, fault),) = found.items()
    assert path == key.removeprefix("!!int ") and "not text" in fault.problem and fault.source == "gateway.yaml, line 2"


@pytest.mark.parametrize("key", ["[a, b]", "!!str [a]", "!!str {a: b}", "!!merge [a]"])
def test_a_key_that_is_a_list_or_a_map_is_refused(write: Write, key: str) -> None:
    assert "not text" in faults(write(f"? {key}\n: x\n"))["configuration"].problem


def test_a_key_that_is_an_alias_of_the_one_before_stands_twice(write: Write) -> None:
    fault = faults(write("server:\n  &k port: 8081\n  *k : 8082\n"))["server.port"]
    assert fault.problem == "stands twice, on line 2"


UNREADABLE = [
    "0x_",
    "0b_",
    "!!int abc",
    "!!float abc",
    "!!bool abc",
    "!!timestamp abc",
    "!!binary é",
    "1" * 5_000,
    '"\\0"',
    '"\\ud800"',
]


@pytest.mark.parametrize("value", UNREADABLE)
def test_a_value_that_cannot_be_made_of_its_text_is_one_fault_at_its_place(write: Write, value: str) -> None:
    for found in (
        faults(write(f"cursors: {{}}\nserver: {{port: {value}}}")),
        faults(None, {"GATEWAY_SERVER__PORT": value}),
    ):
        ((path, fault),) = found.items()
        assert path == "server.port" and "cannot be read as" in fault.problem
        assert fault.source in {"gateway.yaml, line 2", "GATEWAY_SERVER__PORT"}


def test_a_folder_no_system_can_have_is_one_fault(write: Write) -> None:
    assert set(faults(write('server: {data_dir: "a\\0b"}'))) == {"server.data_dir"}


@pytest.mark.parametrize("text", ["[" * 3_000 + "]" * 3_000, "&a {auth: *a}", "&a [*a]"])
def test_values_without_a_bottom_are_one_fault_in_file_and_variable(write: Write, text: str) -> None:
    assert len(faults(write(f"services: {text}"))) == 1
    ((path, fault),) = faults(None, {"GATEWAY_SERVICES": text}).items()
    assert path == "services" and fault.source == "GATEWAY_SERVICES"


def test_a_few_aliases_that_stand_for_millions_of_values_are_refused_at_once(write: Write) -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 9)]
    began = time.process_time()
    (fault,) = faults(write("\n".join(lines))).values()
    assert "aliases" in fault.problem and time.process_time() - began < 2
    merged = "m0: &m0 {a: 1}\n" + "\n".join(
        f"m{n}: &m{n} {{<<: [{', '.join([f'*m{n - 1}'] * 9)}]}}" for n in range(1, 9)
    )
    assert "aliases" in next(iter(faults(write(merged)).values())).problem


def test_an_alias_is_welcome(write: Write) -> None:
    path = write("services:\n  auth: &own {credentials: service_key}\n  crm: {<<: *own}\n  hr: *own\n")
    assert {service.credentials for service in load(path, {}).services.values()} == {"service_key"}


def test_what_a_variable_replaces_is_told_as_the_variables(write: Write) -> None:
    path = write("logging: {}\nserver: {port: 80, workers: 1}\n")
    assert faults(path, {"GATEWAY_SERVER": "{workers: 0}"})["server.workers"].source == "GATEWAY_SERVER"


@pytest.mark.parametrize("text", ["a: [", "- a", "just words", "a: !!python/object:os.system {}", "a: \x00", "a: *b"])
def test_a_file_that_is_not_such_yaml_is_one_fault(write: Write, text: str) -> None:
    assert len(faults(write(text))) == 1


def test_a_file_that_is_not_there_is_one_fault(tmp_path: Path) -> None:
    assert "No such file" in faults(tmp_path / "no.yaml")[str(tmp_path / "no.yaml")].problem


def test_a_file_that_contains_itself_is_refused(write: Write) -> None:
    assert faults(write("server: &a {host: *a}"))
