"""`gateway serve` that cannot, or has to begin otherwise: one clear line, and nothing left running."""

import time
from pathlib import Path

import pytest

from gateway.keys.keyring import Keyring
from gateway.process.running import is_claimed
from tests.process.serving import ROOT, Served, is_one_line, run, served, wait_gone


def test_a_data_directory_that_cannot_be_written_is_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file in the way")
    is_one_line(run(tmp_path, "serve"), "cannot write to the data directory", 2)


def test_a_broken_keyring_is_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "keyring.json").write_text("{}")
    is_one_line(run(tmp_path, "serve"), "keyring", 2)


@pytest.mark.parametrize(
    ("loading", "status"),
    [("1 / 0", 2), ("raise SystemExit(7)", 7), ("os.kill(os.getpid(), signal.SIGKILL)", -9)],
    ids=["fails", "ends the program", "is killed"],
)
def test_what_was_begun_while_the_code_is_loaded_ends_with_a_start_whose_loading(
    tmp_path: Path, loading: str, status: int
) -> None:
    begun = tmp_path / "begun"
    (tmp_path / "unloadable.py").write_text(
        "import os, signal\nfrom pathlib import Path\nfrom tests.process.serving import family\n"
        f"Path({str(begun)!r}).write_text(' '.join(map(str, family(os.getpid()))))\n{loading}\n"
    )
    gateway = Served(tmp_path, GATEWAY_RESOURCES="[unloadable]", PYTHONPATH=f"{tmp_path}:{ROOT}")
    assert gateway.process.wait(60) == status, gateway.err.read_text()
    assert not is_claimed(gateway.data_dir)
    pids = [int(each) for each in begun.read_text().split()]
    assert pids, "the sandbox is begun before packages are loaded"
    wait_gone(pids)


def test_a_path_may_hold_what_means_something_in_a_url(tmp_path: Path) -> None:
    home = tmp_path / "a?b#c%25d e"
    with served(home) as gateway:
        assert gateway.ask("GET", "/v1/me").status == 200
        assert gateway.admin("/readyz").json["checks"] == {"workers": "ok", "redis": "ok", "sql": "ok", "keyring": "ok"}
        assert run(home, "tenants", "list").returncode == 0
    assert {"gateway.db", "sandbox.db"} <= {path.name for path in (home / "data").iterdir()}
    assert [path.name for path in tmp_path.iterdir()] == [home.name]


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("keyring.json", b"\xff", "keyring.json: the keyring is not JSON"),
        ("keyring.json", b"", "keyring.json: the keyring is not JSON"),
        ("keyring.json", None, "keyring.json: Is a directory"),
        ("lock", None, "lock: Is a directory"),
        ("metrics", b"", "metrics: File exists"),
        ("valkey", b"", "valkey: File exists"),
    ],
)
def test_a_damaged_data_directory_is_one_clear_line(
    tmp_path: Path, name: str, content: bytes | None, says: str
) -> None:
    path = tmp_path / "data" / name
    path.parent.mkdir()
    path.mkdir() if content is None else path.write_bytes(content)
    is_one_line(run(tmp_path, "serve"), says, 2)
    if name in {"keyring.json", "lock"}:
        is_one_line(run(tmp_path, "keys", "list"), says, 2)


def test_a_damaged_sandbox_is_told_without_a_traceback(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "sandbox.db").write_bytes(b"garbage" * 999)
    refused = run(tmp_path, "serve")
    assert refused.returncode == 5 and "Traceback" not in refused.stderr
    assert "sandbox.db cannot be used: file is not a database" in refused.stderr


def test_a_lost_keyring_is_never_replaced_by_one_that_opens_nothing(tmp_path: Path) -> None:
    with served(tmp_path) as gateway:
        kept = (gateway.data_dir / "keyring.json").read_bytes()
    keyring = tmp_path / "data" / "keyring.json"
    keyring.unlink()
    said = f"{keyring} is missing, but the database was written with a keyring: restore it from the backup"
    is_one_line(run(tmp_path, "serve"), said, 2)
    is_one_line(run(tmp_path, "keys", "list"), said, 2)
    assert not keyring.exists()
    keyring.write_text(Keyring.create())
    for change in ("rotate", "reseal"):
        is_one_line(run(tmp_path, "keys", change), "gateway: the keyring does not open what is stored", 2)
    keyring.write_bytes(kept)
    assert run(tmp_path, "tenants", "list").returncode == 0


