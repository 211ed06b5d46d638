"""Every form of the console: where it is posted, and what a browser sends with it."""

from __future__ import annotations

from typing import Final

URL: Final = "https://hooks.example.com/in"
BACK: Final = "https://app.example/callback"

_APP: Final = {"name": "Changed", "redirect_uris": BACK, "client_uri": "https://app.example/", "scope": "contact.read"}
_WEBHOOK: Final = {
    "url": URL,
    "event": "deal.won",
    "description": "Changed",
    "payload": "full",
    "version": "2026-09-01",
    "headers": "X-Key: abc",
    "max_in_flight": "8",
    "rate": "5",
}

FORMS: Final[dict[str, dict[str, str]]] = {
    "tokens/new": {"name": "Changed", "days": "7", "scope": "contact.read", "for": "api"},
    "tokens/{token}/rotate": {"old": "end"},
    "tokens/{token}/revoke": {},
    "connected/{app}/disconnect": {},
    "connected/external/{external}/revoke": {},
    "connected/external/{external}/restore": {},
    "agents/{agent}/stop": {},
    "apps/new": _APP,
    "apps/{app}": _APP,
    "apps/{app}/secrets": {},
    "apps/{app}/secrets/{secret}/revoke": {},
    "apps/{app}/disable": {},
    "apps/{app}/webhook": _WEBHOOK,
    "apps/{app}/webhook/secret": {"old": "end"},
    "apps/{app}/webhook/delete": {},
    "webhooks/new": _WEBHOOK,
    "webhooks/{webhook}/edit": {**_WEBHOOK, "headers_end": "yes"},
    "webhooks/{webhook}/pause": {},
    "webhooks/{webhook}/resume": {"from": "now"},
    "webhooks/{webhook}/secret": {"old": "end"},
    "webhooks/{webhook}/delete": {},
    "webhooks/{webhook}/test": {"type": "deal.won"},
    "webhooks/{webhook}/replay": {
        "since": "2026-01-01T00:00",
        "until": "2026-01-02T00:00",
        "only": "all",
        "event": "deal.won",
    },
    "webhooks/{webhook}/deliveries/{delivery}/redeliver": {},
}
"""By path below /console. Those of sandboxes are where sandboxes are (tests/sandboxes/test_apart.py)."""

ELSEWHERE: Final = frozenset({"sandboxes", "sandboxes/{sandbox}/open", "sandboxes/{sandbox}/delete", "leave"})
