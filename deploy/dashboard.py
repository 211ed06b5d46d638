"""A Grafana dashboard with a panel for every metric, in rows by what it is about."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

from gateway.observe.declared_metrics import Declared

Panel = dict[str, Any]

# The first that a name begins with takes the metric; what no other takes is in the last.
_ROWS: Final = (
    ("Requests", ("gateway_request", "gateway_overhead", "gateway_auth", "gateway_mcp", "http_server")),
    ("Services", ("gateway_upstream", "gateway_breaker", "gateway_drift", "gateway_degraded")),
    ("Limits", ("gateway_rate",)),
    ("Stores and replays", ("gateway_store", "gateway_fail", "gateway_idempotent")),
    ("Webhooks", ("gateway_webhook", "gateway_courier")),
    ("Processes and configuration", ("",)),
)
_WIDTH: Final = 8
_HEIGHT: Final = 7
_COLUMNS: Final = 24
_SOURCE: Final = {"type": "prometheus", "uid": "${datasource}"}
_SELECTED: Final = 'instance=~"$instance"'
_UNITS: Final = {"seconds": "s", "bytes": "bytes"}


def dashboard(metrics: Sequence[Declared]) -> dict[str, Any]:
    """The document that Grafana imports."""
    return {
        "uid": "api-gateway",
        "title": "API gateway",
        "tags": ["gateway"],
        "schemaVersion": 39,
        "refresh": "30s",
        "time": {"from": "now-1h", "to": "now"},
        "templating": {"list": [_datasource(), _instances()]},
        "panels": list(_panels(metrics)),
    }


def _panels(metrics: Sequence[Declared]) -> Iterator[Panel]:
    number = top = 0
    left = list(metrics)
    for title, beginnings in _ROWS:
        inside = [metric for metric in left if metric.name.startswith(beginnings)]
        left = [metric for metric in left if metric not in inside]
        number += 1
        yield {
            "id": number,
            "type": "row",
            "title": title,
            "collapsed": False,
            "panels": [],
            "gridPos": _at(0, top, 24, 1),
        }
        top += 1
        for place, metric in enumerate(inside):
            number += 1
            across = place * _WIDTH % _COLUMNS
            down = top + place * _WIDTH // _COLUMNS * _HEIGHT
            yield _panel(number, metric, _at(across, down, _WIDTH, _HEIGHT))
        top += -(-len(inside) * _WIDTH // _COLUMNS) * _HEIGHT


def _panel(number: int, metric: Declared, place: dict[str, int]) -> Panel:
    targets = [
        {"refId": chr(ord("A") + nth), "datasource": _SOURCE, "expr": expression, "legendFormat": legend}
        for nth, (expression, legend) in enumerate(_asked(metric))
    ]
    return {
        "id": number,
        "type": "timeseries",
        "title": metric.name,
        "description": metric.help,
        "datasource": _SOURCE,
        "gridPos": place,
        "fieldConfig": {"defaults": {"unit": _unit(metric), "min": 0}, "overrides": []},
        "options": {
            "legend": {"displayMode": "list", "placement": "bottom"},
            "tooltip": {"mode": "multi", "sort": "desc"},
        },
        "targets": targets,
    }


def _asked(metric: Declared) -> Iterator[tuple[str, str]]:
    """Expressions, each with its legend."""
    legend = " ".join(f"{{{{{label}}}}}" for label in metric.labels) or "all"
    by = ", ".join(metric.labels)
    if metric.type == "histogram":
        for share in ("0.5", "0.99"):
            # Over all its labels: by route there are more lines than anybody reads.
            rate = f"sum by (le) (rate({metric.name}_bucket{{{_SELECTED}}}[$__rate_interval]))"
            yield f"histogram_quantile({share}, {rate})", f"p{float(share) * 100:.0f}"
        return
    chosen = f"{metric.name}{{{_SELECTED}}}"
    if metric.type == "counter":
        chosen = f"rate({chosen}[$__rate_interval])"
    summed = f"sum by ({by}) ({chosen})" if by else f"sum({chosen})"
    yield (f"topk(15, {summed})" if "route" in metric.labels else summed), legend


def _unit(metric: Declared) -> str:
    if metric.type == "counter":
        return "ops"
    return next((unit for word, unit in _UNITS.items() if metric.name.endswith(f"_{word}")), "short")


def _at(across: int, down: int, width: int, height: int) -> dict[str, int]:
    return {"x": across, "y": down, "w": width, "h": height}


def _datasource() -> dict[str, Any]:
    return {"name": "datasource", "label": "Prometheus", "type": "datasource", "query": "prometheus"}


def _instances() -> dict[str, Any]:
    return {
        "name": "instance",
        "label": "Instance",
        "type": "query",
        "datasource": _SOURCE,
        "query": "label_values(gateway_workers, instance)",
        "includeAll": True,
        "multi": True,
        "current": {"text": "All", "value": "$__all"},
        "refresh": 2,
    }
