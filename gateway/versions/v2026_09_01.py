"""People have several phones; words that differed between records became the same."""

from __future__ import annotations

from typing import Any

from adapters.core.declare.changes import Contract, Renamed, Reshaped, ValueRenamed
from adapters.core.declare.kinds import Phone


def _up(phone: str | None) -> list[str]:
    return [] if phone is None else [phone]


def _down(phones: list[str] | None) -> str | None:
    return phones[0] if phones else None


def _merge(phone: str | None, phones: list[Any] | None) -> list[Any]:
    """An old client sees the first number only: writing it must not drop the ones it cannot see; clearing clears all."""
    return [] if phone is None else [phone, *(phones or [])[1:]]


v2026_09_01 = Contract(
    date="2026-09-01",
    summary="Several phones per contact; one word for one thing.",
    changes=(
        Reshaped(
            resource="contacts",
            old="phone",
            new="phones",
            hint=Phone | None,
            up=_up,
            down=_down,
            merge=_merge,
            operators={
                "eq": "contains_any",
                "in": "contains_any",
                "not_in": "contains_none",
                "neq": "contains_none",
                "is_empty": "is_empty",
                "is_not_empty": "is_not_empty",
            },
            besides={"neq": "is_not_empty", "not_in": "is_not_empty"},
            description="The main phone number.",
            example="+44 20 7946 0018",
            why="A contact can have more than one phone number: `phone` (a string) became `phones` (a list). "
            "In the older contract `phone` is the first of them, and filters on it match any of them.",
        ),
        Renamed(
            resource="deals",
            old="title",
            new="name",
            why="Every record that has a name calls it `name`: the `title` of a deal became its `name`.",
        ),
        ValueRenamed(
            resource="activities",
            field="type",
            old="mail",
            new="email",
            why="The type of an activity uses the word that contacts use: `mail` became `email`.",
        ),
    ),
)
