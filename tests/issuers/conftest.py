"""A gateway of two workers that takes the tokens of a little issuer, and the issuer."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.issuers.issuer import AGENTS, AUDIENCE, Issuer, issuing
from tests.live import Live
from tests.live import live as running


@pytest.fixture(scope="session")
def theirs() -> Iterator[Issuer]:
    with issuing() as made:
        yield made


@pytest.fixture(scope="session")
def open_to(tmp_path_factory: pytest.TempPathFactory, theirs: Issuer) -> Iterator[Live]:
    """`acme` is of several tenants and names users by id; `mail`, of the same keys, knows one, and names them by address."""
    common = {"jwks_url": theirs.jwks_url, "audiences": [AUDIENCE], "agents": [AGENTS], "tenant_claim": "org"}
    acme = common | {"issuer": theirs.url}
    config: dict[str, Any] = {
        "server": {"workers": 2},
        "identity": {"role_ttl": "0.5s"},
        "webhooks": {
            "couriers": 0,
            "egress": {"http": True, "allow": [{"network": "127.0.0.0/8", "ports": ["1-65535"], "http": True}]},
        },
    }
    with running(tmp_path_factory.mktemp("issuers"), **config, issuers={"acme": acme}) as pair:
        mail: dict[str, Any] = common | {"issuer": f"{theirs.url}/mail", "user_claim": "email", "user_by": "email"}
        mail["tenants"] = {"the first": f"biz_{pair.a.business_id}"}
        pair.set_up(**config, issuers={"acme": acme, "mail": mail})
        yield pair
