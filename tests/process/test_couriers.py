"""Couriers as processes: what is posted to the ingest port of a real gateway arrives at a real receiver."""

from __future__ import annotations

import hmac
import http.client
import json
import os
import signal
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest
from sqlalchemy import select

from gateway.keys.keyring import Keyring
from gateway.stores.sql import Sql, webhook_queue
from gateway.stores.sql.webhook_models import EventRow, LaneRow
from tests.certificates import make_authority
from tests.process.ingested import EGRESS, owner, registered, subscribed, told
from tests.process.serving import Served, ask, family, until_stopped, wait_gone
from tests.waiting import within


class Receiver(ThreadingHTTPServer):
    """What came, by webhook id."""

    request_queue_size = 512

    def __init__(self) -> None:
        received: list[tuple[str, dict[str, str], bytes]] = []
        self.received = received
        outer = self
        self.hold = 0.0

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                headers = {name.lower(): value for name, value in self.headers.items()}
                time.sleep(outer.hold)
                received.append((headers["webhook-id"], headers, body))
                self.send_response(204)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Quietly."""

        super().__init__(("127.0.0.1", 0), Handler)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/hook"

    def wait(self, count: int, seconds: float = 40.0) -> None:
        until = time.monotonic() + seconds
        while len({each[0] for each in self.received}) < count:
            assert time.monotonic() < until, f"{len(self.received)} of {count}"
            time.sleep(0.02)


SETTINGS = {
    "GATEWAY_WEBHOOKS__COURIERS": "1",
    "GATEWAY_WEBHOOKS__INGEST__PORT": "0",
    "GATEWAY_WEBHOOKS__EGRESS": EGRESS,
}


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    server = Receiver()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()


@contextmanager
def couriers(tmp_path: Path, **env: str) -> Iterator[tuple[Served, int, str, Sql, Keyring]]:
    """A gateway with couriers; its ingest port, the sandbox's first tenant, its database and keys."""
    served = Served(tmp_path / "gateway", **SETTINGS | env)
    sql = None
    try:
        served.wait_started()
        sql = Sql(f"sqlite:///{served.data_dir}/gateway.db")
        keys = Keyring.load((served.data_dir / "keyring.json").read_bytes())
        tenant = served.ask("GET", "/v1/me").json["data"]["tenant"]["id"].removeprefix("biz_")
        yield served, int(served.wait_for("couriers started")["ingest_port"]), tenant, sql, keys
    finally:
        if sql is not None:
            sql.close()
        served.process.terminate()
        served.process.wait(40)


def test_an_event_posted_to_the_ingest_port_arrives_signed_and_survives_the_courier(
    tmp_path: Path, receiver: Receiver
) -> None:
    with couriers(tmp_path) as (served, port, tenant, sql, keys):
        place = f"/in/{registered(sql, keys, tenant)}"
        subscribed(sql, keys, tenant, receiver.url, owner(served))
        assert ask(port, "GET", "/readyz").status == 200
        event = told(tenant, 0)
        first, again = ask(port, "POST", place, event), ask(port, "POST", place, event)
        assert (first.status, again.status) == (200, 200) and first.json["id"].startswith("evt_") and not again.json
        receiver.wait(1)
        ((webhook_id, headers, body),) = receiver.received
        assert webhook_id == first.json["id"] and headers["webhook-signature"].startswith("v1,")
        assert json.loads(body)["type"] == "deal.won" and json.loads(body)["omitted"] == "thin"
        # Never-answered endpoints are called once a second; this one has answered now.
        receiver.hold = 0.02
        ids = {webhook_id}
        for number in range(1, 60):
            ids.add(ask(port, "POST", place, told(tenant, number)).json["id"])
        pid = next(_children(served.process.pid, "gateway.process.courier"))
        os.kill(pid, signal.SIGKILL)
        assert served.wait_for("courier died")["courier"] == 0
        receiver.wait(60, 60)
        told_by = {
            (each.get("courier"), each.get("worker")) for each in served.events() if each["event"] == "webhook attempt"
        }
        assert told_by == {(0, None)}
        assert {each[0] for each in receiver.received} == ids, "every accepted event is delivered"
        assert len(receiver.received) <= 60 + 64 + 8
        metrics = served.admin("/metrics").body.decode()
        assert "gateway_couriers 1.0" in metrics and "gateway_courier_restarts_total 1.0" in metrics
        assert 'gateway_webhook_ingest_total{outcome="repeated"} 1.0' in metrics


