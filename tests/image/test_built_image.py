"""The image as it is built and as it runs: not what the Dockerfile says, but what came of it (`make image-test`)."""

from __future__ import annotations

import gzip
import http.client
import json
import os
import re
import signal
import socket
import subprocess
import tarfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from importlib.metadata import distributions
from pathlib import Path
from typing import Any

import pytest

from tests.deploy import sbom
from tests.image import building
from tests.process.serving import VERSION, ask
from tests.waiting import within

NOBODY = 10001
LARGEST = 120_000_000  # bytes, compressed


@pytest.fixture(scope="module")
def files() -> Iterator[Path]:
    building.ready()
    building.build("test")
    with building.mounted("test") as root:
        yield root


def config() -> dict[str, Any]:
    found: dict[str, Any] = building.inspected("test")["Docker"]["config"]
    return found


def normal(name: str) -> str:
    """As PEP 503 has names compared."""
    return re.sub(r"[-_.]+", "-", name).lower()


@contextmanager
def running(files: Path, home: Path) -> Iterator[tuple[subprocess.Popen[bytes], dict[str, Any]]]:
    """As an orchestrator would start it: its user, its environment, a root that cannot be written to, one volume."""
    data = home / "data"
    data.mkdir()
    os.chown(data, NOBODY, NOBODY)
    script = (
        f"mount --bind {files} {files} && mount --bind {data} {files}/var/lib/gateway && mount -o remount,ro,bind {files} && "
        f"mount -t proc proc {files}/proc && mount --bind /dev {files}/dev && mount -t tmpfs tmpfs {files}/tmp && "
        f'exec chroot --userspec={NOBODY}:{NOBODY} {files} env -i -C /var/lib/gateway "$@"'
    )
    settings = ["GATEWAY_PORT=0", "GATEWAY_ADMIN_PORT=0", "GATEWAY_WEBHOOKS__INGEST__PORT=0"]
    line = [*config()["Env"], *settings, *config()["Entrypoint"], *config()["Cmd"]]
    with (home / "out").open("wb") as out, (home / "err").open("wb") as err:
        process = subprocess.Popen(["unshare", "--mount", "sh", "-c", script, "sh", *line], stdout=out, stderr=err)
    try:
        until = time.monotonic() + 120
        while not (told := re.search(rb'^.*"event":"started".*$', (home / "out").read_bytes(), re.MULTILINE)):
            ended = process.poll() is not None
            assert not ended and time.monotonic() < until, (home / "err").read_text() + (home / "out").read_text()
            time.sleep(0.05)
        yield process, json.loads(told[0])
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()


def shown_token(err: Path) -> str:
    """What a first start shows to whoever began it."""
    within(10, lambda: "Bearer " in err.read_text())
    (token,) = re.findall(r"Bearer (\S+)'", err.read_text())
    return str(token)


def refuses(port: int) -> bool:
    """Whether nobody listens any more."""
    with closing(socket.socket()) as trying, suppress(OSError):
        trying.settimeout(1)
        trying.connect(("127.0.0.1", port))
        return False
    return True


def drained(process: subprocess.Popen[bytes], port: int, token: str) -> http.client.HTTPResponse:
    """What a request is answered that was under way when the container was told to stop."""
    body = json.dumps({"first_name": "Finished", "email": "finished@example.com"}).encode()
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    connection.putrequest("POST", "/v1/contacts")
    for name, value in (
        ("Authorization", f"Bearer {token}"),
        ("Version", VERSION),
        ("Content-Type", "application/json"),
    ):
        connection.putheader(name, value)
    connection.putheader("Content-Length", str(len(body)))
    connection.endheaders(body[:10])
    within(10, lambda: ask(port, "GET", "/healthz").status == 200)
    process.send_signal(signal.SIGTERM)
    within(10, lambda: refuses(port))
    connection.send(body[10:])
    return connection.getresponse()


def test_it_says_how_it_is_run(files: Path) -> None:
    said = config()
    assert (said["User"], said["StopSignal"], said["Entrypoint"]) == (f"{NOBODY}:{NOBODY}", "SIGTERM", ["gateway"])
    assert said["Healthcheck"]["Test"] == ["CMD", "gateway", "healthy"]
    assert list(said["Volumes"]) == ["/var/lib/gateway"] and list(said["ExposedPorts"]) == ["8080/tcp"]


