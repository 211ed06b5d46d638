"""The dashboard and the alerts: what is committed is what the declarations say, and Prometheus' own tool agrees."""

from __future__ import annotations

import json
import re
import subprocess
from math import inf
from pathlib import Path

import pytest

from bench.needs import from_debian, program_path
from deploy.alerts import ALERTS
from deploy.declared import METRICS
from deploy.files import HERE, made
from gateway.observe import metrics, webhook_metrics
from tests.live import Live

OPERATIONS = Path(__file__).parents[2] / "docs" / "operations.md"
NAMES = {metric.name for metric in METRICS}
_SUFFIX = re.compile(r"_(bucket|sum|count)$")


@pytest.mark.parametrize("name", made())
def test_the_committed_files_are_what_the_declarations_make(name: str) -> None:
    assert (HERE / name).read_text() == made()[name], "`make dashboards` writes them"


@pytest.mark.parametrize(
    ("command", "file"),
    [("check", "alerts.yaml"), *(("test", name.removeprefix("prometheus/")) for name in made() if ".test." in name)],
)
def test_prometheus_takes_the_rules_and_each_fires_when_it_should_and_not_otherwise(command: str, file: str) -> None:
    from_debian("promtool", "prometheus")
    line = [program_path("promtool"), command, "rules", file]
    done = subprocess.run(line, cwd=HERE / "prometheus", capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "SUCCESS" in done.stdout + done.stderr


def test_prometheus_has_nothing_to_object_to_in_what_is_shown(live: Live) -> None:
    from_debian("promtool", "prometheus")
    line, text = [program_path("promtool"), "check", "metrics"], live.served.admin("/metrics").body.decode()
    done = subprocess.run(line, input=text, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


def test_instances_with_different_keyrings_are_told_apart_by_the_ids_of_the_keys_in_use(live: Live) -> None:
    keys = json.loads((live.served.data_dir / "keyring.json").read_text())
    hashing, sealing = (keys[kind][0]["id"] for kind in ("hashing", "sealing"))
    shown = live.served.admin("/metrics").body.decode()
    assert f'gateway_keyring_info{{hashing="{hashing}",sealing="{sealing}"}} 1.0' in shown


def test_every_metric_that_a_running_gateway_shows_is_declared_with_its_type(live: Live) -> None:
    text = live.served.admin("/metrics").body.decode()
    shown = {
        (name, kind)
        for name, kind in re.findall(r"^# TYPE (\S+) (\S+)$", text, re.MULTILINE)
        if not name.endswith("_created")
    }
    assert len(shown) > 20
    assert shown - {(metric.name, metric.type) for metric in METRICS} == set()
    supervisors = {
        metric.name for metric in METRICS if metric.name.startswith(("gateway_work", "gateway_config", "gateway_key"))
    }
    assert supervisors - {name for name, _ in shown} == set()


def test_every_metric_has_a_panel_and_no_panel_asks_for_another() -> None:
    panels = [each for each in json.loads(made()["grafana/gateway.json"])["panels"] if each["type"] != "row"]
    assert sorted(each["title"] for each in panels) == sorted(NAMES)
    asked = [target["expr"] for each in panels for target in each["targets"]]
    named = {_SUFFIX.sub("", name) for text in asked for name in re.findall(r"\b(?:gateway|http)_\w+", text)}
    assert named == NAMES
    assert len({each["id"] for each in panels}) == len(panels)


def test_no_alert_asks_for_a_metric_or_a_label_that_there_is_not() -> None:
    labels = {metric.name: metric.labels for metric in METRICS}
    for alert in ALERTS:
        for name in re.findall(r"\bgateway_\w+", alert.expr):
            assert _SUFFIX.sub("", name) in NAMES, alert.name
        for series in (each for case in (alert.series, *alert.more, alert.quiet) for each in case):
            name, _, given = series.partition("{")
            found = set(re.findall(r"(\w+)=", given)) - {"le"}
            assert found <= set(labels[_SUFFIX.sub("", name)]), series


def test_no_alert_asks_for_a_time_that_its_histogram_cannot_tell() -> None:
    asked = [
        (alert.name, match[1], float(match[2]))
        for alert in ALERTS
        for match in re.finditer(r"histogram_quantile\(.*?(gateway_\w+)_bucket.*?> ([0-9.]+)", alert.expr)
    ]
    assert len(asked) == len([alert for alert in ALERTS if "histogram_quantile" in alert.expr]) > 1
    for alert, name, seconds in asked:
        bounds = metrics._registry._names_to_collectors[name]._upper_bounds  # type: ignore[attr-defined]
        assert [each for each in bounds if seconds < each < inf], f"{alert}: {name} ends at {bounds[-2]} s"


def test_what_an_alert_calls_for_at_the_first_time_is_counted_as_nothing_before_it(live: Live) -> None:
    text = live.served.admin("/metrics").body.decode()
    for counted in (
        *(f'gateway_webhook_ingest_total{{outcome="{each}"}}' for each in webhook_metrics.INGESTED),
        *(f'gateway_webhook_deliveries_total{{outcome="{each}"}}' for each in webhook_metrics.ENDED),
        'gateway_store_lost_total{store="redis"}',
        'gateway_store_lost_total{store="sql"}',
        'gateway_fail_mode_total{mode="plan_unknown"}',
        "gateway_webhook_poison_total",
        "gateway_webhook_lease_lost_total",
        "gateway_webhook_gap_seconds_total",
    ):
        assert re.search(rf"^{re.escape(counted)} \d", text, re.MULTILINE), counted


def test_every_alert_has_its_line_in_the_runbook_and_no_other_has() -> None:
    rows = re.findall(r"^\| `(Gateway\w+)` \| (.+) \|$", OPERATIONS.read_text(), re.MULTILINE)
    assert [name for name, _ in rows] == [alert.name for alert in ALERTS]
    assert all(len(what) > 20 for _, what in rows)
