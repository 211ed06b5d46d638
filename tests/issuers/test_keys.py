"""The keys of an issuer: read, renewed when they change, not asked for at a stranger's word, and kept while it is away."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from joserfc.jwk import ECKey, OctKey, RSAKey

from gateway.auth.issuers import jwks
from gateway.auth.issuers.errors import KeysUnavailable
from gateway.auth.issuers.jwks import keys_of
from gateway.config import ConfigError, load
from gateway.deployment import check
from tests.issuers.checking import keys
from tests.issuers.issuer import Issuer, issuing, rsa

ALGORITHMS = ("RS256", "ES256")


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    with issuing() as made:
        yield made


async def test_a_new_key_is_found_at_its_first_token_and_inventions_are_asked_for_once_a_minute(
    issuer: Issuer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = keys(issuer, tmp_path)
    assert await known.find("one", "RS256") is not None
    issuer.keys.insert(0, rsa("two"))
    found = await asyncio.gather(*(known.find("two", "RS256") for _ in range(50)))
    assert None not in found and issuer.asked == 2
    assert [await known.find(f"invented {n}", "RS256") for n in range(50)] == [None] * 50
    assert issuer.asked == 2
    monkeypatch.setattr(jwks, "UNKNOWN", 0.0)
    assert await known.find("invented", "RS256") is None
    assert issuer.asked == 3


async def test_a_key_that_is_no_longer_published_is_forgotten(issuer: Issuer, tmp_path: Path) -> None:
    known = keys(issuer, tmp_path, refresh="1s")
    following = asyncio.create_task(known.follow())
    found = await known.find("one", "RS256")
    assert found is not None and known.holds(found.thumbprint)
    issuer.keys = [rsa("two")]
    async with asyncio.timeout(20):
        while known.holds(found.thumbprint):  # noqa: ASYNC110 - nothing announces it
            await asyncio.sleep(0.02)
    assert await known.find("one", "RS256") is None
    following.cancel()


async def test_an_issuer_that_is_away_is_told_once_however_often_it_is_asked_and_when_it_is_back(
    issuer: Issuer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, logged: Callable[[], list[dict[str, Any]]]
) -> None:
    monkeypatch.setattr(jwks, "AGAIN", 0.01)
    issuer.status = 500
    known = keys(issuer, tmp_path)
    following = asyncio.create_task(known.follow())
    async with asyncio.timeout(20):
        while issuer.asked < 5:  # noqa: ASYNC110 - nothing announces it
            await asyncio.sleep(0.02)
        issuer.status = 200
        while len(logged()) < 3:  # noqa: ASYNC110 - nothing announces it
            await asyncio.sleep(0.02)
    following.cancel()
    told = [line["event"] for line in logged()]
    assert told == ["keys of an issuer not read", "keys of an issuer read again", "keys of an issuer"]
    assert logged()[0]["reason"] == "it answers 500"


async def test_keys_go_on_while_the_issuer_is_away_for_as_long_as_configured_and_over_restarts(
    issuer: Issuer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert await keys(issuer, tmp_path).find("one", "RS256") is not None
    issuer.status = 500
    restarted = keys(issuer, tmp_path)
    assert await restarted.find("one", "RS256") is not None
    # Of another address they are not its keys.
    with pytest.raises(KeysUnavailable):
        await keys(issuer, tmp_path, jwks_url=f"{issuer.url}/other").find("one", "RS256")
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + 86_399)
    assert await restarted.find("one", "RS256") is not None
    monkeypatch.setattr(time, "time", lambda: now + 86_402)
    asked = issuer.asked
    for _ in range(20):
        with pytest.raises(KeysUnavailable):
            await restarted.find("one", "RS256")
    assert issuer.asked == asked + 1
    issuer.status = 200
    monkeypatch.setattr(jwks, "AGAIN", 0.0)
    assert await restarted.find("one", "RS256") is not None


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"{}",
        b"[]",
        b'{"keys":{}}',
        b'{"keys":[]}',
        b'{"keys":[1,null,[]]}',
        b'{"keys":[],"keys":[]}',
        b"\xff",
        b"[" * 9_999,
    ],
)
def test_what_is_no_set_of_keys_is_none(answer: bytes) -> None:
    with pytest.raises(ValueError, match="it "):
        keys_of(answer, ALGORITHMS)


def _set(*entries: dict[str, Any]) -> bytes:
    return json.dumps({"keys": entries}).encode()


def test_only_public_keys_for_signatures_by_configured_algorithms_are_taken() -> None:
    good = rsa("good").as_dict(private=False)
    curve = ECKey.generate_key("P-256", {"kid": "curve"}).as_dict(private=False)
    strange: list[Any] = [[], ["RSA"], {}, None, 1, True]
    listed = _set(
        OctKey.generate_key(256, {"kid": "secret"}).as_dict(),
        good | {"kid": "enc", "use": "enc"},
        good | {"kid": "sign", "key_ops": ["sign"]},
        good | {"kid": "other", "alg": "RS512"},
        good | {"kid": 7},
        good | {"kid": "broken", "n": "AQAB"},
        good | {"kid": "text", "n": 5},
        RSAKey.generate_key(1024, {"kid": "small"}, auto_kid=False).as_dict(private=False),
        ECKey.generate_key("P-384", {"kid": "wide"}).as_dict(private=False),
        {"kty": "future", "kid": "new"},
        *({**good, "kty": kind} for kind in strange),
        rsa("private").as_dict(private=True),
        good,
        curve | {"alg": "ES256"},
    )
    found = keys_of(listed, ALGORITHMS)
    assert [(each.kid, *each.algorithms) for each in found] == [
        ("private", "RS256"),
        ("good", "RS256"),
        ("curve", "ES256"),
    ]
    assert not any(each.public.is_private for each in found)


async def test_a_token_without_a_key_id_is_of_the_only_key_that_fits(issuer: Issuer, tmp_path: Path) -> None:
    known = keys(issuer, tmp_path)
    assert await known.find(None, "RS256") is not None
    issuer.keys.append(rsa("two"))
    await known.find("two", "RS256")
    assert await known.find(None, "RS256") is None


ISSUER = "issuer: https://i.example, jwks_url: https://i.example/jwks, audiences: [a]"


@pytest.mark.parametrize(
    ("text", "path", "said"),
    [
        (f"acme: {{{ISSUER}}}", "issuers.acme", "either tenant or tenant_claim"),
        (f"acme: {{{ISSUER}, tenant: biz_c1, tenant_claim: org}}", "issuers.acme", "either tenant or tenant_claim"),
        (f"acme: {{{ISSUER}, tenant: biz_c1, tenants: {{a: biz_c1}}}}", "issuers.acme", "no tenant_claim"),
        (f"acme: {{{ISSUER}, tenant: c1, algorithms: [HS256]}}", "issuers.acme.algorithms[0]", "RS256"),
        (f"acme: {{{ISSUER}, tenant: c1, algorithms: [none]}}", "issuers.acme.algorithms[0]", "RS256"),
        (f"acme: {{{ISSUER}, tenant: c1, algorithms: []}}", "issuers.acme.algorithms", "is empty"),
        (f"acme: {{{ISSUER}, tenant: c1, agents: [a]}}", "issuers.acme", "audiences and agents"),
        (f"acme: {{{ISSUER}, tenant: c1, stale: 1m}}", "issuers.acme", "stale is shorter"),
        (f"acme: {{{ISSUER}, tenant: 'a b'}}", "issuers.acme.tenant", "id of a tenant"),
        (f"a: {{{ISSUER}, tenant: c1}}\n  b: {{{ISSUER}, tenant: c2}}", "issuers", "there twice"),
        (f"acme: {{{ISSUER.replace('https', 'http')}, tenant: c1}}", "issuers.acme.jwks_url", "plain http"),
    ],
)
def test_what_cannot_be_meant_is_named_with_its_place(tmp_path: Path, text: str, path: str, said: str) -> None:
    file = tmp_path / "config.yaml"
    file.write_text(f"issuers:\n  {text}\n")
    with pytest.raises(ConfigError) as raised:
        check(load(file, {}))
    (fault,) = raised.value.faults
    assert fault.path == path and said in str(fault)