def test_it_has_neither_installer_nor_compiler_and_nobody_may_change_its_code(files: Path) -> None:
    programs = {
        path.name
        for folder in ("usr/bin", "usr/local/bin", "usr/sbin", "opt/gateway/bin")
        for path in (files / folder).glob("*")
    }
    unwanted = [
        name for name in sorted(programs) if re.fullmatch(r"(g?cc|g\+\+|c\+\+|make|ld|pip.*|hatch.*|git)", name)
    ]
    assert unwanted == []
    assert [*files.glob("**/site-packages/pip")] == [*files.glob("usr/local/**/dist-packages/pip")] == []
    owned = [
        path
        for path in (files / "opt/gateway").rglob("*")
        if path.lstat().st_uid or (path.lstat().st_mode & 0o022 and not path.is_symlink())
    ]
    assert owned == []


def test_it_is_no_larger_than_told(files: Path, tmp_path: Path) -> None:
    with (
        gzip.open(tmp_path / "image.tar.gz", "wb", compresslevel=6) as packed,
        tarfile.open(fileobj=packed, mode="w") as tar,
    ):
        tar.add(files, "/")
    size = (tmp_path / "image.tar.gz").stat().st_size
    print(f"compressed: {size / 1e6:.1f} MB")
    assert size <= LARGEST


def test_it_serves_as_nobody_on_a_root_that_cannot_be_written_and_ends_at_sigterm(files: Path, tmp_path: Path) -> None:
    with running(files, tmp_path) as (process, started):
        status = Path(f"/proc/{process.pid}/status").read_text()
        assert re.search(rf"^Uid:\s+{NOBODY}\s+{NOBODY}\s", status, re.MULTILINE)
        assert ask(started["port"], "GET", "/healthz").status == 200
        assert ask(started["port"], "GET", "/v1/me").status == 401
        token = shown_token(tmp_path / "err")
        assert ask(started["port"], "GET", "/v1/me", token=token).status == 200
        healthy = [
            "chroot",
            f"--userspec={NOBODY}:{NOBODY}",
            f"/proc/{process.pid}/root",
            "env",
            "-i",
            *config()["Env"],
        ]
        assert subprocess.run([*healthy, *config()["Healthcheck"]["Test"][1:]], check=False).returncode == 0
        answer = drained(process, started["port"], token)
        assert (answer.status, json.loads(answer.read())["data"]["first_name"]) == (201, "Finished")
        assert process.wait(60) == 0
    # What it wrote is in its volume; the image is as it was.
    assert (tmp_path / "data/keyring.json").stat().st_uid == NOBODY
    assert [*(files / "etc/gateway").iterdir()] == [files / "etc/gateway/config.yaml"]
    assert not [*(files / "var/lib/gateway").iterdir()]


def test_the_list_of_parts_names_what_is_installed_and_nothing_else(files: Path, tmp_path: Path) -> None:
    sbom.write(tmp_path / "sbom.json")
    parts = json.loads((tmp_path / "sbom.json").read_bytes())["components"]
    listed = {(normal(part["name"]), part["version"]) for part in parts}
    (place,) = (files / "opt/gateway/lib").glob("python*/site-packages")
    installed = {(normal(each.name), each.version) for each in distributions(path=[str(place)])}
    assert {each for each in installed if each[0] != "gateway"} == listed
    assert {"starlette", "redis", "gateway"} <= {name for name, _ in installed}


def test_two_builds_are_one_image(files: Path) -> None:
    """All but the name that a container has while it is built, which buildah writes down."""
    building.build("again")
    first, second = (building.inspected(tag)["Docker"] for tag in ("test", "again"))
    assert first["rootfs"]["diff_ids"] == second["rootfs"]["diff_ids"]
    assert [{**made["config"], "Hostname": ""} for made in (first, second)] == [{**config(), "Hostname": ""}] * 2
    assert first["created"] == second["created"]
