"""Endpoints, opened: what their rows hold sealed, as couriers need it."""

from collections.abc import Sequence

import orjson

from gateway.keys.keyring import Keyring, Unsealable
from gateway.keys.purposes import HEADERS, SECRET, URL
from gateway.stores.sql.webhook_endpoints import Endpoint
from gateway.stores.sql.webhook_secrets import WebhookSecret
from gateway.stores.sql.webhook_templates import Template
from gateway.upstream import line
from gateway.webhooks.messages import Recipient


def seal_url(keys: Keyring, endpoint_id: str, url: str) -> str:
    """For `webhook_subscriptions.url_sealed`: a URL may hold a secret in its path or query."""
    return keys.seal(URL, endpoint_id, url.encode(), b"")


def open_url(keys: Keyring, endpoint: Endpoint) -> str:
    """Raises Unsealable. Of what was made of a template, it is the template's."""
    return keys.open(URL, endpoint.template_id or endpoint.id, endpoint.url_sealed, b"").decode()


def template_url(keys: Keyring, template: Template) -> str:
    """Raises Unsealable."""
    return keys.open(URL, template.id, template.url_sealed, b"").decode()


def open_headers(keys: Keyring, endpoint: Endpoint) -> dict[str, str]:
    """The owner's own headers, by name. Raises Unsealable."""
    if endpoint.headers_sealed is None:
        return {}
    own: dict[str, str] = orjson.loads(keys.open(HEADERS, endpoint.id, endpoint.headers_sealed, b""))
    return own


def seal_secret(keys: Keyring, endpoint_id: str, secret: bytes) -> str:
    """For `webhook_secrets.sealed`."""
    return keys.seal(SECRET, endpoint_id, secret, b"")


def seal_headers(keys: Keyring, endpoint_id: str, headers: dict[str, str]) -> str:
    """For `webhook_subscriptions.headers_sealed`."""
    return keys.seal(HEADERS, endpoint_id, orjson.dumps(headers), b"")


def opened(keys: Keyring, endpoint: Endpoint, secrets: Sequence[WebhookSecret]) -> Recipient:
    """Raises Unsealable when the keyring has not the key."""
    headers = b"".join(line(name.encode(), value.encode()) for name, value in open_headers(keys, endpoint).items())
    return Recipient(
        endpoint,
        open_url(keys, endpoint),
        tuple(keys.open(SECRET, each.endpoint_id, each.sealed, b"") for each in secrets),
        headers,
    )


__all__ = ["Unsealable", "open_headers", "open_url", "opened", "seal_headers", "seal_secret", "seal_url"]
