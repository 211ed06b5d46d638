"""Tokens that an issuer never made, or not for us (RFC 9068 § 4, RFC 8725): each is refused, and for the reason that it is bad for."""

from __future__ import annotations

import hmac
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from joserfc.jwk import ECKey, OKPKey

from gateway.auth.issuers.access_tokens import AccessTokens, Verified
from gateway.auth.issuers.errors import TokenRefused
from tests.issuers.checking import checking
from tests.issuers.issuer import AGENTS, AUDIENCE, Issuer, Private, encoded, issuing, rsa

STRANGER = rsa("one")
CURVE = ECKey.generate_key("P-256", {"kid": "curve"})
EDWARDS = OKPKey.generate_key("Ed25519", {"kid": "edwards"})


@pytest.fixture(scope="module")
def issuer() -> Iterator[Issuer]:
    with issuing() as made:
        made.keys += [CURVE, EDWARDS]
        yield made


@pytest.fixture
def tokens(issuer: Issuer, tmp_path: Path) -> AccessTokens:
    return checking(issuer, tmp_path, algorithms=["RS256", "ES256"])


async def verified(tokens: AccessTokens, token: str) -> Verified:
    return await tokens.verified(token.encode("latin-1"), time.time())


def moved(claims: dict[str, Any]) -> dict[str, Any]:
    """The claims, with moments for what is told from now on."""
    now = time.time()
    return {k: now + v.total_seconds() if isinstance(v, timedelta) else v for k, v in claims.items()}


async def refused(tokens: AccessTokens, token: str) -> tuple[str, str]:
    with pytest.raises(TokenRefused) as raised:
        await verified(tokens, token)
    return raised.value.reason, raised.value.code


@pytest.mark.parametrize("header", [{}, {"typ": "application/at+jwt"}, {"typ": "AT+JWT"}, {"nonce": "x", "x5t": "y"}])
async def test_a_token_of_the_issuer_says_who_may_do_what(
    issuer: Issuer, tokens: AccessTokens, header: dict[str, Any]
) -> None:
    found = await verified(tokens, issuer.token("clxu", header, scope="a.read openid"))
    assert (found.issuer, found.client_id, found.audience) == ("acme", "their-app", "api")
    assert found.scopes == {"a.read", "openid"}
    assert found.expires_at == found.claims["exp"] + 30


@pytest.mark.parametrize("key", [CURVE], ids=["ES256"])
async def test_every_configured_algorithm_is_accepted_with_its_key(
    issuer: Issuer, tokens: AccessTokens, key: Private
) -> None:
    assert (await verified(tokens, issuer.token("u", {"alg": "ES256"}, key))).issuer == "acme"


async def test_a_token_for_agents_is_for_them_only(issuer: Issuer, tokens: AccessTokens) -> None:
    assert (await verified(tokens, issuer.token("u", aud=[AGENTS, "https://other.example"]))).audience == "mcp"


CLAIMS: list[tuple[dict[str, Any], str]] = [
    ({"iss": "https://evil.example"}, "issuer"),
    ({"iss": None}, "issuer"),
    ({"iss": ["https://evil.example"]}, "issuer"),
    ({"aud": "https://other.example"}, "audience"),
    ({"aud": None}, "audience"),
    ({"aud": {AUDIENCE: 1}}, "audience"),
    ({"aud": AUDIENCE + "/"}, "audience"),
    ({"sub": None}, "claims"),
    ({"sub": 7}, "claims"),
    ({"client_id": None}, "claims"),
    ({"client_id": "x" * 301}, "claims"),
    ({"jti": ""}, "claims"),
    ({"iat": None}, "claims"),
    ({"exp": None}, "claims"),
    ({"exp": "tomorrow"}, "claims"),
    ({"exp": True}, "claims"),
    ({"exp": 10**17}, "claims"),
    ({"exp": timedelta(seconds=10 * 86_400)}, "claims"),
    ({"scope": ["a.read"]}, "claims"),
    ({"cnf": {"jkt": "x"}}, "bound"),
    ({"iat": timedelta(seconds=200), "exp": timedelta(seconds=300)}, "early"),
    ({"nbf": timedelta(seconds=200)}, "early"),
    ({"iat": timedelta(seconds=-500), "exp": timedelta(seconds=-200)}, "expired"),
]
CODES = {"audience": "audience_foreign", "expired": "token_expired"}


@pytest.mark.parametrize(("claims", "reason"), CLAIMS, ids=str)
async def test_what_a_token_says_is_judged(
    issuer: Issuer, tokens: AccessTokens, claims: dict[str, Any], reason: str
) -> None:
    assert await refused(tokens, issuer.token("u", **moved(claims))) == (reason, CODES.get(reason, "token_invalid"))


async def test_a_token_for_both_doors_opens_neither_and_is_told_so(issuer: Issuer, tokens: AccessTokens) -> None:
    both = issuer.token("u", aud=[AUDIENCE, AGENTS])
    assert await refused(tokens, both) == ("audience", "audience_twofold")


@pytest.mark.parametrize(
    "claims",
    [
        {"iat": timedelta(seconds=-300), "exp": timedelta(seconds=-5)},
        {"nbf": timedelta(seconds=20)},
        {"iat": timedelta(seconds=20)},
    ],
    ids=str,
)
async def test_clocks_may_differ_by_the_leeway(issuer: Issuer, tokens: AccessTokens, claims: dict[str, Any]) -> None:
    assert (await verified(tokens, issuer.token("u", **moved(claims)))).issuer == "acme"


