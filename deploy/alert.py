"""What an alert is, with a case in which it fires and one in which it does not."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """expr: when; lasting: for how long before somebody is called; says: one sentence for whoever is.

    series: values every so often, in the notation of promtool, with which it fires after `at`, with the labels `fires`; more: others with which
    it does, too; and quiet: with which it does not.
    """

    name: str
    expr: str
    lasting: str
    severity: Literal["page", "ticket"]
    says: str
    series: dict[str, str]
    at: str = "15m"
    every: Literal["1m", "5m", "30m"] = "1m"
    fires: dict[str, str] = field(default_factory=dict)
    more: tuple[dict[str, str], ...] = ()
    quiet: dict[str, str]
