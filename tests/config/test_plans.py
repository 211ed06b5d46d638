"""`plans` and `shadow`: what a tenant's plan changes, and what may be tried out."""

from typing import Any

import pytest

from gateway.api.rate_limits import by_plan
from gateway.config import load
from gateway.config.plans import of_plan
from gateway.config.settings import Settings
from tests.config.reading import Write, faults


def limits(plan: str | None, **sections: Any) -> Any:
    read = Settings.model_validate(sections)
    return of_plan(read.limits, read.plans, plan)


def test_what_a_plan_leaves_out_is_as_in_limits_and_not_as_in_the_defaults() -> None:
    given = {
        "limits": {"token": {"quota": 50, "burst": 7}, "search": {"quota": 9}},
        "plans": {"scale": {"token": {"quota": 500}, "tenant": {"quota": 4500}}},
    }
    scaled = limits("scale", **given)
    assert (scaled.token.quota, scaled.token.burst, scaled.token.window) == (500, 7, 60.0)
    assert (scaled.tenant.quota, scaled.search.quota, scaled.report.quota) == (4500, 9, 60)
    for other in (None, "gone"):
        assert (limits(other, **given).token.quota, limits(other, **given).tenant.quota) == (50, 900)


def test_a_plan_without_anything_is_that_of_every_tenant() -> None:
    assert limits("free", plans={"free": None}) == Settings().limits


def test_every_plan_has_every_class_of_requests() -> None:
    made = by_plan(Settings.model_validate({"plans": {"a": {}, "b": {"agent": {"quota": 1}}}}))
    assert list(made) == ["", "a", "b"]
    assert {tuple(groups) for groups in made.values()} == {tuple(made[""])}


@pytest.mark.parametrize(
    ("text", "path", "says"),
    [
        ("plans: {Scale: {}}", "plans.Scale", "is not the name of a plan"),
        ("plans: {scale: {tokens: {quota: 1}}}", "plans.scale.tokens", "Did you mean token?"),
        ("plans: {scale: {token: {quotas: 1}}}", "plans.scale.token.quotas", "Did you mean quota?"),
        ("plans: {scale: {token: {quota: 0}}}", "plans.scale.token.quota", "Requests allowed in a window"),
        ("plans: {scale: {token: {quota: 5}}}", "plans.scale.token.burst", "is larger than the quota"),
        ("plans: {scale: 7}", "plans.scale", "is not a section"),
        ("plans: [scale]", "plans", "is not a section"),
        ("limits: {address: {quota: 1, shadow: true}}", "limits.address.shadow", "is not a key here"),
        ("limits: {token: {shadow: 1}}", "limits.token.shadow", "true: refuse nobody"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(write: Write, text: str, path: str, says: str) -> None:
    found = faults(write(text))
    assert list(found) == [path]
    assert says in f"{found[path].problem} {found[path].fix}"


def test_a_plan_tries_out_what_its_limit_tries_out_unless_it_says_otherwise(write: Write) -> None:
    text = "limits: {token: {shadow: true}}\nplans: {a: {token: {quota: 900}}, b: {token: {shadow: false}}}"
    read = load(write(text), {})
    assert [of_plan(read.limits, read.plans, plan).token.shadow for plan in (None, "a", "b")] == [True, True, False]
