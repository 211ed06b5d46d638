"""`test`: test mode, on and off, and where its sandbox program is."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.config import load
from gateway.config.changes import fixed
from tests.config.reading import Write, faults

KEYS = "service_key: {env: S}, control_key: {env: C}"
ENV = {"S": "service", "C": "control"}


@pytest.mark.parametrize("text", ["test: off", "test: 'off'", "test: false", "test: {enabled: false}"])
def test_off_is_off_however_yaml_reads_it(write: Write, text: str) -> None:
    assert not load(write(text), {}).test.enabled
    assert not load(None, {"GATEWAY_TEST": text.partition(" ")[2]}).test.enabled


@pytest.mark.parametrize("text", ["", "test:", "test: on", "test: {}"])
def test_it_is_there_unless_somebody_wants_it_away(write: Write, text: str) -> None:
    found = load(write(text), {}).test
    assert found.enabled and not found.instant and found.sandbox_url is None


def test_an_address_comes_with_the_keys_of_what_is_there(write: Write) -> None:
    found = load(write(f"test: {{sandbox_url: 'http://sandbox.svc:8200', {KEYS}}}"), ENV).test
    assert found.sandbox_url == "http://sandbox.svc:8200"
    fault = faults(write("test: {sandbox_url: 'http://sandbox.svc:8200', service_key: {env: S}}"), ENV)["test"]
    assert "without control_key" in fault.problem and "test.control_key: {env: NAME}" in fault.fix


@pytest.mark.parametrize(
    ("text", "path", "problem"),
    [
        ("test: perhaps", "test", ""),
        ("test: {instant: maybe}", "test.instant", ""),
        ("test: {service_key: {env: S}}", "test.service_key", "is given, yet sandbox_url is null"),
        ("test: {sandbox_url: sandbox}", "test.sandbox_url", "is not an http:// or https:// URL"),
        ("test: {lifetime: 60d}", "test", "lifetime is longer than max_lifetime"),
        ("test: {per_owner: 0}", "test.per_owner", ""),
        ("test: {most: 3}", "test.most", ""),
    ],
)
def test_a_fault_names_its_path_and_the_fix(write: Write, text: str, path: str, problem: str) -> None:
    fault = faults(write(text), ENV)[path]
    assert fault.problem.startswith(problem) and fault.fix and fault.source


def test_the_program_beside_the_workers_comes_and_goes_with_a_restart_alone(write: Write, tmp_path: Path) -> None:
    on, off = load(write(""), {}), load(write("test: off"), {})
    elsewhere = load(write(f"test: {{sandbox_url: 'http://sandbox.svc:8200', {KEYS}}}"), ENV)
    assert [fault.path for fault in fixed(off, on)] == ["test"]
    assert [fault.path for fault in fixed(on, elsewhere)] == ["test"]
    assert list(fixed(off, elsewhere)) == []
