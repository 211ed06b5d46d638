"""The words of the vocabulary, a file each: what a resource can declare beside its fields, and all that follows from it.

A word is a frozen dataclass derived from `declare.word.Word`. Its file holds its operations, its plan, and what its
payloads are in the documents; nothing else knows that the word is there.
"""

from adapters.core.words.action import Action
from adapters.core.words.child import Child
from adapters.core.words.create import Create
from adapters.core.words.delete import Delete
from adapters.core.words.export_csv import Export
from adapters.core.words.get import Get
from adapters.core.words.get_many import GetMany
from adapters.core.words.import_csv import Import
from adapters.core.words.labels import Labels
from adapters.core.words.move import Move
from adapters.core.words.post import Post
from adapters.core.words.related import Related
from adapters.core.words.search import Search
from adapters.core.words.update import Update

__all__ = [
    "Action",
    "Child",
    "Create",
    "Delete",
    "Export",
    "Get",
    "GetMany",
    "Import",
    "Labels",
    "Move",
    "Post",
    "Related",
    "Search",
    "Update",
]
