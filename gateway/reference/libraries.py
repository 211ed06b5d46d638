"""The client libraries of a brand: made of its published document, as everything that developers read is."""

from __future__ import annotations

from gateway import problems
from gateway.error_codes import error_codes
from gateway.reference.documents import Document
from sdk.model import Contract
from sdk.reading import contract


def described(document: Document) -> Contract:
    """The contract that a published document describes, as libraries are made of it."""
    statuses = {problem.slug: problem.status for problem in problems.ALL}
    return contract(document, {name: (statuses[code.slug], code.meaning) for name, code in error_codes().items()})
