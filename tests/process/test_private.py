"""What a gateway leaves in its data directory is nobody else's to read, and asking for its health costs next to nothing."""

import os
import resource
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.config import load
from gateway.keys.keyring import Keyring
from gateway.process import runtime_facts
from gateway.process.embedded.sandbox import Sandbox
from gateway.process.instance_lock import claimed
from gateway.stores.sql.migrate import migrate
from tests.process.serving import Served, command, environment, run, served


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    home = tmp_path_factory.mktemp("private")
    # As a volume is mounted: everybody may look into it.
    (home / "data").mkdir(mode=0o755)
    with served(home) as running:
        yield running


def test_every_file_in_the_data_directory_is_this_users_only(gateway: Served) -> None:
    run(gateway.home, "tokens", "list")
    open_to_others = {
        str(path.relative_to(gateway.data_dir)): stat.filemode(path.lstat().st_mode)
        for path in gateway.data_dir.rglob("*")
        if stat.S_IMODE(path.lstat().st_mode) & 0o077
    }
    assert open_to_others == {}
    assert {"gateway.db", "sandbox.db", "running.json", "lock"} <= {path.name for path in gateway.data_dir.iterdir()}


def test_what_other_commands_are_told_holds_no_secret_of_the_deployments(tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    path.write_text(
        "stores: {redis: {env: R}, sql: {env: S}}\nservices:\n"
        "  auth: {base_url: 'https://auth.internal', service_key: {env: K}}\n  crm: {base_url: sandbox}\n"
    )
    env = {"R": "redis://:hunter2@cache/0", "S": "postgresql://u:hunter2@db/d", "K": "hunter2-service-key"}
    settings = load(path, env)
    os.environ.update(env)
    try:
        facts = runtime_facts.runtime(settings, env["R"], Sandbox(1, "of-the-sandbox", "opens-the-sandbox", {}), 80)
    finally:
        for name in env:
            del os.environ[name]
    public = runtime_facts.public(settings, facts)
    assert "hunter2" in facts.to_json() and "hunter2" not in public.to_json()
    assert public.service_keys == {"crm": "of-the-sandbox"} and public.control_key == "opens-the-sandbox"


def test_a_health_check_costs_less_than_a_tenth_of_a_second(gateway: Served) -> None:
    for arguments, env in (
        (("--data-dir", str(gateway.data_dir)), {}),
        ((), {"GATEWAY_DATA_DIR": str(gateway.data_dir)}),
    ):
        costs = []
        for _ in range(5):
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            subprocess.run(command("healthy", *arguments), env=environment(**env), check=True, cwd="/")
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            costs.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
        # The cheapest: what the machine does beside makes a process dearer, never cheaper.
        assert min(costs) < 0.1, costs


def test_a_health_check_imports_nothing_but_the_standard_library(gateway: Served) -> None:
    program = "import sys; from gateway.__main__ import main; main(); print(*{name.partition('.')[0] for name in sys.modules})"
    line = [sys.executable, "-c", program, "healthy", "--data-dir", str(gateway.data_dir)]
    loaded = set(subprocess.run(line, env=environment(), check=True, capture_output=True, text=True).stdout.split())
    assert not loaded & {"click", "pydantic", "yaml", "sqlalchemy", "ssl", "http"}


def test_a_keyring_is_made_by_a_command_and_never_over_another(tmp_path: Path) -> None:
    path = tmp_path / "keyring.json"
    line = command("keys", "init", str(path))
    made = subprocess.run(line, env=environment(), capture_output=True, text=True, check=True, cwd=tmp_path)
    assert str(path) in made.stdout and stat.S_IMODE(path.stat().st_mode) == 0o600
    text = path.read_text()
    assert Keyring.load(text).hashing_id not in made.stdout
    again = subprocess.run(line, env=environment(), capture_output=True, text=True, check=False, cwd=tmp_path)
    assert (again.returncode, again.stderr.count("\n")) == (3, 1) and "exists already" in again.stderr
    assert path.read_text() == text


def test_what_an_earlier_release_left_open_to_others_is_closed_at_the_start(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere.db"
    migrate(f"sqlite:///{elsewhere}")
    names = ("gateway.db", "gateway.db-wal", "sandbox.db", "keyring.json")
    files = [*(tmp_path / name for name in names), elsewhere]
    for file in files:
        file.touch()
        file.chmod(0o664)
    with claimed(tmp_path):
        migrate(f"sqlite:///{elsewhere}")
        assert [stat.S_IMODE(file.stat().st_mode) for file in files] == [0o600] * len(files)
