"""What a library has for the tests of those who use it, where the deployment has a test mode."""

from __future__ import annotations

from typing import Final

from sdk.model import Contract

TESTS: Final = "test"
"""The tag of what opens with a test token only."""
_NEEDED: Final = ("create_sandbox", "delete_sandbox")


def has_sandboxes(contract: Contract) -> bool:
    """Whether a program can make sandboxes: only then is there a fixture."""
    return any(each.name == TESTS and all(map(each.operation, _NEEDED)) for each in contract.resources)


def plugin(module: str, name: str) -> str:
    """The fixture. module: what the library is imported as; name: what it is installed as."""
    token = f"{name.upper().replace('-', '_')}_TOKEN"
    return f'''\
"""A fixture for pytest, which finds it by itself where {module} is installed: `def test_x(sandbox): …`."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from . import Client


@pytest.fixture
def sandbox() -> Iterator[Client]:
    """A client of a sandbox of the test's own, with a few records in it. {token} has to be a test token."""
    with Client() as owner:
        made = owner.test.create_sandbox(ttl="10m")
        try:
            with Client(made.token, base_url=owner.base_url) as client:
                yield client
        finally:
            owner.test.delete_sandbox(made.sandbox)
'''
