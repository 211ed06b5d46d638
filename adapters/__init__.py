"""The API's table of contents: every public resource, and the scopes they are guarded by."""

from __future__ import annotations

from adapters.activities import activities
from adapters.companies import companies
from adapters.contacts import contacts
from adapters.core.compile.catalogue import refuse_doubles
from adapters.core.declare.resource import Resource
from adapters.deals import deals
from adapters.notes import notes
from adapters.pipelines import pipelines
from adapters.tasks import tasks

RESOURCES: tuple[Resource, ...] = (contacts, companies, deals, pipelines, tasks, notes, activities)
refuse_doubles(RESOURCES)

SCOPE_FAMILIES: tuple[str, ...] = tuple(dict.fromkeys(resource.scope for resource in RESOURCES))
