"""A slow bucket leads to a trace: exemplars in OpenMetrics, of requests that were recorded, over all workers."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import httpx
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from gateway.observe import admin, exemplars, metrics

TRACE = "0af7651916cd43dd8448eb211c80319c"
RECORDED = f"""
import sys
from pathlib import Path
from gateway.observe import metrics
metrics.share(Path(sys.argv[1]))
metrics.request("/v1/me", "GET", 200, "2026-09-01", 0.004)
metrics.request("/v1/me", "GET", 200, "2026-09-01", 99.0)
metrics.traced("/v1/me", 0.004, "{TRACE}")
metrics.write_down()
"""


def test_openmetrics_has_the_trace_of_a_recorded_request_in_its_bucket_and_prometheus_text_has_none(
    tmp_path: Path,
) -> None:
    subprocess.run([sys.executable, "-c", RECORDED, tmp_path], check=True)
    text = metrics.exposition(tmp_path, openmetrics=True).decode()
    found = {
        (sample.name, float(sample.labels["le"])): sample.exemplar
        for family in text_string_to_metric_families(text)  # type: ignore[no-untyped-call]
        for sample in family.samples
        if sample.exemplar is not None and sample.exemplar.labels["trace_id"] == TRACE
    }
    assert found.keys() == {
        ("gateway_request_seconds_bucket", 0.005),
        ("http_server_request_duration_seconds_bucket", 0.005),
    }
    assert {each.value for each in found.values()} == {0.004}
    assert TRACE not in metrics.exposition(tmp_path).decode()


async def test_the_format_is_the_one_that_is_asked_for() -> None:
    app = admin.create(lambda openmetrics: b"# EOF\n" if openmetrics else b"", dict)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost") as client:
        accept = {"accept": "application/openmetrics-text;version=1.0.0,text/plain;q=0.5"}
        asked = await client.get("/metrics", headers=accept)
        assert (asked.text, asked.headers["content-type"]) == ("# EOF\n", exemplars.CONTENT_TYPE)
        assert (await client.get("/metrics")).headers["content-type"] == metrics.CONTENT_TYPE
