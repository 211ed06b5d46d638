"""ENTITIES: every family of rows in the CRM."""

from sandbox.entities.activities import ACTIVITIES
from sandbox.entities.companies import COMPANIES
from sandbox.entities.contacts import CONTACTS
from sandbox.entities.deals import DEALS
from sandbox.entities.notes import NOTES
from sandbox.entities.pipelines import PIPELINES
from sandbox.entities.tasks import TASKS

ENTITIES = (CONTACTS, COMPANIES, DEALS, PIPELINES, TASKS, NOTES, ACTIVITIES)
BY_NAME = {entity.name: entity for entity in ENTITIES}

__all__ = [
    "ACTIVITIES",
    "BY_NAME",
    "COMPANIES",
    "CONTACTS",
    "DEALS",
    "ENTITIES",
    "NOTES",
    "PIPELINES",
    "TASKS",
]
