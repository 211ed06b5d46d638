import asyncio
import os
import subprocess
import sys
from pathlib import Path

import pytest

from gateway.observe import metrics

COUNTING = """
from gateway.observe import metrics
for _ in range(3):
    metrics.request("/v1/me", "GET", 200, "2026-09-01", 0.004)
    metrics.overhead(0.0008)
metrics.auth_failure("token_invalid")
"""


def test_workers_counts_are_added_up_and_survive_their_worker(tmp_path: Path) -> None:
    for _ in range(2):
        environment = {**os.environ, "PROMETHEUS_MULTIPROC_DIR": str(tmp_path)}
        subprocess.run([sys.executable, "-c", COUNTING], env=environment, check=True)
    text = metrics.exposition(tmp_path).decode()
    assert 'gateway_requests_total{contract="2026-09-01",method="GET",route="/v1/me",status="200"} 6.0' in text
    assert 'gateway_request_seconds_count{route="/v1/me"} 6.0' in text
    assert 'gateway_auth_failures_total{code="token_invalid"} 2.0' in text
    labels = (
        'error_type="",http_request_method="GET",http_response_status_code="200",http_route="/v1/me",url_scheme="http"'
    )
    assert f"http_server_request_duration_seconds_count{{{labels}}} 6.0" in text
    assert 'gateway_overhead_seconds_bucket{le="0.001"} 6.0' in text
    assert 'gateway_overhead_seconds_bucket{le="0.0005"} 0.0' in text


def test_a_method_that_a_client_invents_does_not_become_a_label() -> None:
    metrics.request("/v1/me", "BREW", 405, "", 0.001)
    text = metrics.exposition().decode()
    assert "BREW" not in text
    assert 'method="other"' in text


def test_every_metric_of_the_design_is_exposed() -> None:
    metrics.upstream("crm", 0.01)
    metrics.rate_limited("token")
    metrics.store_lost("redis")
    metrics.fail_mode("local_limit")
    metrics.replayed()
    text = metrics.exposition().decode()
    for name in (
        'gateway_upstream_seconds_count{service="crm"}',
        'gateway_rate_limited_total{policy="token"}',
        'gateway_store_lost_total{store="redis"}',
        'gateway_fail_mode_total{mode="local_limit"}',
        "gateway_idempotent_replays_total",
    ):
        assert name in text


def test_counts_that_cannot_be_written_down_do_not_end_the_counting(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: float) -> None:
        raise OSError(28, "No space left on device")

    metrics.upstream("shaky", 0.01)
    broken = metrics._upstream_seconds.labels("shaky")._sum
    with monkeypatch.context() as patch:
        patch.setattr(broken, "inc", full)
        with pytest.raises(OSError, match="No space"):
            metrics.upstream("shaky", 0.01)
    metrics.upstream("shaky", 0.01)
    assert 'gateway_upstream_seconds_count{service="shaky"} 2.0' in metrics.exposition().decode()


async def test_in_a_loop_counts_are_gathered_and_written_down_soon() -> None:
    for _ in range(3):
        metrics.upstream("gathered", 0.01)
    child = metrics._upstream_seconds.labels("gathered")
    assert child._sum.get() == 0.0
    await asyncio.sleep(metrics.DELAY * 3)
    assert child._sum.get() == pytest.approx(0.03)


FULL = """
import errno, os
def full(descriptor, *_):
    if "memfd" not in os.readlink(f"/proc/self/fd/{descriptor}"):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
os.posix_fallocate = full
"""


def counted(directory: Path, program: str) -> str:
    """What a process that runs `program` and counts in `directory` prints."""
    environment = {**os.environ, "PROMETHEUS_MULTIPROC_DIR": str(directory)}
    line = [sys.executable, "-c", program]
    return subprocess.run(line, env=environment, check=True, stdout=subprocess.PIPE, text=True).stdout


def test_a_volume_that_fills_up_neither_ends_a_worker_nor_costs_what_was_counted_before(tmp_path: Path) -> None:
    said = counted(
        tmp_path,
        f"""
from gateway.observe import metrics
for number in range(3): metrics.store_lost(f"before-{{number}}")
{FULL}
for number in range(2000): metrics.store_lost(f"after-{{number}}")
assert metrics._lost("after-1999")._value.get() == 1.0
""",
    )
    assert said.count("no room for counts") == 1 and "No space left on device" in said
    text = metrics.exposition(tmp_path).decode()
    assert 'gateway_store_lost_total{store="before-2"} 1.0' in text and 'store="after-1999"' not in text


def test_a_worker_that_starts_on_a_full_volume_counts_unseen(tmp_path: Path) -> None:
    assert "no room for counts" in counted(tmp_path, FULL + COUNTING)
    assert list(tmp_path.iterdir()) == []
    assert metrics.exposition(tmp_path) == b""


def test_the_space_of_counts_is_there_before_they_are_written(tmp_path: Path) -> None:
    many = 'from gateway.observe import metrics\nfor number in range(2000): metrics.store_lost(f"many-{number}")'
    assert counted(tmp_path, many) == ""
    files = [path.stat() for path in tmp_path.iterdir()]
    assert max(file.st_size for file in files) > 2**18
    assert all(file.st_blocks * 512 >= file.st_size for file in files)
    assert 'gateway_store_lost_total{store="many-1999"} 1.0' in metrics.exposition(tmp_path).decode()
