"""`gateway doctor`, of the gateway that runs on the data directory: its configuration, whether it is ready, and whom it does not call."""

from __future__ import annotations

import asyncio
import http.client
import json
import os
from collections.abc import Mapping, Sequence
from typing import Any, Final

from prometheus_client.parser import text_string_to_metric_families

from gateway.config import Settings, apart, fingerprint, variables
from gateway.process import running
from gateway.process.doctor_others import Finding

_PATIENCE: Final = 5.0  # seconds: each check of `/readyz` may take two


async def examine_running(settings: Settings, told: Mapping[str, Any]) -> Sequence[Finding]:
    """`told`: what its file for `gateway reload` says; empty when none runs."""
    if not told:
        return [Finding("running", "skipped", f"no gateway runs on {settings.server.data_dir}")]
    data_dir = settings.server.data_dir.absolute()
    if unhealthy := running.unhealthy(data_dir):
        return [Finding("running", "failed", unhealthy, "Look into its log.")]
    asked = [_running(settings, told), _reload(told)]
    if (address := running.admin_address(data_dir)) is not None:
        asked += [
            await _answered(address, "ready", "/readyz", _ready),
            await _answered(address, "calls", "/metrics", _calls),
        ]
    return asked


def _running(settings: Settings, told: Mapping[str, Any]) -> Finding:
    if told["config"] == fingerprint(settings):
        return Finding("running", "ok", f"it has this configuration, {told['config']}")
    what, ours = "the running gateway has another configuration", variables(os.environ)
    # An older release does not tell the variables that it was started with.
    theirs = told.get("variables")
    if theirs is not None and (why := apart(theirs, ours)):
        return Finding("running", "warning", f"{what}: {why}", "Ask with the environment that it was started in.")
    return Finding("running", "warning", what, "Run `gateway reload`.")


def _reload(told: Mapping[str, Any]) -> Finding:
    if faults := told.get("faults"):
        detail = f"refused, so that what ran before goes on: {' '.join(each['text'] for each in faults)}"
        return Finding(
            "reload", "warning", detail, "Mend it, then `gateway reload`; a secret is tried again by itself."
        )
    return Finding("reload", "ok", "nothing is refused")


async def _answered(address: tuple[str, int], check: str, path: str, judged: Any) -> Finding:
    try:
        finding: Finding = judged(await asyncio.to_thread(_got, address, path))
    except (OSError, ValueError, http.client.HTTPException) as error:
        why = str(error) or type(error).__name__
        return Finding(check, "failed", f"its admin port does not tell: {why}", "Look into its log.")
    return finding


def _got(address: tuple[str, int], path: str) -> bytes:
    connection = http.client.HTTPConnection(running.reached(address[0]), address[1], timeout=_PATIENCE)
    try:
        connection.request("GET", path)
        return connection.getresponse().read()
    finally:
        connection.close()


def _ready(body: bytes) -> Finding:
    told = json.loads(body)
    states = {
        state: [name for name, each in told["checks"].items() if each == state] for state in ("failing", "degraded")
    }
    if failing := states["failing"]:
        return Finding(
            "ready", "failed", f"not ready: {', '.join(failing)}", "See below, and `readiness check failed` in its log."
        )
    if degraded := states["degraded"]:
        return Finding("ready", "warning", f"short of {', '.join(degraded)}", "Look into its log.")
    return Finding("ready", "ok", "it says that it is ready")


def _calls(body: bytes) -> Finding:
    suspended = sorted(
        f"{sample.labels['calls']}s of {sample.labels['service']}"
        for family in text_string_to_metric_families(body.decode())
        if family.name == "gateway_breaker_open"
        for sample in family.samples
        if sample.value
    )
    if suspended:
        detail = f"suspended, because too many failed: {', '.join(suspended)}"
        return Finding(
            "calls",
            "warning",
            detail,
            "`calls suspended` in its log has the reason; they are tried again by themselves.",
        )
    return Finding("calls", "ok", "those to every service go out")
