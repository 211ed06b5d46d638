"""Spans as a collector gets them, over HTTP, in OpenTelemetry's own messages."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from gateway.observe import metrics, trace, tracing
from tests.live import live
from tests.observe.collecting import Collector, collecting


@pytest.fixture
def collector(monkeypatch: pytest.MonkeyPatch) -> Iterator[Collector]:
    with collecting() as there:
        for name, value in there.environment.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setenv("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment.name=test")
        yield there


@contextmanager
def installed(share: float) -> Iterator[None]:
    tracing.install("gateway", share)
    try:
        yield
    finally:
        tracing.close()


def told(span: Span) -> dict[str, str | int]:
    return {each.key: each.value.string_value or each.value.int_value for each in span.attributes}


def test_a_request_its_stages_that_waited_and_its_internal_calls_are_one_trace(
    collector: Collector, tmp_path: Path
) -> None:
    caller = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
    with live(tmp_path, tracing={"enabled": True, "share": "0%"}) as running:
        assert running.call("POST", "/v1/contacts/search", {}).status_code == 200
        parent = {"traceparent": f"00-{caller[0]}-{caller[1]}-01"}
        assert running.call("POST", "/v1/contacts/search", {"limit": 1}, headers=parent).status_code == 200
        (sent,) = running.sent(1)
        assert running.call("GET", "/console/usage", headers=parent).status_code in (200, 303, 401)
        until = time.monotonic() + 30
        while "GET /console/usage" not in {span.name for span in collector.until(5)} and time.monotonic() < until:
            time.sleep(0.02)
        spans = {span.name: span for span in collector.spans}
        running.served.stop()
    assert {span.trace_id.hex() for span in collector.spans} == {caller[0]}, "of its own, a share of none is recorded"
    (resource, *_) = collector.got
    about = {each.key: each.value.string_value for each in resource.resource.attributes}
    assert (about["service.name"], about["deployment.environment.name"]) == ("gateway", "test")

    server, call = spans["POST /v1/contacts/search"], spans["POST crm"]
    assert (server.kind, server.parent_span_id.hex()) == (Span.SPAN_KIND_SERVER, caller[1])
    assert told(server) | {"http.response.status_code": 200, "http.route": "/v1/contacts/search"} == told(server)
    assert (call.kind, call.parent_span_id) == (Span.SPAN_KIND_CLIENT, server.span_id)
    assert (told(call)["server.address"], told(call)["http.response.status_code"]) == ("crm", 200)
    assert told(call)["server.port"] == urlsplit(running.sandbox_url).port
    assert sent["headers"]["traceparent"] == f"00-{caller[0]}-{call.span_id.hex()}-01"
    assert spans["limit"].parent_span_id == server.span_id
    for span in spans.values():
        assert span.start_time_unix_nano <= span.end_time_unix_nano
    for inner in (call, spans["limit"]):
        assert server.start_time_unix_nano <= inner.start_time_unix_nano
        assert inner.end_time_unix_nano <= server.end_time_unix_nano
    assert abs(server.start_time_unix_nano / 1e9 - time.time()) < 120
    assert "GET /console/usage" in spans


@pytest.mark.parametrize(("share", "least", "most"), [(0.1, 700, 1300), (1.0, 10_000, 10_000), (0.0, 0, 10)])
def test_a_share_of_the_traces_that_start_here_is_recorded_and_asks_others_to(
    collector: Collector, share: float, least: int, most: int
) -> None:
    with installed(share):
        made = [trace.started() for _ in range(10_000)]
    chosen = [each for each in made if each.marks is not None]
    assert least <= len(chosen) <= most
    assert {each.flags for each in chosen} <= {1}
    assert all(each.flags == 0 for each in made if each.marks is None)


def test_whom_a_caller_has_sampled_is_recorded_while_anything_is_and_nobody_else(collector: Collector) -> None:
    sampled, other = (f"00-{'a' * 32}-{'b' * 16}-{flags}".encode() for flags in ("01", "00"))
    assert trace.continued(sampled).marks is None
    with installed(0.0):
        assert trace.continued(sampled).marks is not None
        assert trace.continued(other).marks is None
    assert trace.continued(sampled).flags == 1, "passed on all the same"


def test_a_collector_that_is_away_holds_up_nothing_and_what_it_lost_is_counted(
    collector: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "1")
    before = threading.enumerate()
    with installed(1.0):
        began = time.perf_counter()
        for _ in range(tracing.MOST_WAITING + 500):
            tracing.end(trace.started(), "/v1/me", "GET", 200, time.perf_counter())
        assert time.perf_counter() - began < 5
        text = metrics.exposition().decode()
        dropped = float(text.partition("\ngateway_spans_dropped_total ")[2].partition("\n")[0])
        assert dropped >= 400
        closing = time.perf_counter()
    assert time.perf_counter() - closing < 4
    for each in set(threading.enumerate()) - set(before):
        each.join(20)  # they would go on complaining in the logs of other tests
        assert not each.is_alive(), each.name


def test_an_attempt_of_a_courier_is_a_call_in_a_trace_of_its_own(collector: Collector) -> None:
    with installed(1.0):
        tracing.attempt(trace.started(), "hooks.example.com", 8443, 204, None, 0.25)
        tracing.attempt(trace.started(), "hooks.example.com", 8443, None, "timeout", 10.0)
        fine, failed = collector.until(2)
    assert {fine.kind, failed.kind} == {Span.SPAN_KIND_CLIENT} and fine.trace_id != failed.trace_id
    assert told(fine) == {
        "http.request.method": "POST",
        "server.address": "hooks.example.com",
        "server.port": 8443,
        "http.response.status_code": 204,
    }
    assert round((fine.end_time_unix_nano - fine.start_time_unix_nano) / 1e9, 2) == 0.25
    assert (told(failed)["error.type"], failed.status.code) == ("timeout", Status.STATUS_CODE_ERROR)


def test_nothing_of_the_sdk_is_loaded_while_tracing_is_off() -> None:
    look = "import sys, gateway.app, gateway.process.worker; print([m for m in sys.modules if m.startswith('opentelemetry')])"
    done = subprocess.run([sys.executable, "-c", look], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
