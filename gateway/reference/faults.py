"""What the documents of a deployment with test mode say of every operation: that a call may ask for a failure.

Not in the committed ones: a deployment without test mode has no such header, and no client library a parameter of each method for it.
"""

from __future__ import annotations

from typing import Any, Final

from gateway.api.injection.header import MOST, NAME

Document = dict[str, Any]

_COMPONENT: Final = "TestFault"
_PARAMETER: Final = {
    "name": NAME,
    "in": "header",
    "description": "Test tokens only: the failure that this call is to meet, such as `rate_limited; retry_after=3` or `slow=1500ms`. "
    "The guide Provoke failures lists them. With a live token the call is refused.",
    "schema": {"type": "string", "maxLength": MOST, "pattern": "^[a-z][a-z0-9_]*"},
}


def with_faults(document: Document) -> Document:
    """The document with `Test-Fault` as the last, optional parameter of each operation."""
    reference = {"$ref": f"#/components/parameters/{_COMPONENT}"}
    paths = {
        path: {method: {**item, "parameters": [*item["parameters"], reference]} for method, item in methods.items()}
        for path, methods in document["paths"].items()
    }
    components = document["components"]
    parameters = {**components["parameters"], _COMPONENT: _PARAMETER}
    return {**document, "paths": paths, "components": {**components, "parameters": parameters}}
