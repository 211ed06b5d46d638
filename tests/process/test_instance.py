import fcntl
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from gateway.config import Runtime
from gateway.process import instance_lock
from gateway.process.instance_lock import CannotStartError
from gateway.process.running import admin_address

HOLDING = """
import sys, time
from pathlib import Path
from gateway.process import instance_lock as instance
with instance.claimed(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


def facts(data_dir: Path) -> Runtime:
    return Runtime("unix:///x", "sqlite:///y", {"auth": "http://127.0.0.1:1"}, {"auth": "key"}, 8080, 1, data_dir)


def test_the_facts_of_a_running_gateway_are_found_and_gone_with_it(tmp_path: Path) -> None:
    with instance_lock.claimed(tmp_path) as claim:
        claim.publish(facts(tmp_path), ("127.0.0.1", 1))
        assert instance_lock.running(tmp_path) == facts(tmp_path)
    assert instance_lock.running(tmp_path) is None


def test_the_facts_hold_keys_and_are_readable_by_their_owner_only(tmp_path: Path) -> None:
    with instance_lock.claimed(tmp_path / "data") as claim:
        claim.publish(facts(tmp_path), ("127.0.0.1", 1))
        (file,) = (tmp_path / "data").glob("*.json")
        assert file.stat().st_mode & 0o777 == 0o600
        assert (tmp_path / "data").stat().st_mode & 0o777 == 0o700


def test_a_second_instance_is_refused_in_one_line_with_the_fix(tmp_path: Path) -> None:
    with instance_lock.claimed(tmp_path), pytest.raises(CannotStartError) as refused, instance_lock.claimed(tmp_path):
        pass
    assert "another gateway is running" in str(refused.value) and "--data-dir" in str(refused.value)
    assert "\n" not in str(refused.value)


def test_somebody_who_only_looks_does_not_stop_a_start(tmp_path: Path) -> None:
    with instance_lock.claimed(tmp_path):
        pass
    looking = (tmp_path / "lock").open()
    fcntl.flock(looking, fcntl.LOCK_SH)
    threading.Timer(0.1, looking.close).start()
    with instance_lock.claimed(tmp_path):
        assert looking.closed


def test_a_killed_instance_leaves_nothing_that_stops_the_next(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", HOLDING, str(tmp_path)], stdout=subprocess.PIPE, cwd=Path.cwd()
    ) as held:
        assert held.stdout is not None and held.stdout.readline() == b"held\n"
        with pytest.raises(CannotStartError), instance_lock.claimed(tmp_path):
            pass
        held.kill()
    assert instance_lock.running(tmp_path) is None
    with instance_lock.claimed(tmp_path):
        pass


def test_facts_that_a_killed_instance_left_are_not_believed(tmp_path: Path) -> None:
    with instance_lock.claimed(tmp_path) as claim:
        claim.publish(facts(tmp_path), ("127.0.0.1", 1))
        assert admin_address(tmp_path) == ("127.0.0.1", 1)
        left = (tmp_path / "running.json").read_text()
    (tmp_path / "running.json").write_text(left)
    assert instance_lock.running(tmp_path) is None
    assert admin_address(tmp_path) is None


@pytest.mark.parametrize(
    "text", ["", "{}", "[]", "1", '{"admin": 1}', '{"admin": ["h"]}', '{"admin": [null, null]}', '{"admin": "hp"}']
)
def test_facts_of_another_release_are_those_of_a_gateway_that_has_not_started(tmp_path: Path, text: str) -> None:
    with instance_lock.claimed(tmp_path):
        (tmp_path / "running.json").write_text(text)
        assert admin_address(tmp_path) is None


@pytest.mark.parametrize("place", ["file/below", "/proc/gateway-data"])
def test_a_directory_that_cannot_be_written_is_refused_in_one_line_with_the_fix(tmp_path: Path, place: str) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(CannotStartError) as refused, instance_lock.claimed(tmp_path / place):
        pass
    assert refused.value.code == 2
    assert "cannot write to the data directory" in str(refused.value) and "--data-dir" in str(refused.value)


def test_a_starting_instance_is_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(instance_lock, "STARTING_UP", 0.1)
    with instance_lock.claimed(tmp_path):
        assert instance_lock.running(tmp_path) is None
    assert [left.name for left in tmp_path.iterdir()] == ["lock"]
