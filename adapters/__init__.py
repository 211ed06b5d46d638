"""The API's table of contents: every public resource, and the scopes they are guarded by."""

from __future__ import annotations

from adapters.contacts import contacts
from adapters.core.resource import Resource

RESOURCES: tuple[Resource, ...] = (contacts,)

SCOPE_FAMILIES: tuple[str, ...] = tuple(dict.fromkeys(resource.scope for resource in RESOURCES))