def test_an_instance_whose_keyring_was_forgotten_is_told_of_the_others(tmp_path: Path) -> None:
    with served(tmp_path / "first"):
        pass
    second = tmp_path / "second"
    second.mkdir()
    (second / "config.yaml").write_text(f"stores: {{sql: 'sqlite:///{tmp_path}/first/data/gateway.db'}}\n")
    told = run(second, "tokens", "list")
    is_one_line(told, "point secrets.keyring at the keyring that the database was written with", 4)
    assert "gateway serve" not in told.stderr
    said = "or point secrets.keyring at the keyring that the other instances use\n"
    is_one_line(run(second, "serve"), said, 2)


def test_a_configuration_that_leaves_the_owner_nothing_starts_without_a_token_to_try(tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text("roles: {member: {allow: ['*.read']}}\n")
    gateway = Served(tmp_path)
    try:
        gateway.wait_for("started")
        until = time.monotonic() + 5
        while "answers on" not in gateway.err.read_text():
            assert time.monotonic() < until
            time.sleep(0.01)
        assert "Bearer" not in gateway.err.read_text()
    finally:
        gateway.stop()


def test_tokens_that_live_shorter_than_a_day_are_no_reason_not_to_start(tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text("tokens: {default_lifetime: 1h, max_lifetime: 2h, rotation_overlap: 1h}\n")
    with served(tmp_path) as gateway:
        assert gateway.ask("GET", "/v1/me").status == 200


def test_what_check_refuses_serve_refuses_in_the_same_words(tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text(
        "versions: {2026-06-02: {sunset: 2027-01-01}}\n"
        "roles: {owner: {allow: [contcat.read], deny: ['zebra.*']}}\n"
        "services: {auth: {credentials: service_key}, "
        "crm: {operations: {contacts.serach: {enabled: false}, contacts.create: {via: list}, deals.get: {fields: [name]}, "
        "deals.update: {fields: [nmae]}, deals.get_many: {path: /x}}}}\n"
    )
    checked, refused = run(tmp_path, "check"), run(tmp_path, "serve")
    assert checked.returncode == refused.returncode == 2
    assert checked.stderr == refused.stderr and "Traceback" not in refused.stderr
    for said in (
        "versions.2026-06-02: is not the date of a contract. Remove it, or name one of 2026-09-01, 2026-06-01.",
        'roles.owner.allow[0]: "contcat.read" matches no scope. Did you mean contact.read?',
        'roles.owner.deny[0]: "zebra.*" matches no scope. Scopes begin with contact,',
        "services.crm.operations.contacts.serach: the service crm has no such operation. Did you mean contacts.search?",
        "services.crm.operations.contacts.create.via: cannot be served via a list. Remove it, or write",
        "services.crm.operations.deals.get.fields: cannot be limited to some fields, as an update can.",
        "services.crm.operations.deals.update.fields: changes name, amount,",
        "services.crm.operations.deals.get_many.path: has no path of its own: it asks where get and search do.",
    ):
        assert said in checked.stderr


def test_a_broken_configuration_names_every_fault_and_its_fix(tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text("server: {prot: 80}\ntokens: {default_lifetime: 90}\n")
    refused = run(tmp_path, "serve")
    assert refused.returncode == 2 and "Traceback" not in refused.stderr
    assert (
        "2 faults" in refused.stderr and "server.prot" in refused.stderr and "tokens.default_lifetime" in refused.stderr
    )


def test_a_database_that_cannot_be_used_is_one_clear_line(tmp_path: Path) -> None:
    refused = Served(tmp_path, GATEWAY_STORES__SQL="postgresql://127.0.0.1:1/x")
    assert refused.process.wait(20) == 5
    said = refused.err.read_text()
    assert "the database failed" in said and said.count("\n") == 1
