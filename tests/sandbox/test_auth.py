"""Who may ask what: keys, the service key, sessions, and the users that the gateway asks about."""

from typing import Any

import httpx
import pytest

from tests.sandbox.conftest import Box, run


def refused(answer: httpx.Response) -> str:
    assert answer.status_code == 401, answer.text
    code: str = answer.json()["error"]["code"]
    return code


@pytest.mark.parametrize("authorization", [None, "", "Bearer", "Bearer wrong", "Basic abc", "Bearer sk_meridian_é"])
def test_without_a_known_key_there_is_nothing(box: Box, authorization: str | None) -> None:
    headers = {b"Authorization": authorization.encode()} if authorization is not None else {}
    assert refused(box.http.get("/api/crm/contacts", headers=headers)) == "key_invalid"


def test_the_service_key_speaks_for_the_named_tenant(box: Box, juniper: httpx.Client) -> None:
    service = {"Authorization": f"Bearer {box.service_key}"}
    named = {**service, "X-Business-Id": box.tenants[1]["business_id"]}
    assert box.http.get("/api/crm/pipelines", headers=named).json() == juniper.get("/api/crm/pipelines").json()
    assert refused(box.http.get("/api/crm/pipelines", headers=service)) == "business_unknown"
    assert (
        refused(box.http.get("/api/crm/pipelines", headers={**service, "X-Business-Id": "clx0"})) == "business_unknown"
    )


def test_a_tenants_key_does_not_speak_for_another(box: Box) -> None:
    with box.speaker(0, **{"X-Business-Id": box.tenants[1]["business_id"]}) as client:
        assert refused(client.get("/api/crm/contacts")) == "business_mismatch"
    with box.speaker(0, **{"X-Business-Id": box.tenants[0]["business_id"]}) as client:
        assert client.get("/api/crm/contacts").status_code == 200


def test_the_acting_user_must_belong_to_the_tenant(box: Box) -> None:
    with box.speaker(0, **{"X-User-Id": box.user("owner", 1)["user_id"]}) as client:
        assert refused(client.get("/api/crm/contacts")) == "user_unknown"


def sign_in(box: Box, **body: Any) -> httpx.Response:
    return box.http.post("/api/auth/signin", json=body)


def test_signing_in_gives_a_session_that_knows_its_user(box: Box) -> None:
    user = box.user("admin")
    answer = sign_in(box, email=user["email"], password=user["password"])
    assert answer.status_code == 200
    body = answer.json()
    assert body["user"] == {
        "id": user["user_id"], "tenantId": box.tenants[0]["business_id"], "email": user["email"],
        "name": body["user"]["name"], "role": "admin", "active": True,
    }  # fmt: skip
    me = box.http.get("/api/auth/me", headers={"Authorization": f"Bearer {body['token']}"})
    assert me.json() == {"data": body["user"]}


def test_wrong_credentials_all_look_the_same(box: Box) -> None:
    user = box.user("admin")
    wrong = sign_in(box, email=user["email"], password="wrong")
    unknown = sign_in(box, email="nobody@meridian.example", password="wrong")
    assert refused(wrong) == refused(unknown) == "credentials_invalid"
    assert wrong.content == unknown.content
    assert refused(sign_in(box, email="nobody@x.example", password="")) == "credentials_invalid"
    assert sign_in(box, email=user["email"]).status_code == 400


def test_a_disabled_user_can_do_nothing(box: Box) -> None:
    user = box.user("viewer", 1)
    token = sign_in(box, email=user["email"], password=user["password"]).json()["token"]
    run("set-active", "--db", str(box.db), "--user", user["email"], "--active", "no")
    try:
        assert refused(sign_in(box, email=user["email"], password=user["password"])) == "account_disabled"
        assert refused(box.http.get("/api/auth/me", headers={"Authorization": f"Bearer {token}"})) == "account_disabled"
    finally:
        run("set-active", "--db", str(box.db), "--user", user["email"], "--active", "yes")


def test_sessions_are_not_guessable(box: Box) -> None:
    for token in ("sess_", "sess_x", box.tenants[0]["api_key"], box.service_key):
        assert refused(box.http.get("/api/auth/me", headers={"Authorization": f"Bearer {token}"})) == "session_invalid"


