"""`resources`: packages that add resources to the API."""

from typing import Annotated

from pydantic import AfterValidator

from gateway.config.faults import refuse
from gateway.config.section import AsList, key_of

_Package = Annotated[
    str,
    key_of(
        r"[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)*",
        "is not the name of a package",
        "Write what it is imported by, such as acme_api: no path and no version.",
    ),
]


def _each_once(packages: tuple[str, ...]) -> tuple[str, ...]:
    for package in packages:
        if packages.count(package) > 1:
            raise refuse(f"names {package} twice", "Name every package once.")
    return packages


# Importing them is not the business of reading a configuration: gateway/deployment.py does.
Packages = Annotated[tuple[_Package, ...], AsList, AfterValidator(_each_once)]
