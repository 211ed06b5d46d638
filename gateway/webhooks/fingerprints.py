"""By which a repetition of an event is known. What is created is created once, whatever the moment that is told, and by whom."""

import hashlib
from typing import Any

import orjson

from adapters.core.compile.events import Happened

CREATED = ".created"


def fingerprint(happened: Happened, timestamp: object, data: dict[str, Any]) -> bytes:
    """Of an event that a service told with this timestamp and data."""
    name = happened.type.name
    if name.endswith(CREATED):
        return of_creation(name, happened.object_id)
    told = orjson.dumps([name, str(timestamp), data], option=orjson.OPT_SORT_KEYS)
    return hashlib.sha256(told).digest()


def of_creation(name: str, object_id: str) -> bytes:
    """The same of a creation, which may also be found out by a search."""
    return hashlib.sha256(f"{name}\0{object_id}".encode()).digest()
