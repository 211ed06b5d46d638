"""What the alerts become: Prometheus' rules and their unit tests."""

from __future__ import annotations

from typing import Any, Final

from deploy.alert import Alert
from deploy.alerts import ALERTS

GROUP: Final = "gateway"
RUNBOOK: Final = "docs/operations.md#alerts"


def rules() -> dict[str, Any]:
    """A file of Prometheus' alerting rules."""
    made = [
        {
            "alert": alert.name,
            "expr": alert.expr,
            "for": alert.lasting,
            "labels": {"severity": alert.severity},
            "annotations": _annotations(alert),
        }
        for alert in ALERTS
    ]
    return {"groups": [{"name": GROUP, "rules": made}]}


def tests(every: str) -> dict[str, Any]:
    """A file of promtool's unit tests, which has one interval: each alert of it fires in its cases, and in the other one it does not."""
    made: list[dict[str, Any]] = []
    for alert in (each for each in ALERTS if each.every == every):
        fires = {"exp_labels": {"severity": alert.severity, **alert.fires}, "exp_annotations": _annotations(alert)}
        cases = [*((series, [fires]) for series in (alert.series, *alert.more)), (alert.quiet, [])]
        for series, expected in cases:
            made.append(
                {
                    "interval": every,
                    "input_series": [{"series": name, "values": values} for name, values in series.items()],
                    "alert_rule_test": [{"eval_time": alert.at, "alertname": alert.name, "exp_alerts": expected}],
                }
            )
    return {"rule_files": ["alerts.yaml"], "evaluation_interval": every, "tests": made}


def _annotations(alert: Alert) -> dict[str, str]:
    return {"summary": alert.says, "runbook": f"{RUNBOOK}: {alert.name}"}
