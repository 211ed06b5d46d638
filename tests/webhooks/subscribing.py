"""People who subscribe over `/v1`, and what happens to be told of."""

from __future__ import annotations

import os
from contextlib import closing
from datetime import UTC, datetime
from typing import Any

import httpx

from gateway.keys import token_format
from gateway.stores.sql import Sql, webhook_clock, webhook_events
from gateway.stores.sql.webhook_events import NewEvent
from tests.live import NEWEST, Live

PATH = "/v1/webhook_subscriptions"
SCOPES = "webhook.all deal.read contact.read"


class People:
    """Owner and manager of tenant a, and owner of tenant b, each with a token; what they make is deleted."""

    def __init__(self, live: Live) -> None:
        self.live = live
        self.owner = live.token(live.a, "owner", SCOPES)
        self.made: list[tuple[str, str]] = []

    def create(self, token: str | None = None, status: int = 201, **body: Any) -> httpx.Response:
        given = {"url": f"https://hooks.example.com/{token_format.random_text(8)}", "events": ["deal.won"], **body}
        version = given.pop("sent_version", NEWEST)
        answer = self.live.call("POST", PATH, given, token=token or self.owner, version=version)
        assert answer.status_code == status, answer.text
        if status == 201:
            self.made.append((answer.json()["data"]["id"], token or self.owner))
        return answer

    def one(self, **body: Any) -> dict[str, Any]:
        made: dict[str, Any] = self.create(**body).json()["data"]
        return made

    def call(self, method: str, path: str, body: Any = None, **options: Any) -> httpx.Response:
        return self.live.call(method, f"{PATH}{path}", body, token=options.pop("token", self.owner), **options)

    def store(self, work: Any) -> Any:
        with closing(Sql(f"sqlite:///{self.live.served.data_dir / 'gateway.db'}")) as sql, sql.session() as session:
            return work(session)


def refused(answer: httpx.Response) -> list[tuple[str, str]]:
    assert answer.status_code == 422, answer.text
    return [(each["pointer"], each["code"]) for each in answer.json()["errors"]]


def happened(people: People, kind: str, tenant_id: str) -> str:
    new = NewEvent(tenant_id, kind, f"deal_{'0' * 24}", datetime.now(UTC), os.urandom(32), "service")

    def accept(session: Any) -> str:
        return next(iter(webhook_events.accept(session, [new], webhook_clock.now(session)).ids.values()))

    return f"evt_{people.store(accept)}"
