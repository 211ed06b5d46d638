"""Revocation, introspection and metadata."""

from __future__ import annotations

from contextlib import ExitStack

import httpx
import pytest

from tests.live import OFFERED, Live
from tests.oauth.acting import App, Asking, Browser, refresh, register, works


def revoke(live: Live, app: App, token: str, **more: str) -> tuple[int, object]:
    answer = live.client.post("/oauth/revoke", **app.authenticated({"token": token, **more}))
    return answer.status_code, answer.json()


def introspect(live: Live, app: App, token: str, **more: str) -> dict[str, object]:
    answer = live.client.post("/oauth/introspect", **app.authenticated({"token": token, **more}))
    assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-store")
    document: dict[str, object] = answer.json()
    return document


def test_revoking_a_refresh_token_ends_its_access_tokens_at_the_next_request_of_every_worker(
    pair: Live, someone: Browser, asking: Asking
) -> None:
    first, other = someone.tokens(asking), someone.tokens(asking)
    second = refresh(pair, asking.app, first["refresh_token"]).json()
    with ExitStack() as stack:
        # Connections that are open already, to both workers, so that the very next thing either hears is the token.
        held = [stack.enter_context(httpx.Client(base_url=pair.url, timeout=30)) for _ in range(6)]

        def heard(token: str) -> set[int]:
            headers = {"Authorization": f"Bearer {token}", "Version": "2026-09-01"}
            return {client.get("/v1/me", headers=headers).status_code for client in held}

        assert heard(first["access_token"]) == heard(second["access_token"]) == {200}
        assert revoke(pair, asking.app, second["refresh_token"]) == (200, {})
        assert heard(second["access_token"]) == heard(first["access_token"]) == {401}
    assert works(pair, other["access_token"])
    assert refresh(pair, asking.app, second["refresh_token"]).json()["error"] == "invalid_grant"


def test_revoking_an_access_token_ends_that_one_only(pair: Live, someone: Browser, asking: Asking) -> None:
    tokens = someone.tokens(asking)
    assert works(pair, tokens["access_token"])
    assert revoke(pair, asking.app, tokens["access_token"]) == (200, {})
    assert not works(pair, tokens["access_token"])
    answer = pair.call("GET", "/v1/me", token=tokens["access_token"])
    assert answer.json()["code"] == "token_revoked"
    assert refresh(pair, asking.app, tokens["refresh_token"]).status_code == 200


@pytest.mark.parametrize("hint", ["refresh_token", "access_token", "id_token", "", "x" * 1000])
def test_the_hint_is_only_a_hint(pair: Live, someone: Browser, asking: Asking, hint: str) -> None:
    tokens = someone.tokens(asking)
    assert revoke(pair, asking.app, tokens["access_token"], token_type_hint=hint) == (200, {})
    assert not works(pair, tokens["access_token"])


def test_an_unknown_token_is_as_good_as_revoked(pair: Live, public: App, basic: App) -> None:
    for token in ("x", "gw_ort_" + "0" * 36, pair.a.tokens["owner"]):
        assert revoke(pair, public, token) == (200, {})
        assert revoke(pair, basic, token) == (200, {})
    assert works(pair, pair.a.tokens["owner"]), "a personal token is no app's to revoke"


def test_another_apps_token_stays_alive(pair: Live, someone: Browser, asking: Asking, basic: App) -> None:
    tokens = someone.tokens(asking)
    for token in (tokens["access_token"], tokens["refresh_token"]):
        assert revoke(pair, basic, token) == (200, {})
    assert works(pair, tokens["access_token"])
    assert refresh(pair, asking.app, tokens["refresh_token"]).status_code == 200


def test_a_token_must_be_named(pair: Live, basic: App) -> None:
    for path in ("/oauth/revoke", "/oauth/introspect"):
        answer = pair.client.post(path, **basic.authenticated({"token_type_hint": "access_token"}))
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


def test_an_app_learns_about_its_own_live_tokens(pair: Live, someone: Browser, basic: App, post: App) -> None:
    tokens = someone.tokens(Asking(pair, basic))
    known = introspect(pair, basic, tokens["access_token"], token_type_hint="nonsense")
    exp, iat = known.pop("exp"), known.pop("iat")
    assert isinstance(exp, int) and isinstance(iat, int) and exp - iat == 3600
    assert known == {
        "active": True,
        "client_id": basic.client_id,
        "token_type": "Bearer",
        "scope": "contact.read deal.read",
        "sub": known["sub"],
        "iss": pair.url,
        "aud": pair.url,
    }
    assert str(known["sub"]).startswith("usr_")
    assert introspect(pair, basic, tokens["refresh_token"])["active"] is True
    assert introspect(pair, post, tokens["access_token"]) == {"active": False}


