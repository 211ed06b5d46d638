"""The files by their names: what they hold follows from the declarations alone, byte for byte."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

import yaml

from deploy import dashboard, rules
from deploy.declared import METRICS

HERE: Final = Path(__file__).parent
_MADE: Final = "# Made by `make dashboards` from deploy/alerts.py.\n"


def made() -> dict[str, str]:
    """Name below `deploy/` → text."""
    return {
        "grafana/gateway.json": json.dumps(dashboard.dashboard(METRICS), indent=1) + "\n",
        "prometheus/alerts.yaml": _MADE + _yaml(rules.rules()),
        # What looks back a day or a week would take minutes in steps of one.
        **{f"prometheus/alerts.{every}.test.yaml": _MADE + _yaml(rules.tests(every)) for every in ("1m", "5m", "30m")},
    }


def _yaml(document: Any) -> str:
    text: str = yaml.safe_dump(document, sort_keys=False, width=1000)
    return text
