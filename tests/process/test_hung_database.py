"""A whole gateway before a PostgreSQL that hangs: nothing waits longer than it was told to, the end included."""

import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from gateway.keys import keyring_file
from gateway.keys.token_format import mint
from tests.process.serving import Served, command, environment, is_one_line, served
from tests.stores.postgres import fresh_database, hung


@pytest.fixture(scope="module")
def url(postgres_url: str) -> Iterator[str]:
    with fresh_database(postgres_url) as url:
        yield url


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory, url: str) -> Iterator[Served]:
    home = tmp_path_factory.mktemp("hung")
    with served(home, GATEWAY_STORES__SQL=url, GATEWAY_STORES__SQL_TIMEOUT="1s") as running:
        yield running


def test_another_keyring_on_the_same_database_does_not_start(gateway: Served, url: str, tmp_path: Path) -> None:
    keyring_file.create(tmp_path / "other.json")
    foreign = subprocess.run(
        command("serve", "--data-dir", str(tmp_path / "data")),
        env=environment(GATEWAY_STORES__SQL=url, GATEWAY_SECRETS__KEYRING=f"{{file: {tmp_path}/other.json}}"),
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
        timeout=60,
    )
    is_one_line(foreign, "point secrets.keyring at the keyring that the other instances use", 2)
    assert gateway.admin("/readyz").json["checks"]["keyring"] == "ok"


def test_commands_find_the_database_where_the_configuration_says_it_is(gateway: Served, url: str) -> None:
    assert url not in (gateway.data_dir / "running.json").read_text()
    line = command("tokens", "list", "--data-dir", str(gateway.data_dir))
    listed = subprocess.run(
        line, env=environment(GATEWAY_STORES__SQL=url), capture_output=True, text=True, check=False, cwd=gateway.home
    )
    assert listed.returncode == 0 and "Demo" in listed.stdout, listed.stderr


def test_requests_readiness_commands_and_the_end_are_bounded_while_the_database_hangs(
    gateway: Served, postgres_url: str
) -> None:
    unknown = [mint("gw", "personal") for _ in range(12)]
    assert gateway.ask("GET", "/v1/me").status == 200
    with hung(postgres_url):

        def timed(token: str) -> tuple[int, float]:
            began = time.monotonic()
            return gateway.ask("GET", "/v1/me", token=token).status, time.monotonic() - began

        with ThreadPoolExecutor(12) as threads:
            answers = [*threads.map(timed, unknown)]
        assert {status for status, _ in answers} == {503}
        assert max(took for _, took in answers) < 2.5
        assert gateway.ask("GET", "/v1/me").status == 200  # read before
        began = time.monotonic()
        ready = gateway.admin("/readyz")
        assert (ready.status, ready.json["checks"]["sql"]) == (503, "failing") and time.monotonic() - began < 3
        began = time.monotonic()
        assert gateway.stop() == 0
        assert time.monotonic() - began < 6
    lost = [line for line in gateway.events() if line["event"] == "store lost" and "worker" in line]
    assert len(lost) == 1 and lost[0]["store"] == "sql" and lost[0]["instance"].endswith(f":{gateway.port}")
    failure = next(line for line in gateway.events() if line["event"] == "failure")
    assert failure["route"] == "/v1/me" and "in time" in failure["reason"]
