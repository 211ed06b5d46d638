"""The alerts, each with a case in which it fires (deploy/rules.py writes them down)."""

from __future__ import annotations

from typing import Final

from deploy.alert import Alert
from deploy.webhook_alerts import WEBHOOKS


def _increases(counter: str, labels: str, within: str) -> str:
    """Any increase of a counter whose labels nobody knows beforehand: what is counted for the first time has no value before it."""
    now, born = f"sum by ({labels}) ({counter})", f"unless sum by ({labels}) ({counter} offset {within})"
    return f"sum by ({labels}) (increase({counter}[{within}])) > 0 or ({now} {born}) > 0"


ALERTS: Final = (
    Alert(
        name="GatewayWorkersMissing",
        expr="gateway_workers < gateway_workers_configured",
        lasting="5m",
        severity="page",
        says="Fewer workers answer than are configured.",
        series={"gateway_workers": "2x20", "gateway_workers_configured": "4x20"},
        quiet={"gateway_workers": "4x20", "gateway_workers_configured": "4x20"},
    ),
    Alert(
        name="GatewayWorkersRestart",
        expr="increase(gateway_worker_restarts_total[15m]) > 2",
        lasting="0m",
        severity="page",
        says="Workers die again and again.",
        series={"gateway_worker_restarts_total": "0+1x20"},
        quiet={"gateway_worker_restarts_total": "1x20"},
    ),
    Alert(
        name="GatewayErrors",
        expr='sum(rate(gateway_requests_total{status=~"5..",status!="501"}[5m])) / sum(rate(gateway_requests_total[5m])) > 0.01',
        lasting="5m",
        severity="page",
        says="More than one in a hundred requests fails: it is answered 5xx, but for 501.",
        series={'gateway_requests_total{status="200"}': "0+90x20", 'gateway_requests_total{status="502"}': "0+10x20"},
        # What a deployment does not offer is no failure, however often somebody asks for it.
        quiet={
            'gateway_requests_total{status="200"}': "0+9999x20",
            'gateway_requests_total{status="501"}': "0+9999x20",
            'gateway_requests_total{status="502"}': "0+1x20",
        },
    ),
    Alert(
        name="GatewayOverhead",
        expr="histogram_quantile(0.99, sum by (le) (rate(gateway_overhead_seconds_bucket[5m]))) > 0.25",
        lasting="10m",
        severity="ticket",
        says="The gateway itself takes more than a quarter of a second of the slowest hundredth of requests.",
        series={
            'gateway_overhead_seconds_bucket{le="0.25"}': "0+50x30",
            'gateway_overhead_seconds_bucket{le="0.5"}': "0+100x30",
            'gateway_overhead_seconds_bucket{le="+Inf"}': "0+100x30",
        },
        at="25m",
        quiet={
            'gateway_overhead_seconds_bucket{le="0.25"}': "0+100x30",
            'gateway_overhead_seconds_bucket{le="0.5"}': "0+100x30",
            'gateway_overhead_seconds_bucket{le="+Inf"}': "0+100x30",
        },
    ),
    Alert(
        name="GatewayStoreLost",
        expr="sum by (store) (rate(gateway_store_lost_total[5m])) > 0",
        lasting="1m",
        severity="page",
        says="A store cannot be reached or takes no writes.",
        series={'gateway_store_lost_total{store="redis"}': "0+5x20"},
        fires={"store": "redis"},
        quiet={'gateway_store_lost_total{store="redis"}': "5x20"},
    ),
    Alert(
        name="GatewayPlanUnknown",
        expr='increase(gateway_fail_mode_total{mode="plan_unknown"}[30m]) > 0',
        lasting="0m",
        severity="ticket",
        says="A tenant has a plan that is not configured.",
        series={'gateway_fail_mode_total{mode="plan_unknown"}': "0+1x20"},
        fires={"mode": "plan_unknown"},
        quiet={'gateway_fail_mode_total{mode="local_limit"}': "0+1x20"},
    ),
    Alert(
        name="GatewayCallsSuspended",
        expr="max by (service, calls) (gateway_breaker_open) == 1",
        lasting="1m",
        severity="page",
        says="A circuit breaker keeps calls from a service that fails.",
        series={'gateway_breaker_open{service="crm",calls="read"}': "1x20"},
        fires={"service": "crm", "calls": "read"},
        quiet={'gateway_breaker_open{service="crm",calls="read"}': "0x20"},
    ),
    Alert(
        name="GatewayCallsShed",
        expr='sum by (service) (rate(gateway_upstream_refused_total{reason=~"queue_.*"}[5m])) > 0',
        lasting="5m",
        severity="ticket",
        says="A service is asked for more than it takes.",
        series={'gateway_upstream_refused_total{service="crm",reason="queue_full"}': "0+2x20"},
        fires={"service": "crm"},
        quiet={'gateway_upstream_refused_total{service="crm",reason="open"}': "0+2x20"},
    ),
    Alert(
        name="GatewayServiceDrifts",
        expr=_increases("gateway_drift_total", "field, kind", "1h"),
        lasting="0m",
        severity="ticket",
        says="A service answers with a field that is not as declared.",
        series={'gateway_drift_total{field="things.size",kind="misfit"}': "0+1x100"},
        fires={"field": "things.size", "kind": "misfit"},
        more=({'gateway_drift_total{field="things.size",kind="misfit"}': "_x60 1x40"},),
        at="90m",
        quiet={'gateway_drift_total{field="things.size",kind="misfit"}': "3x100"},
    ),
    Alert(
        name="GatewayValuesDegraded",
        expr=_increases("gateway_degraded_values_total", "field", "15m"),
        lasting="0m",
        severity="ticket",
        says="Values of a service are answered as null, because they are not as declared.",
        series={'gateway_degraded_values_total{field="things.size"}': "0+1x40"},
        at="30m",
        fires={"field": "things.size"},
        more=({'gateway_degraded_values_total{field="things.size"}': "_x20 1x20"},),
        quiet={'gateway_degraded_values_total{field="things.size"}': "3x40"},
    ),
    Alert(
        name="GatewayTokensRefused",
        expr="sum(rate(gateway_auth_failures_total[15m])) > 1 "
        "and sum(rate(gateway_auth_failures_total[15m])) > 5 * sum(rate(gateway_auth_failures_total[15m] offset 1d))",
        lasting="15m",
        severity="ticket",
        says="Far more tokens are refused than a day ago.",
        series={'gateway_auth_failures_total{code="token_invalid"}': "0+30x288 8700+3000x12"},
        at="1490m",
        every="5m",
        quiet={'gateway_auth_failures_total{code="token_invalid"}': "0+3000x300"},
    ),
    Alert(
        name="GatewayIssuerAway",
        expr='sum by (issuer) (rate(gateway_issuer_keys_read_total{result="failed"}[15m])) > 0 '
        'unless sum by (issuer) (rate(gateway_issuer_keys_read_total{result="read"}[15m])) > 0',
        lasting="5m",
        severity="ticket",
        says="The keys of an issuer cannot be read; after its `stale` its tokens are refused.",
        series={'gateway_issuer_keys_read_total{issuer="acme",result="failed"}': "0+12x40"},
        fires={"issuer": "acme"},
        quiet={
            'gateway_issuer_keys_read_total{issuer="acme",result="failed"}': "0+1x40",
            'gateway_issuer_keys_read_total{issuer="acme",result="read"}': "0+1x40",
        },
    ),
    Alert(
        name="GatewayReloadRefused",
        expr="gateway_config_last_reload_successful == 0",
        lasting="5m",
        severity="ticket",
        says="The configuration on disk is refused; the one before it runs on.",
        series={"gateway_config_last_reload_successful": "0x20"},
        quiet={"gateway_config_last_reload_successful": "1x20"},
    ),
    Alert(
        name="GatewayConfigurationsDiffer",
        expr="count(count by (hash) (gateway_config_info)) > 1",
        lasting="15m",
        severity="ticket",
        says="Instances run different configurations.",
        series={'gateway_config_info{hash="a"}': "1x30", 'gateway_config_info{hash="b"}': "1x30"},
        at="20m",
        quiet={'gateway_config_info{hash="a"}': "1x30"},
    ),
    Alert(
        name="GatewayKeyringsDiffer",
        expr="count(count by (hashing, sealing) (gateway_keyring_info)) > 1",
        lasting="15m",
        severity="ticket",
        says="Instances make tokens and seal secrets with different keys.",
        series={
            'gateway_keyring_info{hashing="a",sealing="s"}': "1x30",
            'gateway_keyring_info{hashing="b",sealing="s"}': "1x30",
        },
        at="20m",
        quiet={'gateway_keyring_info{hashing="a",sealing="s"}': "1x30"},
    ),
    Alert(
        name="GatewayConnectionsRefused",
        expr="rate(gateway_connections_refused_total[5m]) > 0",
        lasting="1m",
        severity="page",
        says="Connections are closed for want of file descriptors.",
        series={"gateway_connections_refused_total": "0+3x20"},
        quiet={"gateway_connections_refused_total": "3x20"},
    ),
    *WEBHOOKS,
)
