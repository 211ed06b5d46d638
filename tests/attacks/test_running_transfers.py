"""What is permitted at its beginning and goes on for long: exports that are read, imports whose file is on its way."""

from __future__ import annotations

import socket
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
import pytest

from gateway.api.standing import EVERY
from sandbox.contacts_csv import EXPORTED
from tests.attacks.wire import connect, head
from tests.live import Live
from tests.live import live as running
from tests.waiting import within

EXPORT, IMPORT = "/v1/contacts/export", "/v1/contacts/import"
COLUMNS = b"first_name,last_name\r\n"
MOMENT = "2026-01-01T00:00:00.000Z"
CELLS = {"id": "7" * 24, "firstName": "Ada", "lastName": "Lovelace", "createdAt": MOMENT, "updatedAt": MOMENT}
ROW = ",".join(CELLS.get(name, "") for name in EXPORTED).encode() + b"\r\n"


class Patient(BaseHTTPRequestHandler):
    """A service that gives a row ten times a second, until nobody reads them any more; and counts what is written to it."""

    protocol_version = "HTTP/1.1"
    written = 0

    def do_GET(self) -> None:
        if not self.path.endswith("/export"):
            self.send_error(404)
            return
        self.send_response(200)
        self.send_header("content-type", "text/csv; charset=utf-8")
        self.send_header("transfer-encoding", "chunked")
        self.end_headers()
        row = ",".join(EXPORTED).encode() + b"\r\n"
        try:
            while True:
                self.wfile.write(b"%x\r\n%b\r\n" % (len(row), row))
                self.wfile.flush()
                time.sleep(0.1)
                row = ROW
        except OSError:
            self.close_connection = True

    def do_POST(self) -> None:
        Patient.written += 1
        self.rfile.read(int(self.headers.get("content-length", 0)))
        self.send_error(500)

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture(scope="module")
def patient(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Patient) as service:
        serving = threading.Thread(target=service.serve_forever)
        serving.start()
        try:
            url = f"http://127.0.0.1:{service.server_address[1]}"
            with running(
                tmp_path_factory.mktemp("patient"),
                crm={"base_url": url},
                identity={"role_ttl": "1s"},
            ) as pair:
                yield pair
        finally:
            service.shutdown()
            serving.join()


def revoked(live: Live, token_id: str) -> None:
    live.run("tokens", "revoke", f"tok_{token_id}")


def demoted(live: Live, _: str) -> None:
    live.sandbox_command("set-role", "--user", live.a.users["member"]["email"], "--role", "viewer")


def disabled(live: Live, _: str) -> None:
    live.sandbox_command("set-active", "--user", live.a.users["member"]["email"], "--active", "no")


@pytest.fixture
def member(patient: Live) -> Iterator[tuple[str, str]]:
    """A token of the member, and its id; they are what they were afterwards."""
    lasting, _ = patient.record(patient.a, "member", "contact.all")
    yield patient.record(patient.a, "member", "contact.all")
    email = patient.a.users["member"]["email"]
    patient.sandbox_command("set-role", "--user", email, "--role", "member")
    patient.sandbox_command("set-active", "--user", email, "--active", "yes")

    def restored() -> bool:
        answer = patient.call("GET", "/v1/me", token=lasting)
        return answer.status_code == 200 and answer.json()["data"]["user"]["role"] == "member"

    within(10, restored)


LOST: list[tuple[Callable[[Live, str], None], str]] = [
    (revoked, "token_revoked"),
    (demoted, "role_forbids"),
    (disabled, "token_revoked"),
]


@pytest.mark.parametrize(("lose", "code"), LOST, ids=["token", "role", "user"])
def test_an_export_ends_when_what_permitted_it_is_lost(
    patient: Live, member: tuple[str, str], lose: Callable[[Live, str], None], code: str
) -> None:
    token, token_id = member
    headers = {"Authorization": f"Bearer {token}", "Version": "2026-09-01"}
    with httpx.stream("GET", patient.url + EXPORT, headers=headers, timeout=20) as export:
        assert export.status_code == 200
        pieces = export.iter_bytes()
        began = time.monotonic()
        while time.monotonic() - began < 2.5:
            assert next(pieces)
        lose(patient, token_id)
        lost = time.monotonic()
        with pytest.raises(httpx.RemoteProtocolError):  # before the last chunk: nobody takes a part for the whole
            deque(iter(lambda: next(pieces) if time.monotonic() - lost < 10 else None, None), 0)
        assert time.monotonic() - lost < 5

    def told() -> bool:
        ended = [line for line in patient.served.events() if line.get("route") == EXPORT and line.get("code")]
        return bool(ended) and ended[-1]["code"] == code

    within(5, told)


@pytest.mark.parametrize(("lose", "code"), LOST, ids=["token", "role", "user"])
def test_an_import_whose_file_came_for_too_long_is_judged_once_more(
    patient: Live, member: tuple[str, str], lose: Callable[[Live, str], None], code: str
) -> None:
    token, token_id = member
    row = b"Ada,Lovelace\r\n"
    written = Patient.written
    with closing(connect(patient)) as line:
        length = f"Content-Length: {len(COLUMNS) + 2 * len(row)}"
        waits = "Expect: 100-continue"
        line.sendall(head(patient, "POST", IMPORT, "Content-Type: text/csv", length, waits, token=token))
        assert line.recv(65536).startswith(b"HTTP/1.1 100 ")  # it is permitted, and its file is waited for
        line.sendall(COLUMNS + row)
        lose(patient, token_id)
        time.sleep(EVERY)  # for so long a file comes unasked
        line.sendall(row)
        line.shutdown(socket.SHUT_WR)
        answer = b"".join(iter(lambda: line.recv(65536), b""))
    assert answer.startswith(b"HTTP/1.1 40") and b'"code":"%b"' % code.encode() in answer
    assert Patient.written == written
