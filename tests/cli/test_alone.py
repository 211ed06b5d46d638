"""Commands while no gateway runs."""

import json
import subprocess
from pathlib import Path

import pytest

from gateway.cli import COMMANDS
from tests.process.serving import command, environment, run


def test_on_a_fresh_directory_credentials_and_a_token_can_be_had_before_the_first_start(tmp_path: Path) -> None:
    tenant = json.loads(run(tmp_path, "sandbox", "credentials", "--json").stdout)["tenants"][0]
    assert {user["role"] for user in tenant["users"]} == {"owner", "admin", "manager", "member", "viewer"}
    create = ("tokens", "create", "--tenant", tenant["business_id"], "--user", tenant["users"][0]["email"])
    made = run(tmp_path, *create, "--scope", "contact.read", "--json")
    assert made.returncode == 0, made.stderr
    token = json.loads(made.stdout)
    assert run(tmp_path, "tokens", "revoke", token["id"]).returncode == 0
    assert json.loads(run(tmp_path, "tokens", "list", "--json").stdout)["tokens"][0]["state"] == "revoked"


def test_credentials_for_people_are_a_table(tmp_path: Path) -> None:
    shown = run(tmp_path, "sandbox", "credentials")
    assert "EMAIL" in shown.stdout and "owner@" in shown.stdout


def test_check_finds_the_defaults_sound_and_names_what_is_not(tmp_path: Path) -> None:
    assert run(tmp_path, "check").returncode == 0
    assert json.loads(run(tmp_path, "check", "--json").stdout) == {"ok": True, "faults": []}
    (tmp_path / "config.yaml").write_text("tokens: {prefix: UPPER}\n")
    wrong = run(tmp_path, "check", "--json")
    (fault,) = json.loads(wrong.stdout)["faults"]
    assert wrong.returncode == 2 and fault["path"] == "tokens.prefix" and fault["fix"] and "line 1" in fault["source"]
    people = run(tmp_path, "check")
    assert people.returncode == 2 and people.stdout == "" and "tokens.prefix" in people.stderr


def test_a_configuration_that_is_named_must_be_there(tmp_path: Path) -> None:
    missing = run(tmp_path, "check", "--config", str(tmp_path / "nowhere.yaml"))
    assert missing.returncode == 2 and "nowhere.yaml" in missing.stderr and "Traceback" not in missing.stderr


@pytest.mark.parametrize("arguments", [(), *((name,) for name in COMMANDS)])
def test_every_command_explains_itself(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    shown = subprocess.run(
        command(*arguments, "--help"), cwd=tmp_path, env=environment(), capture_output=True, text=True, check=False
    )
    assert shown.returncode == 0 and "Usage:" in shown.stdout and shown.stderr == ""


@pytest.mark.parametrize("arguments", [("dance",), ("tokens", "dance"), ("tokens", "create"), ("serve", "--port", "x")])
def test_wrong_usage_is_told_with_exit_code_2(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    wrong = run(tmp_path, *arguments)
    assert wrong.returncode == 2 and "Traceback" not in wrong.stderr


def test_an_auth_service_that_does_not_answer_is_one_line_with_its_own_exit_code(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("service-key")
    (tmp_path / "config.yaml").write_text(
        "services:\n  auth: {base_url: 'http://127.0.0.1:1', credentials: service_key, service_key: {file: key}}\n"
    )
    assert run(tmp_path, "tenants", "add", "clxacme", "--name", "Acme", stdin="sk_acme").returncode == 0
    create = ("tokens", "create", "--tenant", "clxacme", "--user", "jane@acme.example", "--scope", "contact.read")
    refused = run(tmp_path, *create)
    assert refused.returncode == 5 and refused.stderr.count("\n") == 1 and "127.0.0.1" not in refused.stderr
