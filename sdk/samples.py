"""What a code sample is written from, in every language."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol


class Call(Protocol):
    """What is shown: `operation` is its id; `parameters`: of the path, by name; `query`; `body`: decoded JSON, or a file's text."""

    @property
    def operation(self) -> str: ...
    @property
    def parameters(self) -> Mapping[str, str]: ...
    @property
    def query(self) -> Mapping[str, Any]: ...
    @property
    def body(self) -> Any: ...
