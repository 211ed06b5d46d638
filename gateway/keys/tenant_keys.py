"""The internal API keys of tenants, as they are stored: each sealed for its tenant alone."""

from gateway.keys.keyring import Keyring
from gateway.keys.purposes import TENANT_KEY


def seal_tenant_key(keys: Keyring, tenant_id: str, api_key: str) -> str:
    """A tenant's internal API key, as it is stored."""
    return keys.seal(TENANT_KEY, tenant_id, api_key.encode(), b"")


def open_tenant_key(keys: Keyring, tenant_id: str, sealed: str) -> str:
    """The inverse of `seal_tenant_key`; Unsealable when it was sealed for another tenant or by an unknown key."""
    return keys.open(TENANT_KEY, tenant_id, sealed, b"").decode()
