"""One configuration held against another."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.config import apart, fingerprint, load, variables


@pytest.mark.parametrize("of_the_instance", ["PORT", "SERVER__ADMIN_HOST", "WORKERS", "WEBHOOKS__INGEST__PORT"])
def test_where_an_instance_listens_does_not_make_another_configuration(of_the_instance: str) -> None:
    given = "10.0.0.4" if of_the_instance.endswith("HOST") else "7"
    one = fingerprint(load(Path("config.yaml"), {}))
    assert fingerprint(load(Path("config.yaml"), {f"GATEWAY_{of_the_instance}": given})) == one
    assert fingerprint(load(Path("config.yaml"), {"GATEWAY_WEBHOOKS__INGEST__URL": "http://10.0.0.4:7"})) != one


def test_what_one_environment_sets_and_another_does_not_is_named() -> None:
    env = {"GATEWAY_PORT": "1", "GATEWAY_TOKENS__PREFIX": "gw", "GATEWAY_CORS": "", "HOME": "/", "GATEWAY_CONFIG": "a"}
    assert variables(env) == ["GATEWAY_CONFIG", "GATEWAY_TOKENS__PREFIX"]
    assert apart(["GATEWAY_CONFIG", "GATEWAY_CORS"], ["GATEWAY_CORS", "GATEWAY_CONFIG"]) is None
    assert (
        apart(["GATEWAY_CORS", "GATEWAY_A"], ["GATEWAY_CORS"]) == "it was started with GATEWAY_A; here it is otherwise"
    )
    both = "it was started with GATEWAY_A and without GATEWAY_B, GATEWAY_C; here it is otherwise"
    assert apart(["GATEWAY_A"], ["GATEWAY_C", "GATEWAY_B"]) == both
