"""The alerts about events and their deliveries: what `events.md` asks to be called for."""

from __future__ import annotations

from typing import Final

from deploy.alert import Alert

_ACCEPTED: Final = 'gateway_webhook_ingest_total{outcome="accepted"}[1h]'
_FAILING: Final = 'gateway_webhook_hosts{result=~"dns|tls"}'

WEBHOOKS: Final = (
    Alert(
        name="GatewayCouriersMissing",
        expr="gateway_couriers < gateway_couriers_configured",
        lasting="5m",
        severity="page",
        says="Fewer couriers run than are configured.",
        series={"gateway_couriers": "0x20", "gateway_couriers_configured": "1x20"},
        quiet={"gateway_couriers": "1x20", "gateway_couriers_configured": "1x20"},
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
        name="GatewayEventsLagging",
        expr="histogram_quantile(0.99, sum by (le) (rate(gateway_webhook_lag_seconds_bucket[10m]))) > 60",
        lasting="10m",
        severity="page",
        says="One event in a hundred waits for more than a minute until it is first sent.",
        series={
            'gateway_webhook_lag_seconds_bucket{le="60"}': "0+90x40",
            'gateway_webhook_lag_seconds_bucket{le="120"}': "0+100x40",
            'gateway_webhook_lag_seconds_bucket{le="+Inf"}': "0+100x40",
        },
        at="25m",
        quiet={
            'gateway_webhook_lag_seconds_bucket{le="60"}': "0+100x40",
            'gateway_webhook_lag_seconds_bucket{le="120"}': "0+100x40",
            'gateway_webhook_lag_seconds_bucket{le="+Inf"}': "0+100x40",
        },
    ),
    Alert(
        name="GatewayEventsMissing",
        # Where nothing was counted since a start there is no series: that is nothing that came, too.
        expr=f"(sum(increase({_ACCEPTED})) or vector(0)) == 0 and sum(increase({_ACCEPTED} offset 1w)) > 0",
        lasting="0m",
        severity="ticket",
        says="No event has come for an hour in which some did a week ago.",
        series={'gateway_webhook_ingest_total{outcome="accepted"}': "0+9x8 72x340"},
        at="10200m",
        every="30m",
        more=({'gateway_webhook_ingest_total{outcome="accepted"}': "0+9x8"},),
        quiet={'gateway_webhook_ingest_total{outcome="accepted"}': "0+9x340"},
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
        expr="max(abs(gateway_webhook_clock_skew_seconds)) > 2",
        lasting="10m",
        severity="ticket",
        says="Our clock is seconds away from those of the receivers, who refuse signatures that are older than a few minutes.",
        series={"gateway_webhook_clock_skew_seconds": "-3x30"},
        at="20m",
        quiet={"gateway_webhook_clock_skew_seconds": "1.5x30"},
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
        name="GatewayHostsUnreachable",
        # One host that fails is its owner's business.
        expr=f"sum by (result) ({_FAILING}) > 0.2 * scalar(sum(gateway_webhook_hosts)) > 1",
        lasting="10m",
        severity="page",
        says="Names or certificates of more than a fifth of the receivers' hosts fail: our resolver, our trust store or our way out.",
        series={
            'gateway_webhook_hosts{result="dns"}': "3x30",
            'gateway_webhook_hosts{result="tls"}': "0x30",
            'gateway_webhook_hosts{result="answered"}': "9x30",
        },
        at="20m",
        fires={"result": "dns"},
        quiet={
            'gateway_webhook_hosts{result="dns"}': "2x30",
            'gateway_webhook_hosts{result="tls"}': "2x30",
            'gateway_webhook_hosts{result="answered"}': "9x30",
        },
    ),
    Alert(
        name="GatewayLeasesLost",
        expr="60 * sum(rate(gateway_webhook_lease_lost_total[5m])) > 1",
        lasting="0m",
        severity="ticket",
        says="Couriers lose their lanes to others: they stand still for longer than a lease, or the database does.",
        series={"gateway_webhook_lease_lost_total": "0+2x20"},
        quiet={"gateway_webhook_lease_lost_total": "0x10 1 2x10"},
    ),
    Alert(
        name="GatewayStoreFilling",
        expr="max(gateway_webhook_stored_bytes) > 0.8 * max(gateway_webhook_stored_limit_bytes)",
        lasting="5m",
        severity="ticket",
        says="The tables of webhooks are fuller than four fifths of what they may take: at all of it no event is accepted.",
        series={"gateway_webhook_stored_bytes": "81x20", "gateway_webhook_stored_limit_bytes": "100x20"},
        quiet={"gateway_webhook_stored_bytes": "79x20", "gateway_webhook_stored_limit_bytes": "100x20"},
    ),
    Alert(
        name="GatewayQueueBloated",
        # A vacuum begins at some fifty dead rows: an empty queue may keep those for ever.
        expr='max(gateway_webhook_queue_tuples{state="dead"}) > 5 * max(gateway_webhook_queue_tuples{state="live"}) '
        'and max(gateway_webhook_queue_tuples{state="dead"}) > 1000',
        lasting="10m",
        severity="ticket",
        says="PostgreSQL does not take away the dead rows of the queue: it gets slower with each.",
        series={
            'gateway_webhook_queue_tuples{state="dead"}': "6000x30",
            'gateway_webhook_queue_tuples{state="live"}': "1000x30",
        },
        at="20m",
        quiet={
            'gateway_webhook_queue_tuples{state="dead"}': "900x30",
            'gateway_webhook_queue_tuples{state="live"}': "0x30",
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
