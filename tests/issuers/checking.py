"""Keys and tokens checked in this process, against a little issuer over HTTP."""

from __future__ import annotations

from ipaddress import ip_network
from pathlib import Path
from typing import Any

from gateway.auth.issuers.access_tokens import AccessTokens
from gateway.auth.issuers.jwks import Keys
from gateway.config import issuers
from gateway.egress.dialling import Dialler
from gateway.egress.fetching import Fetcher
from gateway.egress.resolving import Resolver
from gateway.egress.rules import Allowed, Rules
from tests.issuers.issuer import AGENTS, AUDIENCE, Issuer

LOCAL = Rules(http=True, allow=(Allowed(ip_network("127.0.0.0/8"), ((1, 65_535),), http=True),))


def configured(issuer: Issuer, **settings: Any) -> issuers.Issuer:
    told = {
        "issuer": issuer.url,
        "jwks_url": issuer.jwks_url,
        "audiences": [AUDIENCE],
        "agents": [AGENTS],
        "tenant": "clx1",
    }
    return issuers.Issuer.model_validate(told | settings)


def keys(issuer: Issuer, home: Path, **settings: Any) -> Keys:
    return Keys(
        "acme", configured(issuer, **settings), Fetcher(Dialler(LOCAL, Resolver(1))), home / "issuers" / "acme.json"
    )


def checking(issuer: Issuer, home: Path, **settings: Any) -> AccessTokens:
    return AccessTokens({"acme": configured(issuer, **settings)}, {"acme": keys(issuer, home, **settings)})
