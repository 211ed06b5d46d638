"""A test permit cannot lead to a live service, nor a live one to a sandbox: types refuse it, and so does what they describe."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway import factories
from gateway.auth.permits import LivePermit, Permit, TestPermit, judged
from gateway.auth.scopes import Permissions
from gateway.auth.services import Places, Services, Upstreams
from gateway.auth.users import User
from gateway.config import Runtime, Settings
from gateway.config.testing import Testing
from gateway.deployment import built_in
from gateway.keys.token_format import Mode

LIVE = LivePermit("owner", "Ada", frozenset())
TEST = TestPermit("owner", "Ada", frozenset())
FACTS = Runtime(
    redis_url="",
    sql_url="",
    service_urls=dict.fromkeys(Settings().services, "http://127.0.0.1:1"),
    service_keys={"auth": "live"},
    public_port=0,
    replicas=1,
    data_dir=Path(),
    test_url="http://127.0.0.1:2",
    test_key="test",
)


# An ignore that is not needed any more fails `make lint` (warn_unused_ignores): these lines are what mypy has to refuse.
def _what_mypy_refuses(live: Services[LivePermit], test: Services[TestPermit], places: Places[LivePermit]) -> None:
    live.named("crm", TEST)  # type: ignore[arg-type]
    test.named("crm", LIVE)  # type: ignore[arg-type]
    Upstreams(test, None)  # type: ignore[arg-type]
    Upstreams(live, live)  # type: ignore[arg-type]
    Upstreams(live, factories.services(Settings(), places))  # type: ignore[arg-type]


@pytest.mark.parametrize(("permit", "port"), [(LIVE, 1), (TEST, 2)])
async def test_a_permit_opens_the_services_of_its_mode_alone(permit: Permit, port: int) -> None:
    upstreams = factories.upstreams(Settings(), FACTS)
    for name in Settings().services:
        assert upstreams.named(name, permit)._pool._target.base_url.endswith(f":{port}")
    await upstreams.aclose()


@pytest.mark.parametrize(("mode", "kind"), [("live", LivePermit), ("test", TestPermit)])
def test_the_mode_of_a_permit_is_that_of_the_tenant(mode: Mode, kind: type[LivePermit | TestPermit]) -> None:
    user = User("u", "t", "ada@example.com", "Ada", "owner", active=True)
    permissions = Permissions(built_in().scopes, Settings().roles)
    permit = judged(user, frozenset(), frozenset(), permissions, mode)
    assert isinstance(permit, kind) and permit.mode == mode


async def test_without_test_mode_a_test_permit_opens_nothing() -> None:
    upstreams = factories.upstreams(Settings(test=Testing(enabled=False)), FACTS)
    with pytest.raises(LookupError):
        upstreams.named("crm", TEST)
    await upstreams.aclose()
