"""The documents as they are generated now, made once for all tests of them: nobody changes them, only copies."""

from __future__ import annotations

from gateway.deployment import built_in
from openapi.document import documents

GENERATED = documents(built_in())
