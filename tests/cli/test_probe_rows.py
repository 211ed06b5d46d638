"""What the rows of a live service are told to differ in from what is declared."""

from __future__ import annotations

from adapters import RESOURCES
from adapters.core.shapes import shape_of
from gateway.probing.findings import Sight
from gateway.probing.rows import compare


def test_names_that_differ_are_told_with_what_they_probably_are() -> None:
    companies = next(resource for resource in RESOURCES if resource.path == "companies")
    sight = Sight("companies")
    row = {"id": "42", "name": "A", "employee_count": 3, "address": {"line1": "x", "region": "y"}, "ownerId": None}
    compare(shape_of(companies.model, companies.rename), [row], sight)
    assert "employeeCount (is it employee_count?)" in sight.never
    assert "address.state" in sight.never and "address.region" in sight.strange
    assert sight.misfits == ["id is not [0-9a-f]{24}"]