HEADERS: list[tuple[dict[str, Any], str]] = [
    ({"typ": "JWT"}, "type"),
    ({"typ": None}, "type"),
    ({"typ": "id_token+jwt"}, "type"),
    ({"typ": ["at+jwt"]}, "type"),
    ({"alg": "RS512"}, "algorithm"),
    ({"alg": "PS256"}, "algorithm"),
    ({"kid": "nobody's"}, "key"),
    ({"kid": None}, "ok"),
    ({"kid": "curve"}, "key"),
    ({"kid": "../../etc/passwd"}, "key"),
    ({"kid": "' OR 1=1 --"}, "key"),
    ({"kid": "one\x00"}, "key"),
    ({"kid": "x" * 200}, "key"),
    ({"jku": "https://evil.example/jwks"}, "ok"),
    ({"x5u": "https://evil.example/x5u"}, "ok"),
]


@pytest.mark.parametrize(("header", "reason"), HEADERS, ids=str)
async def test_a_header_chooses_neither_algorithm_nor_key(
    issuer: Issuer, tokens: AccessTokens, header: dict[str, Any], reason: str
) -> None:
    token = issuer.token("u", header)
    if reason == "ok":
        assert (await verified(tokens, token)).issuer == "acme"
    else:
        assert (await refused(tokens, token))[0] == reason


@pytest.mark.parametrize("place", ["jwk", "jku", "x5u", "x5c"])
async def test_keys_that_a_token_brings_along_are_not_looked_at(
    issuer: Issuer, tokens: AccessTokens, place: str
) -> None:
    brought: Any = {
        "jwk": {"kty": "EC", **{name: CURVE.as_dict(private=False)[name] for name in ("crv", "x", "y")}},
        "jku": "https://evil.example/jwks",
        "x5u": "https://evil.example/cert",
        "x5c": ["MIIB"],
    }[place]
    assert (await refused(tokens, issuer.token("u", {place: brought}, STRANGER)))[0] == "signature"


async def test_none_and_a_secret_made_of_the_public_key_are_no_algorithms(issuer: Issuer, tokens: AccessTokens) -> None:
    claims = issuer.claims("u")
    for none in ("none", "None", "NONE", "nOnE"):
        header = {"alg": none, "typ": "at+jwt", "kid": "one"}
        assert (await refused(tokens, f"{encoded(header)}.{encoded(claims)}."))[0] == "algorithm"
    # The public key taken for a secret, as a verifier does that asks the token what it is.
    text = f"{encoded({'alg': 'HS256', 'typ': 'at+jwt', 'kid': 'one'})}.{encoded(claims)}"
    for secret in (issuer.keys[0].as_pem(private=False), issuer.keys[0].as_der(private=False)):
        confused = f"{text}.{encoded(hmac.digest(secret, text.encode(), 'sha256'))}"
        assert (await refused(tokens, confused))[0] == "algorithm"


async def test_an_algorithm_that_is_not_configured_opens_nothing_although_its_key_is_published(
    issuer: Issuer, tokens: AccessTokens
) -> None:
    assert (await refused(tokens, issuer.token("u", {"alg": "EdDSA"}, EDWARDS)))[0] == "algorithm"


MANGLED: list[Callable[[str], str]] = [
    lambda token: token[:-2],
    lambda token: token[:-1] + ("A" if token[-1] != "A" else "B"),
    lambda token: token + "A",
    lambda token: token + "=",
    lambda token: ".".join([token.split(".")[0], encoded({"iss": "x"}), token.split(".")[2]]),
    lambda token: token.replace(".", "..", 1),
    lambda token: token.rpartition(".")[0] + ".",
    lambda token: token.rpartition(".")[0],
    lambda token: f"{token}.{token}",
    lambda token: token[:20] + "\n" + token[20:],
    lambda token: token.replace(token.split(".")[0], encoded(b"{"), 1),
    lambda token: token.replace(token.split(".")[0], encoded(b"[]"), 1),
    lambda token: token.replace(token.split(".")[0], encoded(b'{"alg":"none","alg":"RS256","typ":"at+jwt"}'), 1),
    lambda token: token.replace(token.split(".")[0], encoded({"alg": "RS256", "crit": ["exp"], "typ": "at+jwt"}), 1),
    lambda token: token.replace(token.split(".")[0], encoded({"alg": "RS256", "b64": False, "typ": "at+jwt"}), 1),
    lambda token: token.replace(token.split(".")[0], encoded({"alg": ["RS256"], "typ": "at+jwt"}), 1),
    lambda token: token.replace(token.split(".")[1], encoded(b"[" * 3_000 + b"]" * 3_000), 1),
    lambda token: token.replace(token.split(".")[1], encoded(b'{"iss":"a","iss":"b"}'), 1),
    lambda token: token.replace(token.split(".")[1], encoded(b'{"exp":NaN}'), 1),
    lambda token: token.replace(token.split(".")[1], encoded(b"\xff\xfe"), 1),
    lambda token: "..",
    lambda token: "a.b.c",
    lambda token: "",
]


@pytest.mark.parametrize("mangle", MANGLED)
async def test_what_was_changed_on_the_way_opens_nothing(
    issuer: Issuer, tokens: AccessTokens, mangle: Callable[[str], str]
) -> None:
    reason, code = await refused(tokens, mangle(issuer.token("u")))
    assert (reason in {"malformed", "signature", "issuer", "algorithm"}, code) == (True, "token_invalid")


async def test_a_token_of_another_issuer_of_ours_is_not_checked_with_these_keys(tmp_path: Path, issuer: Issuer) -> None:
    with issuing() as other:
        tokens = checking(issuer, tmp_path)
        assert (await refused(tokens, other.token("u", iss=issuer.url)))[0] == "signature"
        assert (await refused(tokens, issuer.token("u", iss=other.url)))[0] == "issuer"
