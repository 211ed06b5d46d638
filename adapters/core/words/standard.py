"""The words that every resource has unless it says otherwise."""

from __future__ import annotations

from adapters.core.declare.resource import Op, Resource
from adapters.core.declare.word import Word
from adapters.core.words import Create, Delete, Get, GetMany, Search, Update

_STANDARD: tuple[tuple[Op, Word], ...] = (
    (Op.SEARCH, Search()),
    (Op.CREATE, Create()),
    (Op.GET, Get()),
    (Op.GET, GetMany()),
    (Op.UPDATE, Update()),
    (Op.DELETE, Delete()),
)


def words_of(resource: Resource) -> tuple[Word, ...]:
    """The standard operations that the resource has, and what it declares beside them."""
    return (*(word for op, word in _STANDARD if op in resource.operations), *resource.words)
