"""`resources`: names of packages, and nothing that is none."""

import pytest

from tests.config.reading import Write, faults


@pytest.mark.parametrize(
    ("text", "path", "problem"),
    [
        ("resources: acme_api", "resources", "is not a list"),
        ("resources: [./acme]", "resources[0]", "is not the name of a package"),
        ("resources: [a, a]", "resources", "names a twice"),
    ],
)
def test_what_is_no_package_is_refused_at_its_place(write: Write, text: str, path: str, problem: str) -> None:
    assert faults(write(text))[path].problem == problem
