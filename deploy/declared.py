"""Every metric that a gateway shows."""

from __future__ import annotations

from typing import Final

from gateway.observe import issuer_metrics, metrics, service_metrics, tracing, webhook_metrics
from gateway.observe.declared_metrics import Declared, declared

# The supervisor counts by what it sees at the moment of a scrape (gateway/process); a test holds this against a running one.
_OF_THE_SUPERVISOR: Final = (
    Declared("gateway_workers", "gauge", (), "Workers that answer."),
    Declared("gateway_workers_configured", "gauge", (), "Workers that there should be."),
    Declared("gateway_worker_restarts_total", "counter", (), "Workers started again."),
    Declared("gateway_worker_resident_bytes", "gauge", ("worker",), "Resident memory of workers."),
    Declared("gateway_couriers", "gauge", (), "Couriers that run."),
    Declared("gateway_couriers_configured", "gauge", (), "Couriers that there should be."),
    Declared("gateway_courier_restarts_total", "counter", (), "Couriers started again."),
    Declared("gateway_courier_resident_bytes", "gauge", ("courier",), "Resident memory of couriers."),
    Declared("gateway_preloader_restarts_total", "counter", (), "Preloaders started again."),
    Declared("gateway_config_info", "gauge", ("hash",), "The running configuration."),
    Declared("gateway_keyring_info", "gauge", ("hashing", "sealing"), "The keys that new things are made with."),
    Declared("gateway_config_reloads_total", "counter", ("result",), "Reloads."),
    Declared("gateway_config_last_reload_successful", "gauge", (), "0 after a reload that was refused."),
)

# Each declares what it counts when it is loaded.
_LOADED: Final = (issuer_metrics, metrics, service_metrics, tracing, webhook_metrics)

METRICS: Final = tuple(sorted((*declared(), *_OF_THE_SUPERVISOR)))
