"""The commands as scripts and people call them, beside a running gateway."""

import json
import os
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from click.testing import CliRunner, Result

from gateway.cli import main, sandbox
from gateway.observe import logs
from sandbox import directory
from tests.process.serving import Served, served


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(tmp_path_factory.mktemp("cli")) as running:
        yield running


@pytest.fixture(scope="module")
def tenant(gateway: Served) -> Any:
    return done(gateway, "sandbox", "credentials", "--json")["tenants"][0]


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch, gateway: Served) -> None:
    for name in [name for name in os.environ if name.startswith("GATEWAY_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(gateway.home)


def call(gateway: Served, *arguments: str, stdin: str | None = None) -> Result:
    """The command in this process: it shares nothing with the gateway's but the data directory."""
    try:
        return CliRunner().invoke(main, [*arguments, "--data-dir", str(gateway.data_dir)], input=stdin)
    finally:
        logs.configure()


def done(gateway: Served, *arguments: str, stdin: str | None = None) -> Any:
    ended = call(gateway, *arguments, stdin=stdin)
    assert ended.exit_code == 0, ended.stderr
    return json.loads(ended.stdout)


def refused(gateway: Served, *arguments: str, stdin: str | None = None) -> tuple[int, str]:
    ended = call(gateway, *arguments, stdin=stdin)
    assert ended.exit_code != 0, ended.stdout
    assert ended.stdout == "" and ended.stderr.count("\n") == 1, ended.output
    return ended.exit_code, ended.stderr


def somebody(tenant: Any, role: str) -> tuple[str, ...]:
    (email,) = (user["email"] for user in tenant["users"] if user["role"] == role)
    return ("--tenant", tenant["business_id"], "--user", email)


def when(text: str) -> datetime:
    return datetime.fromisoformat(text)


def test_a_created_token_works_and_is_described_for_scripts(gateway: Served, tenant: Any) -> None:
    made = done(
        gateway, "tokens", "create", *somebody(tenant, "manager"),
        "--scope", "contact.read contact.write", "--name", "Sync", "--expires-in", "30d", "--json",
    )  # fmt: skip
    assert re.fullmatch(r"gw_pat_[0-9A-Za-z]{36}", made["token"])
    assert made["id"].startswith("tok_") and made["kind"] == "personal" and made["name"] == "Sync"
    assert made["tenant"] == tenant["business_id"] and made["user"] == "manager@meridian.example"
    assert made["scopes"] == ["contact.read", "contact.write"]
    assert abs(when(made["expires_at"]) - datetime.now(UTC) - timedelta(days=30)) < timedelta(minutes=1)
    me = gateway.ask("GET", "/v1/me", token=made["token"]).json["data"]
    assert me["token"]["id"] == made["id"] and me["user"]["role"] == "manager"


def test_people_get_the_token_alone_on_stdout_and_the_hint_beside_it(gateway: Served, tenant: Any) -> None:
    ended = call(gateway, "tokens", "create", *somebody(tenant, "viewer"), "--scope", "contact.read")
    assert re.fullmatch(r"gw_pat_\w{36}\n", ended.stdout)
    assert "cannot be shown again" in ended.stderr and ended.stdout.strip() not in ended.stderr


@pytest.mark.parametrize(
    ("role", "scope", "says"),
    [
        ("viewer", "contact.write", "the role viewer of viewer@meridian.example does not allow contact.write"),
        ("viewer", "contact.all", "does not allow contact.delete, contact.write"),
        ("member", "contact.read contact.delete", "does not allow contact.delete"),
        ("owner", "contact.fly", "there is no scope contact.fly"),
        ("owner", "*", "there is no scope *"),
        ("owner", "", "at least one scope"),
    ],
)
def test_a_scope_that_is_unknown_or_beyond_the_role_is_refused(
    gateway: Served, tenant: Any, role: str, scope: str, says: str
) -> None:
    code, line = refused(gateway, "tokens", "create", *somebody(tenant, role), "--scope", scope)
    assert code == 3 and says in line


def test_a_lifetime_beyond_the_maximum_is_refused(gateway: Served, tenant: Any) -> None:
    create = ("tokens", "create", *somebody(tenant, "owner"), "--scope", "contact.read")
    code, line = refused(gateway, *create, "--expires-in", "366d")
    assert code == 3 and "at most 365 days" in line
    assert call(gateway, *create, "--expires-in", "soon").exit_code == 2


def test_a_disabled_user_gets_no_token(gateway: Served, tenant: Any) -> None:
    member = somebody(tenant, "member")
    assert call(gateway, "sandbox", "set-active", "--user", member[3], "--active", "no").exit_code == 0
    try:
        code, line = refused(gateway, "tokens", "create", *member, "--scope", "contact.read")
        assert code == 3 and "disabled" in line
    finally:
        assert call(gateway, "sandbox", "set-active", "--user", member[3], "--active", "yes").exit_code == 0


def test_an_unknown_tenant_or_user_or_token_is_not_found(gateway: Served, tenant: Any) -> None:
    known = tenant["business_id"]
    scope = ("--scope", "contact.read")
    for arguments in (
        ("tokens", "create", "--tenant", "clxnobody", "--user", "owner@meridian.example", *scope),
        ("tokens", "create", "--tenant", known, "--user", "nobody@meridian.example", *scope),
        ("tokens", "revoke", "tok_nothing"),
        ("tokens", "rotate", "tok_nothing"),
        ("sandbox", "set-role", "--user", "nobody@meridian.example", "--role", "viewer"),
    ):
        assert refused(gateway, *arguments)[0] == 4


def test_a_role_that_the_sandbox_does_not_have_is_wrong_usage(gateway: Served) -> None:
    ended = call(gateway, "sandbox", "set-role", "--user", "owner@meridian.example", "--role", "bogus")
    assert ended.exit_code == 2 and "'viewer'" in ended.stderr
    assert sandbox.ROLES == directory.ROLES


def test_another_tenants_user_is_not_found(gateway: Served, tenant: Any) -> None:
    other = done(gateway, "sandbox", "credentials", "--json")["tenants"][1]
    arguments = ("--tenant", tenant["business_id"], "--user", other["users"][0]["email"], "--scope", "contact.read")
    assert refused(gateway, "tokens", "create", *arguments)[0] == 4


def test_a_rotated_token_keeps_its_scopes_and_the_old_one_works_for_the_overlap(gateway: Served, tenant: Any) -> None:
    old = done(
        gateway, "tokens", "create", *somebody(tenant, "member"), "--scope", "contact.write", "--name", "R", "--json"
    )
    new = done(gateway, "tokens", "rotate", old["id"], "--json")
    assert new["token"] != old["token"] and new["id"] != old["id"]
    assert (new["scopes"], new["name"], new["user"]) == (old["scopes"], old["name"], old["user"])
    for token in (old["token"], new["token"]):
        assert gateway.ask("GET", "/v1/me", token=token).status == 200
    listed = {token["id"]: token for token in done(gateway, "tokens", "list", "--json")["tokens"]}
    assert when(listed[old["id"]]["expires_at"]) <= datetime.now(UTC) + timedelta(hours=24)
    assert refused(gateway, "tokens", "rotate", old["id"])[0] == 3


def test_a_revoked_token_stays_listed_and_revoking_it_again_is_no_error(gateway: Served, tenant: Any) -> None:
    made = done(gateway, "tokens", "create", *somebody(tenant, "owner"), "--scope", "contact.read", "--json")
    first = done(gateway, "tokens", "revoke", made["id"], "--json")
    again = done(gateway, "tokens", "revoke", made["id"], "--json")
    assert first["state"] == again["state"] == "revoked" and first["revoked_at"] == again["revoked_at"]
    listed = done(gateway, "tokens", "list", "--tenant", tenant["business_id"], "--json")["tokens"]
    assert [token["state"] for token in listed if token["id"] == made["id"]] == ["revoked"]
    assert refused(gateway, "tokens", "rotate", made["id"])[0] == 3
    assert made["token"] not in json.dumps(listed)


def test_listings_for_people_have_a_head_and_no_secret(gateway: Served) -> None:
    ended = call(gateway, "tokens", "list")
    assert ended.stdout.split("\n", 1)[0].split() == [
        "ID",
        "NAME",
        "TENANT",
        "USER",
        "SCOPES",
        "STATE",
        "EXPIRES",
        "LAST",
        "USED",
    ]
    assert gateway.token not in ended.stdout


def test_a_tenant_is_registered_once_with_a_key_that_no_listing_shows(gateway: Served) -> None:
    add = ("tenants", "add", "clxnew", "--name", "New \x1b[31mWorks", "--untried")
    assert done(gateway, *add, "--json", stdin="sk_secret\n")["business_id"] == "clxnew"
    assert refused(gateway, *add, stdin="sk_other\n")[0] == 3
    listed = call(gateway, "tenants", "list")
    assert "clxnew" in listed.stdout and "\x1b" not in listed.stdout
    assert "sk_secret" not in call(gateway, "tenants", "list", "--json").stdout
    assert b"sk_secret" not in b"".join(file.read_bytes() for file in gateway.data_dir.glob("gateway.db*"))


@pytest.mark.parametrize("key", ["", "  \n", "two\nlines", "schlüssel"])
def test_a_key_that_could_not_be_sent_is_refused(gateway: Served, key: str) -> None:
    assert refused(gateway, "tenants", "add", "clxbad", "--name", "Bad", stdin=key)[0] == 2


def test_what_changed_is_in_the_audit_with_who_did_it(gateway: Served, tenant: Any) -> None:
    made = done(gateway, "tokens", "create", *somebody(tenant, "owner"), "--scope", "contact.read", "--json")
    done(gateway, "tokens", "rotate", made["id"], "--json")
    done(gateway, "tokens", "revoke", made["id"], "--json")
    newest = done(gateway, "audit", "tail", "-n", "100", "--json")["entries"]
    entries = [entry for entry in newest if entry["subject"] == f"token:{made['id'].removeprefix('tok_')}"]
    assert [entry["action"] for entry in entries] == ["token.create", "token.rotate", "token.revoke"]
    assert all(entry["actor"].startswith("cli:") and entry["tenant_id"] == tenant["business_id"] for entry in entries)
    assert made["token"] not in json.dumps(entries)
    assert "token.revoke" in call(gateway, "audit", "tail").stdout


def test_a_role_change_in_the_sandbox_bounds_what_tokens_may_be_made(gateway: Served, tenant: Any) -> None:
    admin = somebody(tenant, "admin")
    assert call(gateway, "sandbox", "set-role", "--user", admin[3], "--role", "viewer").exit_code == 0
    try:
        assert refused(gateway, "tokens", "create", *admin, "--scope", "contact.write")[0] == 3
    finally:
        call(gateway, "sandbox", "set-role", "--user", admin[3], "--role", "admin")


@pytest.mark.parametrize("named", ["id", "public id", "name"])
def test_a_tenant_is_known_by_its_id_with_and_without_prefix_and_by_its_name(
    gateway: Served, tenant: Any, named: str
) -> None:
    text = {"id": tenant["business_id"], "public id": f"biz_{tenant['business_id']}", "name": tenant["name"]}[named]
    made = done(
        gateway, "tokens", "create", "--tenant", text, "--user", "viewer@meridian.example",
        "--scope", "contact.read", "--json",
    )  # fmt: skip
    assert made["tenant"] == tenant["business_id"]
    assert made["id"] in {each["id"] for each in done(gateway, "tokens", "list", "--tenant", text, "--json")["tokens"]}


@pytest.mark.parametrize("listing", [("tokens", "list"), ("grants", "list"), ("audit", "tail"), ("probe",)])
def test_a_listing_of_nobodys_says_so_instead_of_being_empty(gateway: Served, listing: tuple[str, ...]) -> None:
    code, line = refused(gateway, *listing, "--tenant", "nope")
    assert code == 4 and "there is no tenant nope" in line


def test_complaints_are_documents_for_whoever_asks_for_documents(gateway: Served) -> None:
    code, line = refused(gateway, "tokens", "list", "--tenant", "nope", "--json")
    assert json.loads(line)["error"]["exit_code"] == code == 4
    unknown = call(gateway, "tokens", "list", "--json", "--nonsense")
    assert unknown.exit_code == 2 and "--nonsense" in json.loads(unknown.stderr)["error"]["message"]
