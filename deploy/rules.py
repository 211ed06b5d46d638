"""What the alerts become: Prometheus' rules and their unit tests."""

from __future__ import annotations

from typing import Any, Final

from deploy.alerts import ALERTS, Alert

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


def tests() -> dict[str, Any]:
    """A file of promtool's unit tests: each alert fires in its case, and in the other one it does not."""
    made = []
    for alert in ALERTS:
        fires = {"exp_labels": {"severity": alert.severity, **alert.fires}, "exp_annotations": _annotations(alert)}
        for series, expected in ((alert.series, [fires]), (alert.quiet, [])):
            made.append(
                {
                    "interval": "1m",
                    "input_series": [{"series": name, "values": values} for name, values in series.items()],
                    "alert_rule_test": [{"eval_time": alert.at, "alertname": alert.name, "exp_alerts": expected}],
                }
            )
    return {"rule_files": ["alerts.yaml"], "evaluation_interval": "1m", "tests": made}


def _annotations(alert: Alert) -> dict[str, str]:
    return {"summary": alert.says, "runbook": f"{RUNBOOK}: {alert.name}"}