def test_when_the_supervisor_is_killed_its_couriers_end_and_the_next_ones_deliver_what_was_taken(
    tmp_path: Path, receiver: Receiver
) -> None:
    with couriers(tmp_path) as (served, port, tenant, sql, keys):
        place = f"/in/{registered(sql, keys, tenant)}"
        endpoint_id = subscribed(sql, keys, tenant, receiver.url, owner(served))
        ids = {ask(port, "POST", place, told(tenant, 0)).json["id"]}
        receiver.wait(1)
        receiver.hold = 0.4
        ids |= {ask(port, "POST", place, told(tenant, number)).json["id"] for number in range(1, 60)}
        receiver.wait(2)
        children = family(served.process.pid)
        served.stop(signal.SIGKILL)
        wait_gone(children, 30)
        with sql.session() as session:
            assert session.get_one(LaneRow, endpoint_id).leased_by is not None, "nobody gave the lane back"
            assert webhook_queue.depth(session, 0)[0] > 0
        receiver.hold = 0.02
        with until_ended(Served(tmp_path / "gateway", **SETTINGS)) as again:
            again.wait_for("couriers started")
            # Whose place was whose is not known any more: the lease has to end.
            receiver.wait(60, 120)
            within(60, lambda: _waiting(sql) == 0)
        assert {each[0] for each in receiver.received} == ids, "every accepted event is delivered, and nothing else"
        assert len(receiver.received) <= 60 + 64 + 8


def test_a_courier_that_is_killed_before_it_first_served_ends_nothing(tmp_path: Path) -> None:
    """Requests are answered by then: a courier is started until one serves, and the gateway goes on meanwhile."""
    settings = {"GATEWAY_WEBHOOKS__COURIERS": "1", "GATEWAY_WEBHOOKS__INGEST__PORT": "0"}
    with until_stopped(Served(tmp_path / "gateway", **settings)) as served:
        within(30, lambda: [*_children(served.process.pid, "gateway.process.courier")] != [])
        os.kill(next(_children(served.process.pid, "gateway.process.courier")), signal.SIGKILL)
        assert ask(int(served.wait_for("couriers started")["ingest_port"]), "GET", "/readyz").status == 200
        assert served.ask("GET", "/v1/me").status == 200
        events = [line["event"] for line in served.events()]
        assert events.index("courier died") < events.index("couriers started")


def test_case_23_the_ingest_port_refuses_what_it_cannot_believe(tmp_path: Path) -> None:
    with couriers(tmp_path) as (served, port, tenant, sql, keys):
        place = f"/in/{registered(sql, keys, tenant)}"
        assert ask(port, "POST", "/in/unknown", told(tenant, 1)).status == 404
        assert ask(port, "POST", "/elsewhere", told(tenant, 1)).status == 404
        assert ask(port, "POST", place, told("another", 1)).status == 403
        assert ask(port, "POST", place, {"event": "deal.won"}).status == 400
        assert ask(port, "POST", place, [1]).status == 400
        assert ask(port, "POST", place, told(tenant, 1) | {"event": "moon.landed"}).status == 200
        assert ask(port, "POST", place, told(tenant, 1) | {"data": {"id": "../../etc"}}).status == 400
        assert ask(port, "POST", place, {"event": "x" * 300_000}).status == 413
        assert ask(port, "GET", place).status == 405
        assert place[4:] not in served.out.read_text()
        # Nobody subscribed, so nothing is sent; and /v1 is as it was.
        assert served.ask("GET", "/v1/me").status == 200
        with socket.create_connection(("127.0.0.1", port)) as raw:
            raw.sendall(b"POST " + place.encode() + b" HTTP/1.1\r\nHost: x\r\nContent-Length: 99\r\n\r\n{")
        assert ask(port, "GET", "/healthz").status == 200


def test_couriers_alone_say_what_they_do_and_offer_nothing_else(tmp_path: Path) -> None:
    own = {"GATEWAY_WEBHOOKS__COURIERS": "1", "GATEWAY_WEBHOOKS__INGEST__PORT": "0", "GATEWAY_TEST": "off"}
    gateway = Served(tmp_path, "--only", "couriers", **own)
    try:
        started, port = gateway.wait_for("started"), gateway.wait_for("couriers started")["ingest_port"]
        gateway.admin_port = int(started["admin_port"])
        assert (started["workers"], "port" in started) == (0, False)
        said = gateway.err.read_text()
        assert f"events from the services on 127.0.0.1:{port}" in said
        assert not [word for word in ("answers on", "console", "Bearer") if word in said]
        assert ask(port, "GET", "/readyz").status == gateway.admin("/readyz").status == 200
        assert "gateway_workers_configured 0.0" in gateway.admin("/metrics").body.decode()
    finally:
        gateway.stop()


