"""The alerts, each with a case in which it fires (deploy/rules.py writes them down)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """expr: when; lasting: for how long before somebody is called; says: one sentence for whoever is.

    series: values a minute, in the notation of promtool, with which it fires after `at`, with the labels `fires`; and quiet: others
    with which it does not.
    """

    name: str
    expr: str
    lasting: str
    severity: Literal["page", "ticket"]
    says: str
    series: dict[str, str]
    at: str = "15m"
    fires: dict[str, str] = field(default_factory=dict)
    quiet: dict[str, str]


ALERTS: Final = (
    Alert(
        name="GatewayWorkersMissing",
        expr="gateway_workers < max_over_time(gateway_workers[1h])",
        lasting="5m",
        severity="page",
        says="Fewer workers answer than did within the hour.",
        series={"gateway_workers": "4x2 2x20"},
        quiet={"gateway_workers": "4x20"},
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
        expr='sum(rate(gateway_requests_total{status=~"5.."}[5m])) / sum(rate(gateway_requests_total[5m])) > 0.01',
        lasting="5m",
        severity="page",
        says="More than one in a hundred requests is answered 5xx.",
        series={'gateway_requests_total{status="200"}': "0+90x20", 'gateway_requests_total{status="502"}': "0+10x20"},
        quiet={'gateway_requests_total{status="200"}': "0+9999x20", 'gateway_requests_total{status="502"}': "0+1x20"},
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
        expr="sum by (field, kind) (increase(gateway_drift_total[1h])) > 0",
        lasting="0m",
        severity="ticket",
        says="A service answers with a field that is not as declared.",
        series={'gateway_drift_total{field="things.size",kind="misfit"}': "0+1x20"},
        fires={"field": "things.size", "kind": "misfit"},
        quiet={'gateway_drift_total{field="things.size",kind="misfit"}': "3x20"},
    ),
    Alert(
        name="GatewayValuesDegraded",
        expr="sum by (field) (increase(gateway_degraded_values_total[15m])) > 0",
        lasting="0m",
        severity="ticket",
        says="Values of a service are answered as null, because they are not as declared.",
        series={'gateway_degraded_values_total{field="things.size"}': "0+1x20"},
        fires={"field": "things.size"},
        quiet={'gateway_degraded_values_total{field="things.size"}': "3x20"},
    ),
    Alert(
        name="GatewayTokensRefused",
        expr="sum(rate(gateway_auth_failures_total[15m])) > 1 "
        "and sum(rate(gateway_auth_failures_total[15m])) > 5 * sum(rate(gateway_auth_failures_total[15m] offset 1d))",
        lasting="15m",
        severity="ticket",
        says="Far more tokens are refused than a day ago.",
        series={'gateway_auth_failures_total{code="token_invalid"}': "0+6x1440 8700+600x60"},
        at="1490m",
        quiet={'gateway_auth_failures_total{code="token_invalid"}': "0+600x1500"},
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
    Alert(
        name="GatewayCouriersMissing",
        expr="gateway_couriers < max_over_time(gateway_couriers[1h])",
        lasting="5m",
        severity="page",
        says="Fewer couriers run than did within the hour.",
        series={"gateway_couriers": "1x2 0x20"},
        quiet={"gateway_couriers": "1x20"},
    ),
    Alert(
        name="GatewayEventsLate",
        expr="max(gateway_webhook_oldest_due_seconds) > 300",
        lasting="5m",
        severity="page",
        says="Deliveries of events wait for minutes.",
        series={"gateway_webhook_oldest_due_seconds": "400x20"},
        quiet={"gateway_webhook_oldest_due_seconds": "200x20"},
    ),
    Alert(
        name="GatewayEventsRefused",
        expr='sum by (outcome) (increase(gateway_webhook_ingest_total{outcome=~"unavailable|full|tenant_mismatch|malformed"}[15m])) > 0',
        lasting="0m",
        severity="page",
        says="Events of services are not taken in, or are not what they should be.",
        series={'gateway_webhook_ingest_total{outcome="malformed"}': "0+1x20"},
        fires={"outcome": "malformed"},
        quiet={'gateway_webhook_ingest_total{outcome="accepted"}': "0+1x20"},
    ),
    Alert(
        name="GatewayClockWrong",
        expr="max(abs(gateway_webhook_clock_skew_seconds)) > 60",
        lasting="10m",
        severity="ticket",
        says="Our clock is a minute away from those of the receivers, who refuse signatures that are older than a few.",
        series={"gateway_webhook_clock_skew_seconds": "-90x30"},
        at="20m",
        quiet={"gateway_webhook_clock_skew_seconds": "2x30"},
    ),
    Alert(
        name="GatewayDeliveriesParked",
        expr="increase(gateway_webhook_poison_total[1h]) > 0 or increase(gateway_webhook_lanes_repaired_total[1h]) > 0",
        lasting="0m",
        severity="ticket",
        says="A delivery ended its couriers and is parked, or a lane had fallen asleep.",
        series={"gateway_webhook_poison_total": "0+1x20"},
        quiet={"gateway_webhook_poison_total": "2x20"},
    ),
    Alert(
        name="GatewayDeliveriesDead",
        expr='sum(increase(gateway_webhook_deliveries_total{outcome="dead"}[1h])) > 0.01 * sum(increase(gateway_webhook_deliveries_total[1h]))',
        lasting="5m",
        severity="ticket",
        says="More than one delivery in a hundred died within the hour.",
        series={
            'gateway_webhook_deliveries_total{outcome="dead"}': "0+1x20",
            'gateway_webhook_deliveries_total{outcome="delivered"}': "0+20x20",
        },
        quiet={
            'gateway_webhook_deliveries_total{outcome="dead"}': "0+1x20",
            'gateway_webhook_deliveries_total{outcome="delivered"}': "0+200x20",
        },
    ),
    Alert(
        name="GatewayRegistrationsPending",
        expr='max(gateway_webhook_registrations{state="pending"}) > 0',
        lasting="10m",
        severity="page",
        says="The settings service does not send us the events of some workspace.",
        series={'gateway_webhook_registrations{state="pending"}': "1x30"},
        at="20m",
        quiet={'gateway_webhook_registrations{state="pending"}': "0x30"},
    ),
    Alert(
        name="GatewayEventGap",
        expr="increase(gateway_webhook_gap_seconds_total[1h]) > 0",
        lasting="0m",
        severity="page",
        says="No courier received for a while: events may have been missed.",
        series={"gateway_webhook_gap_seconds_total": "0+60x20"},
        quiet={"gateway_webhook_gap_seconds_total": "60x20"},
    ),
)
