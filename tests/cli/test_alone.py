"""Commands while no gateway runs."""

import json
import re
import subprocess
from pathlib import Path

import pytest

from gateway.cli import COMMANDS
from gateway.keys.keyring import Keyring
from tests.process.serving import command, environment, founded, is_one_line, run, served


@pytest.mark.parametrize(
    "arguments",
    [
        ("tenants", "add", "clxacme", "--name", "Acme"),
        ("tokens", "list"),
        ("keys", "rotate"),
        ("explain", "GET", "/v1/me"),
        ("sandbox", "credentials"),
        ("sandbox", "set-role", "--user", "a@b.example", "--role", "owner"),
    ],
)
def test_a_command_in_the_wrong_place_makes_no_deployment_there(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    refused = run(tmp_path, *arguments, stdin="sk_acme")
    assert refused.returncode == 4 and refused.stderr.count("\n") == 1
    assert str(tmp_path / "data") in refused.stderr and "--data-dir" in refused.stderr
    assert list(tmp_path.iterdir()) == []


def test_after_a_stop_credentials_and_tokens_can_be_had_all_the_same(tmp_path: Path) -> None:
    with served(tmp_path):
        pass
    tenant = json.loads(run(tmp_path, "sandbox", "credentials", "--json").stdout)["tenants"][0]
    assert {user["role"] for user in tenant["users"]} == {"owner", "admin", "manager", "member", "viewer"}
    create = ("tokens", "create", "--tenant", tenant["business_id"], "--user", tenant["users"][0]["email"])
    made = run(tmp_path, *create, "--scope", "contact.read", "--json")
    assert made.returncode == 0, made.stderr
    token = json.loads(made.stdout)
    assert run(tmp_path, "tokens", "revoke", token["id"]).returncode == 0
    states = {
        each["id"]: each["state"] for each in json.loads(run(tmp_path, "tokens", "list", "--json").stdout)["tokens"]
    }
    assert states[token["id"]] == "revoked"
    shown = run(tmp_path, "sandbox", "credentials")
    assert "EMAIL" in shown.stdout and "owner@" in shown.stdout


def test_check_finds_the_defaults_sound_and_names_what_is_not(tmp_path: Path) -> None:
    assert run(tmp_path, "check").returncode == 0
    sound = json.loads(run(tmp_path, "check", "--json").stdout)
    assert sound == {"ok": True, "config": sound["config"], "faults": [], "warnings": []}
    assert re.fullmatch("[0-9a-f]{12}", sound["config"])
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


def test_a_result_that_finds_no_room_is_one_line(tmp_path: Path) -> None:
    with Path("/dev/full").open("w") as full:
        ended = subprocess.run(
            command("check"),
            cwd=tmp_path,
            env=environment(),
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    is_one_line(ended, "cannot write: No space left on device", 5)


def test_an_auth_service_that_does_not_answer_is_one_line_with_its_own_exit_code(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("service-key")
    (tmp_path / "keyring").write_text(Keyring.create())
    # All that lasts is kept elsewhere, so there is nothing to be found in the data directory.
    (tmp_path / "config.yaml").write_text(
        "services:\n  auth: {base_url: 'http://127.0.0.1:1', credentials: service_key, service_key: {file: key}}\n"
        f"stores: {{sql: 'sqlite:///{tmp_path}/elsewhere.db'}}\nsecrets: {{keyring: {{file: keyring}}}}\n"
    )
    assert run(tmp_path, "tenants", "add", "clxacme", "--name", "Acme", stdin="sk_acme").returncode == 0
    create = ("tokens", "create", "--tenant", "clxacme", "--user", "jane@acme.example", "--scope", "contact.read")
    refused = run(tmp_path, *create)
    assert refused.returncode == 5 and refused.stderr.count("\n") == 1 and "127.0.0.1" not in refused.stderr


def test_what_reads_a_body_is_explained_without_one(tmp_path: Path) -> None:
    data_dir = founded(tmp_path)
    said = run(tmp_path, "explain", "POST", "/v1/contacts", "--json", "--data-dir", str(data_dir))
    assert said.returncode == 0, said.stderr
    story = json.loads(said.stdout)
    assert story["scopes"] == ["contact.write"] and story["contract"] and "problem" not in story
    assert "--body" in story["body"] and "internal_calls" not in story