def test_the_service_key_finds_users_and_tenants(box: Box) -> None:
    user, business = box.user("member", 1), box.tenants[1]["business_id"]
    service = {"Authorization": f"Bearer {box.service_key}"}
    by_id = box.http.get(f"/api/auth/users/{user['user_id']}", headers=service)
    by_email = box.http.get("/api/auth/users", params={"email": user["email"]}, headers=service)
    assert by_id.json() == by_email.json()
    members = {"id", "tenantId", "email", "name", "role", "active", "createdAt", "updatedAt"}
    assert by_id.json()["data"].keys() == members
    tenant = box.http.get(f"/api/auth/tenants/{business}", headers=service)
    assert tenant.json() == {"data": {"id": business, "name": box.tenants[1]["name"]}}
    for path in ("/api/auth/users/clx0", "/api/auth/users?email=x", "/api/auth/users", "/api/auth/tenants/clx0"):
        assert box.http.get(path, headers=service).status_code == 404, path


def test_with_a_tenant_named_only_its_users_exist(box: Box) -> None:
    own, foreign = box.tenants[0]["business_id"], box.user("member", 1)
    named = {"Authorization": f"Bearer {box.service_key}", "X-Business-Id": own}
    assert box.http.get(f"/api/auth/users/{foreign['user_id']}", headers=named).status_code == 404
    assert box.http.get("/api/auth/users", params={"email": foreign["email"]}, headers=named).status_code == 404
    assert box.http.get(f"/api/auth/tenants/{box.tenants[1]['business_id']}", headers=named).status_code == 404
    assert box.http.get(f"/api/auth/users/{box.user('member')['user_id']}", headers=named).status_code == 200


def test_a_tenants_key_may_not_ask_about_users(box: Box, meridian: httpx.Client) -> None:
    assert refused(meridian.get(f"/api/auth/users/{box.user('member')['user_id']}")) == "key_invalid"


def test_users_are_listed_in_pages_for_the_tenant_that_is_named(box: Box) -> None:
    named = {"Authorization": f"Bearer {box.service_key}", "X-Business-Id": box.tenants[1]["business_id"]}

    def listed(**query: Any) -> dict[str, Any]:
        answer = box.http.get("/api/auth/users", params={"page": 1, **query}, headers=named)
        assert answer.status_code == 200, answer.text
        body: dict[str, Any] = answer.json()
        return body

    everybody = listed()
    assert everybody["pagination"] == {"page": 1, "limit": 25, "total": 5}
    assert box.http.get("/api/auth/users", headers=named).json() == everybody
    assert {user["id"] for user in everybody["data"]} == {user["user_id"] for user in box.tenants[1]["users"]}
    assert "password" not in str(everybody)
    assert [user["role"] for user in listed(role="member")["data"]] == ["member"]
    assert listed(email="admin@juniper.example", limit=5)["pagination"]["total"] == 1
    assert (listed(active="true")["pagination"]["total"], listed(active="false")["data"]) == (5, [])
    assert [user["role"] for user in listed(search="HOLM juniper")["data"]] == ["viewer"]
    names = [user["name"] for user in listed(sort="name", order="asc")["data"]]
    assert names == sorted(names)
    assert [user["name"] for user in listed(page=2, limit=2, sort="name", order="asc")["data"]] == names[2:4]
    for query in ("sort=email", "order=up", "page=0", "limit=201", "active=maybe"):
        assert box.http.get(f"/api/auth/users?{query}", headers=named).status_code == 400, query


def test_a_user_who_is_given_another_role_has_changed(box: Box) -> None:
    user = box.user("viewer", 2)
    headers = {"Authorization": f"Bearer {box.service_key}"}
    before = box.http.get(f"/api/auth/users/{user['user_id']}", headers=headers).json()["data"]
    run("set-role", "--db", str(box.db), "--user", user["email"], "--role", "member")
    after = box.http.get(f"/api/auth/users/{user['user_id']}", headers=headers).json()["data"]
    assert (after["createdAt"], after["role"]) == (before["createdAt"], "member")
    assert after["updatedAt"] > before["updatedAt"]
