"""One configuration held against another: whether they are the same, and what cannot change while the gateway runs."""

import hashlib
from collections.abc import Iterator
from typing import Any, Final

import orjson

from gateway.config.embedded import EMBEDDED
from gateway.config.faults import Fault
from gateway.config.services import SANDBOX
from gateway.config.settings import Settings

_OF_THE_PROCESS: Final = ("host", "port", "admin_host", "admin_port", "data_dir", "workers")
_OF_THE_INSTANCE: Final[dict[str, Any]] = {
    "server": {*_OF_THE_PROCESS},
    "webhooks": {"ingest": {"host", "port"}},
}
_RESTART: Final = "Put it back, or restart the gateway with it."


def fingerprint(settings: Settings) -> str:
    """Twelve hex digits that are the same for instances of one configuration.

    Where one instance listens, keeps its files, and how many workers it has does not count. A secret counts by its place, never by its value: what
    is shown to everybody must not help to guess one.
    """
    told = settings.model_dump(mode="json", exclude=_OF_THE_INSTANCE, warnings=False)
    text = orjson.dumps(told, option=orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS, default=str)
    return hashlib.sha256(text).hexdigest()[:12]


def fixed(running: Settings, wanted: Settings) -> Iterator[Fault]:
    """What `wanted` changes although it is settled when the gateway starts."""
    for key in _OF_THE_PROCESS:
        if getattr(running.server, key) != getattr(wanted.server, key):
            yield _kept(f"server.{key}")
    if running.webhooks.couriers != wanted.webhooks.couriers:
        yield _kept("webhooks.couriers")
    for key in ("host", "port"):
        if getattr(running.webhooks.ingest, key) != getattr(wanted.webhooks.ingest, key):
            yield _kept(f"webhooks.ingest.{key}")
    if running.resources != wanted.resources:
        yield _kept("resources")
    if running.tracing != wanted.tracing:
        yield _kept("tracing")
    if running.sandbox != wanted.sandbox:
        yield _kept("sandbox")
    if _beside(running) != _beside(wanted):
        yield _kept("test", "needs the sandbox program, which is started with the gateway alone")
    for store in ("redis", "sql"):
        was, will = _embedded(running.stores, store), _embedded(wanted.stores, store)
        if was != will:
            yield _kept(f"stores.{store}", "moves between embedded and a store of its own, which takes a restart")
    for name, service in wanted.services.items():
        before = running.services.get(name)
        if service.base_url == SANDBOX and (before is None or before.base_url != SANDBOX):
            yield _kept(f"services.{name}.base_url", "moves to the sandbox, which is started with the gateway alone")


def _beside(settings: Settings) -> bool:
    """Whether test mode uses the program beside the workers."""
    return settings.test.enabled and settings.test.sandbox_url is None


def _embedded(stores: Any, name: str) -> bool:
    return bool(getattr(stores, name) == EMBEDDED)


def _kept(path: str, problem: str = "cannot change while the gateway runs") -> Fault:
    return Fault(path, problem, _RESTART)
