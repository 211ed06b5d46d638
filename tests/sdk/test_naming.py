"""Names of libraries, from what brands are called."""

from __future__ import annotations

import pytest

from sdk.naming import library_name
from sdk.python.names import member, module_of


@pytest.mark.parametrize(
    ("brand", "name", "module"),
    [
        ("Acme", "acme", "acme"),
        ("Énergie & Co.", "energie-co", "energie_co"),
        ("API", "api-client", "api_client"),
        ("株式会社", "api-client", "api_client"),
        ("4 Winds", "api-4-winds", "api_4_winds"),
        ("Import", "import", "import_"),
    ],
)
def test_a_library_is_called_after_the_brand(brand: str, name: str, module: str) -> None:
    assert library_name(brand) == name
    assert module_of(name) == module


def test_a_member_that_is_a_word_of_the_language_has_a_line_behind_it() -> None:
    assert member("from") == "from_"
    assert member("name") == "name"
