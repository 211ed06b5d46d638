"""What a subscriber is told, judged and read at the moment of the attempt: events.md §2.8, §2.9 and the table of §4."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from adapters import ids
from gateway import factories
from gateway.config.policies import CallerLimit, Lifecycle, Role
from gateway.keys import token_format
from gateway.keys.purposes import FACTS
from gateway.stores.sql import clients, grants, tokens
from gateway.webhooks.messages import Body, Ended, Wait, Withheld
from tests.live import NEWEST, OLDEST, Live
from tests.openapi.generated import GENERATED, validator
from tests.webhooks.rendered import Deployment, endpoint, event

NOBODY = f"deal_{'0' * 24}"


@pytest.fixture(scope="module")
def deployment(live: Live) -> Deployment:
    return Deployment(live)


@pytest.fixture(scope="module")
def deal(live: Live) -> dict[str, Any]:
    body = {"name": "Engine", "amount": "12.50", "currency": "EUR"}
    answer = live.call("POST", "/v1/deals", body)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()["data"]
    return made


def sealed(deployment: Deployment, tenant_id: str, facts: dict[str, Any]) -> str:
    return factories.keyring(deployment.settings).seal(FACTS, tenant_id, json.dumps(facts).encode(), b"")


@pytest.mark.parametrize("contract", [NEWEST, OLDEST])
def test_case_30_the_record_is_what_get_shows_in_the_subscriptions_contract(
    live: Live, deployment: Deployment, deal: dict[str, Any], contract: str
) -> None:
    told = event(live.a, "deal.won", deal["id"])
    document = deployment.body(endpoint(live.a, contract=contract), told)
    shown = live.call("GET", f"/v1/deals/{deal['id']}", version=contract).json()["data"]
    published = GENERATED[contract]["webhooks"]["deal.won"]["post"]["requestBody"]["content"]["application/json"]
    assert [error.message for error in validator(contract, published["schema"]).iter_errors(document)] == []
    assert document.pop("as_of") >= datetime.now(UTC).isoformat()[:10]
    assert document == {
        "id": f"evt_{told.id}",
        "type": "deal.won",
        "created_at": "2026-11-02T12:00:00.250Z",
        "sequence": 7,
        "tenant_id": ids.TENANT.encode(live.a.business_id),
        "version": contract,
        "object": "deal",
        "partial": False,
        "omitted": None,
        "previous": None,
        "data": shown,
    }


def test_a_thin_subscription_is_told_the_id_alone_and_costs_no_call(
    live: Live, deployment: Deployment, deal: dict[str, Any]
) -> None:
    before = live.counted()
    document = deployment.body(endpoint(live.a, payload="thin"), event(live.a, "deal.won", deal["id"]))
    assert (document["data"], document["partial"], document["omitted"]) == ({"id": deal["id"]}, True, "thin")
    assert live.counted() == before


@pytest.mark.parametrize("case", ["deleted", "of another tenant", "hidden"])
def test_case_25_what_the_user_may_not_see_is_withheld_whatever_the_reason(
    live: Live, deployment: Deployment, deal: dict[str, Any], case: str
) -> None:
    tenant, object_id = (live.b, deal["id"]) if case == "of another tenant" else (live.a, NOBODY)
    if case == "hidden":
        with live.fault(path="/api/crm/deals/", status=404, body={"error": {"code": "not_found"}}, times=1):
            found = deployment.render(endpoint(tenant), event(tenant, "deal.won", deal["id"]))
    else:
        found = deployment.render(endpoint(tenant), event(tenant, "deal.won", object_id))
    assert found == Withheld("not_visible")


def test_case_26_scopes_and_role_are_those_of_the_moment(
    live: Live, deployment: Deployment, deal: dict[str, Any]
) -> None:
    told = event(live.a, "deal.won", deal["id"])
    assert deployment.render(endpoint(live.a, scopes=("webhook.read",)), told) == Withheld("scope")
    assert deployment.render(endpoint(live.a, scopes=("deal.read",)), told) == Withheld("scope")
    assert deployment.render(endpoint(live.a, "viewer"), told) == Withheld("role")
    roles = {**deployment.settings.roles, "owner": Role(allow=("**",), deny=("deal.read",))}
    assert deployment.render(endpoint(live.a), told, roles=roles) == Withheld("role")
    contact = live.call("POST", "/v1/contacts", {"first_name": "Ada"}).json()["data"]["id"]
    assert deployment.body(endpoint(live.a), event(live.a, "contact.created", contact), roles=roles)["data"]


def test_a_disabled_user_suspends_the_endpoint_and_loses_nothing(
    live: Live, deployment: Deployment, deal: dict[str, Any]
) -> None:
    gone = endpoint(live.a, user_id="clx0000000000000000000000")
    assert deployment.render(gone, event(live.a, "deal.won", deal["id"])) == Ended(
        "suspended", "user_disabled", cancel=False
    )


def test_a_token_owns_until_its_family_ends(live: Live, deployment: Deployment, deal: dict[str, Any]) -> None:
    told, now = event(live.a, "deal.won", deal["id"]), datetime.now(UTC)
    _, token_id = live.record(live.a, "owner", "webhook.all deal.all")
    owned = endpoint(live.a, owner_kind="token", owner_id=token_id, scopes=())
    assert isinstance(deployment.render(owned, told), Body)

    def rotated(session: Any) -> None:
        old = tokens.get(session, live.a.business_id, token_id)
        assert old is not None
        columns = {name: getattr(old, name) for name in old.__slots__}
        made = {"id": token_format.new_id(), "hash": b"x" * 32, "replaces": old.id, "scopes": ("webhook.read",)}
        tokens.rotate(session, tokens.Token(**columns | made), now, now)

    deployment.store(rotated)
    assert deployment.render(owned, told) == Withheld("scope")

    def revoked(session: Any) -> None:
        for each in tokens.family(session, live.a.business_id, token_id):
            tokens.revoke(session, live.a.business_id, each.id, "test", now)

    deployment.store(revoked)
    assert deployment.render(owned, told) == Ended("disabled", "owner_revoked", cancel=True)


@pytest.mark.parametrize(
    ("columns", "ended"),
    [
        ({}, None),
        ({"revoked_at": datetime.now(UTC)}, "owner_revoked"),
        ({"expires_at": datetime.now(UTC) - timedelta(days=1)}, "owner_expired"),
    ],
)
def test_a_grant_owns_until_it_ends(
    live: Live, deployment: Deployment, deal: dict[str, Any], columns: dict[str, Any], ended: str | None
) -> None:
    now, user, client_id = datetime.now(UTC), live.a.users["owner"], token_format.new_id()
    app = clients.Client(client_id, f"app {ended}", "none", ("https://app.example.com/cb",), (), (), now, "cli")
    deployment.store(lambda session: clients.add(session, app))
    grant = {
        "id": token_format.new_id(),
        "client_id": client_id,
        "tenant_id": live.a.business_id,
        "user_id": user["user_id"],
        "user_email": user["email"],
        "scopes": ("webhook.read", "deal.read"),
        "issuer": live.url,
        "created_at": now,
        "expires_at": now + timedelta(days=1),
    }
    deployment.store(lambda session: grants.insert(session, grants.Grant(**{**grant, **columns})))
    found = deployment.render(
        endpoint(live.a, owner_kind="grant", owner_id=str(grant["id"]), scopes=()),
        event(live.a, "deal.won", deal["id"]),
    )
    assert isinstance(found, Body) if ended is None else found == Ended("disabled", ended, cancel=True)


def test_case_31_a_contract_that_has_ended_disables_and_one_that_will_is_told(
    live: Live, deployment: Deployment, deal: dict[str, Any]
) -> None:
    told, old = event(live.a, "deal.won", deal["id"]), endpoint(live.a, contract=OLDEST)
    cycle = Lifecycle(deprecated=date(2026, 1, 1), sunset=date(2099, 1, 1), link=None)
    found = deployment.render(old, told, versions={date.fromisoformat(OLDEST): cycle})
    assert isinstance(found, Body)
    assert b"\r\ndeprecation: @" in found.headers
    assert b"\r\nsunset: Thu, 01 Jan 2099 00:00:00 GMT\r\n" in found.headers
    ended = Lifecycle(sunset=date(2026, 1, 2))
    assert deployment.render(old, told, versions={date.fromisoformat(OLDEST): ended}) == Ended(
        "disabled", "contract_retired", cancel=False
    )


def test_case_32_a_service_that_is_away_is_waited_for_and_then_done_without(
    live: Live, deployment: Deployment, deal: dict[str, Any]
) -> None:
    told = event(
        live.a, "deal.won", deal["id"], facts_sealed=sealed(deployment, live.a.business_id, {"name": "Engine"})
    )
    with live.fault(path="/api/crm/deals/", status=503):
        assert deployment.render(endpoint(live.a), told) == Wait(5.0, "unavailable")
        assert deployment.render(endpoint(live.a), told, waited=100.0) == Wait(100.0, "unavailable")
        document = deployment.body(endpoint(live.a), told, waited=900.0)
    assert (document["partial"], document["omitted"]) == (True, "unavailable")
    assert document["data"] == {"id": deal["id"], "name": "Engine"}


def test_case_24_what_the_payload_told_is_sent_only_where_it_was_believed(
    live: Live, deployment: Deployment, deal: dict[str, Any]
) -> None:
    stage = "5f2b8c1d9e3a7b6c4d5e6f74"
    facts = sealed(deployment, live.a.business_id, {"previous.stage_id": stage, "stage_id": stage})
    asked = endpoint(live.a)
    believed = deployment.body(asked, event(live.a, "deal.stage_changed", deal["id"], facts_sealed=facts))
    assert believed["previous"] == {"stage_id": f"stage_{stage}"}
    assert deployment.body(asked, event(live.a, "deal.stage_changed", deal["id"]))["previous"] is None
    contract = "ctr_clx0a1b2c3d4e5f6g7h8i9j0k"
    forged = deployment.body(asked, event(live.a, "contract.signed", contract))
    assert (forged["data"], forged["omitted"]) == ({"id": contract}, "not_offered")
    signed = sealed(deployment, live.a.business_id, {"name": "Maintenance", "amount": 3, "currency": "JPY"})
    whole = deployment.body(asked, event(live.a, "contract.signed", contract, facts_sealed=signed))
    assert whole["partial"] is False
    assert whole["data"] == {
        "id": contract,
        "name": "Maintenance",
        "customer_name": None,
        "amount": "3",
        "currency": "JPY",
        "signed_at": None,
        "contact_id": None,
        "company_id": None,
        "deal_id": None,
    }


def test_case_32_records_are_read_within_a_budget_of_their_own(
    live: Live, deployment: Deployment, deal: dict[str, Any]
) -> None:
    limits = deployment.settings.limits.model_copy(
        update={"events": CallerLimit.model_validate({"quota": 1, "window": "61s"})}
    )
    asked = endpoint(live.a)
    told = [event(live.a, "deal.won", deal["id"]) for _ in range(3)]
    assert isinstance(deployment.render(asked, told[0], limits=limits), Body)
    waiting = deployment.render(asked, told[1], limits=limits)
    assert isinstance(waiting, Wait)
    assert waiting.reason == "budget"
    assert deployment.body(asked, told[2], limits=limits, waited=60.0)["omitted"] == "budget"


def test_case_32_a_record_that_is_too_large_goes_without_itself(live: Live, deployment: Deployment) -> None:
    body = {"subject": "Lamp", "description": "Dark", "requester_email": "ada@example.com"}
    ticket = live.call("POST", "/v1/tickets", body).json()["data"]
    internal = live.sandbox.get(
        f"/api/helpdesk/tickets/{ids.TICKET.decode(ticket['id'])}",
        headers={"Authorization": f"Bearer {live.a.api_key}"},
    ).json()
    internal["data"]["body"] = "x" * 300_000
    scopes = ("webhook.read", "ticket.read")
    with live.fault(path="/api/helpdesk/tickets/", status=200, body=internal, times=1):
        document = deployment.body(endpoint(live.a, scopes=scopes), event(live.a, "ticket.created", ticket["id"]))
    assert (document["data"], document["omitted"]) == ({"id": ticket["id"]}, "too_large")


def test_a_trial_is_the_documents_example_marked_as_one(live: Live, deployment: Deployment) -> None:
    document = deployment.body(endpoint(live.a, contract=OLDEST), event(live.a, "webhook.test", "deal.won"))
    assert (document["type"], document["object"], document["test"]) == ("deal.won", "deal", True)
    assert document["data"]["title"] == "Difference engine no. 2"
    asked = endpoint(live.a)
    plain = deployment.body(asked, event(live.a, "webhook.test", ""))
    assert (plain["type"], plain["data"]) == ("webhook.test", {"id": f"whk_{asked.id}"})
