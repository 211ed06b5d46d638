"""What is sealed and kept in SQL: a key is derived for each of these, so that one thing cannot be opened as another."""

from typing import Final

TENANT_KEY: Final = "tenant-key"
URL: Final = "webhook-url"
SECRET: Final = "webhook-secret"  # noqa: S105 - a purpose of the keyring
HEADERS: Final = "webhook-headers"
FACTS: Final = "webhook-facts"
UNREADABLE: Final = "webhook-unreadable"
CAPABILITY: Final = "webhook-capability"