def test_with_an_authority_the_ingest_port_hears_only_those_it_vouches_for_and_believes_them(tmp_path: Path) -> None:
    authority, stranger = make_authority(_folder(tmp_path, "ours")), make_authority(_folder(tmp_path, "others"))
    ours, others = authority.identity("127.0.0.1"), stranger.identity("127.0.0.1")
    tls = {"certificate": str(ours), "key": str(ours), "client_ca": authority.file}
    with couriers(tmp_path, GATEWAY_WEBHOOKS__INGEST__TLS=json.dumps(tls)) as (served, port, tenant, sql, keys):
        assert served.facts()["ingest_url"] == f"https://127.0.0.1:{port}"
        url = f"https://127.0.0.1:{port}/in/{registered(sql, keys, tenant)}"
        trusting = ssl.create_default_context(cafile=authority.file)
        for shown in (None, others):
            with pytest.raises((ssl.SSLError, httpx.TransportError)), _speaking(trusting, shown) as client:
                client.post(url, json=told(tenant, 1))
        with pytest.raises((OSError, http.client.HTTPException)):
            ask(port, "GET", "/healthz")
        assert _believed(sql) == []
        with _speaking(trusting, ours) as client:
            assert client.post(url, json=told(tenant, 1)).status_code == 200
        assert _believed(sql) == [True]
        trusting.load_cert_chain(ours)
        plain = socket.create_connection(("127.0.0.1", port), timeout=10)
        with trusting.wrap_socket(plain, server_hostname="127.0.0.1") as last:
            last.sendall(b"GET /in/unknown HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            answer = b"".join(iter(lambda: last.recv(4096), b""))
        assert answer.startswith(b"HTTP/1.1 404") and answer.endswith(b'{"error":"unknown_capability"}')


def test_what_the_service_signed_is_believed_and_what_it_did_not_sign_is_refused(tmp_path: Path) -> None:
    signature = {"header": "X-Signature", "scheme": "hmac-sha256-hex", "secret": {"env": "INGEST_SECRET"}}
    env = {"GATEWAY_WEBHOOKS__INGEST__SIGNATURE": json.dumps(signature), "INGEST_SECRET": "s3cret"}
    with couriers(tmp_path, **env) as (_, port, tenant, sql, keys):
        url, body = f"http://127.0.0.1:{port}/in/{registered(sql, keys, tenant)}", json.dumps(told(tenant, 1)).encode()
        right = hmac.digest(b"s3cret", body, "sha256").hex()
        given: list[tuple[dict[str, str], int]] = [
            ({}, 403),
            ({"X-Signature": hmac.digest(b"other", body, "sha256").hex()}, 403),
            ({"X-Signature": right.upper()}, 403),
            ({"X-Signature": f"sha256={right}"}, 200),
        ]
        assert [httpx.post(url, content=body, headers=headers).status_code for headers, _ in given] == [
            status for _, status in given
        ]
        assert _believed(sql) == [True]


@contextmanager
def until_ended(served: Served) -> Iterator[Served]:
    try:
        yield served
    finally:
        served.stop()


def _waiting(sql: Sql) -> int:
    with sql.session(read_only=True) as session:
        return webhook_queue.depth(session, 0)[0]


def _folder(home: Path, name: str) -> Path:
    folder = home / name
    folder.mkdir()
    return folder


def _speaking(trusting: ssl.SSLContext, shown: Path | None) -> httpx.Client:
    if shown is not None:
        trusting.load_cert_chain(shown)
    return httpx.Client(verify=trusting)


def _believed(sql: Sql) -> list[bool]:
    """Of each event there is, whether its facts were kept."""
    with sql.session() as session:
        return [facts is not None for facts in session.scalars(select(EventRow.facts_sealed))]


def _children(parent: int, module: str) -> Iterator[int]:
    for child in Path(f"/proc/{parent}/task/{parent}/children").read_text().split():
        if module in Path(f"/proc/{child}/cmdline").read_text():
            yield int(child)