def test_of_everything_else_an_app_learns_exactly_that_it_is_not_active(
    pair: Live, someone: Browser, basic: App
) -> None:
    tokens = someone.tokens(Asking(pair, basic))
    used = refresh(pair, basic, tokens["refresh_token"]).json()
    assert introspect(pair, basic, tokens["refresh_token"]) == {"active": False}, "it was used"
    revoke(pair, basic, used["refresh_token"])
    for token in ("x", "\u00e9", pair.a.tokens["owner"], used["access_token"], used["refresh_token"]):
        assert introspect(pair, basic, token) == {"active": False}


def test_a_public_app_may_not_introspect(pair: Live, public: App) -> None:
    answer = pair.client.post("/oauth/introspect", data={"client_id": public.client_id, "token": "x"})
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")


def test_the_metadata_advertises_what_works_at_the_brands_origin(pair: Live) -> None:
    answer = pair.client.get("/.well-known/oauth-authorization-server")
    document = answer.json()
    assert answer.headers["content-type"] == "application/json"
    assert document["issuer"] == pair.url
    endpoints = {name: value for name, value in document.items() if name.endswith("_endpoint")}
    assert set(endpoints) == {
        "authorization_endpoint",
        "token_endpoint",
        "revocation_endpoint",
        "introspection_endpoint",
        "registration_endpoint",
    }
    for url in endpoints.values():
        assert pair.client.post(url).status_code != 404
    assert document["response_types_supported"] == ["code"]
    assert document["grant_types_supported"] == ["authorization_code", "refresh_token"]
    assert document["code_challenge_methods_supported"] == ["S256"]
    assert document["authorization_response_iss_parameter_supported"] is True
    assert set(document["scopes_supported"]) == OFFERED.single


def test_brands_share_one_audience_and_issue_for_themselves(spare: Live) -> None:
    brands = [{"name": "One", "hosts": ["127.0.0.1"]}, {"name": "Two", "hosts": ["two.example"]}]
    spare.set_up(brands=brands)
    app = register(spare)
    asking = Asking(spare, app)
    browser = Browser(spare)
    code, tokens = browser.code(asking), browser.tokens(asking)
    two = {"Host": "two.example"}
    assert spare.call("GET", "/v1/me", token=tokens["access_token"], headers=two).status_code == 200
    assert introspect(spare, app, tokens["access_token"])["aud"] == spare.url
    for form in (
        {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]},
        {"grant_type": "authorization_code", "code": code, "code_verifier": asking.verifier},
    ):
        given = app.authenticated({**form, "redirect_uri": asking.redirect_uri})
        refused = spare.client.post("/oauth/token", headers=two, **given)
        assert (refused.status_code, refused.json()["error"]) == (400, "invalid_grant")


def test_a_401_leads_to_the_resource_metadata_and_that_to_the_server(pair: Live) -> None:
    challenge = pair.client.get("/v1/me", headers={"Version": "2026-09-01"}).headers["www-authenticate"]
    url = challenge.partition('resource_metadata="')[2].partition('"')[0]
    document = pair.client.get(url).json()
    assert document["resource"] == pair.url
    assert document["authorization_servers"] == [pair.url]
    assert document["bearer_methods_supported"] == ["header"]


def scopes_of(challenge: str) -> list[str]:
    return challenge.partition('scope="')[2].partition('"')[0].split()


@pytest.mark.parametrize("bearer", [None, "Bearer gw_pat_none"])
def test_a_401_names_the_scopes_to_begin_with_which_are_those_that_read(pair: Live, bearer: str | None) -> None:
    headers = {"Version": "2026-09-01"} | ({"Authorization": bearer} if bearer else {})
    challenge = pair.client.get("/v1/me", headers=headers).headers["www-authenticate"]
    supported = pair.client.get("/.well-known/oauth-protected-resource").json()["scopes_supported"]
    assert scopes_of(challenge) == [scope for scope in supported if scope.endswith(".read")] != []
    assert ('error="invalid_token"' in challenge) is (bearer is not None)


@pytest.mark.parametrize(
    ("method", "path", "needed"),
    [
        ("POST", "/v1/contacts", ["contact.write"]),
        ("DELETE", "/v1/deals/deal_" + "0" * 24, ["deal.delete"]),
        ("GET", "/v1/contacts/con_" + "0" * 24 + "/notes", ["contact.read", "note.read"]),
    ],
)
def test_a_403_names_the_scopes_that_are_needed(pair: Live, method: str, path: str, needed: list[str]) -> None:
    refused = pair.call(method, path, token=pair.token(pair.a, "owner", "task.read"))
    assert refused.status_code == 403
    assert scopes_of(refused.headers["www-authenticate"]) == needed == refused.json()["required_scopes"]


def test_a_403_of_the_role_asks_for_no_scope_which_would_not_help(pair: Live) -> None:
    token = pair.token(pair.a, "viewer", "contact.write")
    refused = pair.call("POST", "/v1/contacts", {"first_name": "Ada"}, token=token)
    assert (refused.status_code, refused.json()["denied_by"]) == (403, "role")
    assert "www-authenticate" not in refused.headers
