"""The documents as they are generated now, made once for all tests of them: nobody changes them, only copies.

And what holds values against a schema of theirs: the components of a document are read once, and of those only what is meant.
"""

from __future__ import annotations

import json
from functools import cache
from typing import Any, Final

from jsonschema_rs import Draft202012Validator, Registry

from gateway.deployment import built_in
from openapi.document import documents

GENERATED = documents(built_in())
_PLACE: Final = "urn:document"


def validator(date: str, schema: dict[str, Any], *, validate_formats: bool = False) -> Draft202012Validator:
    """Of a schema that stands in, or may refer to, the document of that date."""
    return _validator(date, json.dumps(schema, sort_keys=True), validate_formats)


@cache
def _validator(date: str, schema: str, validate_formats: bool) -> Draft202012Validator:
    placed = json.loads(schema.replace('"#/components/', f'"{_PLACE}#/components/'))
    return Draft202012Validator(placed, registry=_registry(date), validate_formats=validate_formats)


@cache
def _registry(date: str) -> Registry:
    return Registry([(_PLACE, {"components": GENERATED[date]["components"]})])
