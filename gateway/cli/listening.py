"""Polls the event log and posts what happens to a program on the developer's own machine, signed as deliveries are."""

from __future__ import annotations

import secrets
import time
from base64 import b64decode
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final
from urllib.error import HTTPError, URLError
from urllib.request import ProxyHandler, Request, build_opener

import click
import orjson

from adapters.core.declare.timestamps import utc
from gateway.cli.failures import REFUSED, UNAVAILABLE, Failure
from gateway.config import Settings
from gateway.deployment import catalogue
from gateway.webhooks import signing

POLL: Final = 1.0
TIMEOUT: Final = 20.0


class Listening:
    """api: where it is, without closing slash; secret: as subscribers are given it, or None for a new one."""

    def __init__(self, settings: Settings, api: str, token: str, forward_to: str, secret: str | None) -> None:
        known = catalogue(settings)
        self._version = known.newest
        self._paths = {
            name: kind.reads.removesuffix(".get") for name, kind in known.events().named.items() if kind.reads
        }
        self._api = api.rstrip("/")
        self._headers = {"Authorization": f"Bearer {token}", "Version": self._version}
        self._forward_to = forward_to
        self._secret = _bytes(secret) if secret is not None else secrets.token_bytes(signing.SECRET_BYTES)
        # What environment names a proxy must not be sent the token.
        self._open = build_opener(ProxyHandler({})).open

    def run(self, count: int | None) -> None:
        """Until it is interrupted, or `count` events were posted."""
        click.echo(f"Signed with {signing.shown(self._secret)}; posting to {self._forward_to}")
        since, seen = utc(datetime.now(UTC)), set[str]()
        while count is None or len(seen) < count:
            condition = {"field": "received_at", "operator": "gte", "value": since}
            asked = {"filters": [condition], "sort_direction": "asc", "limit": 100}
            for event in self._call("POST", "/v1/events/search", asked)["data"]:
                if event["id"] not in seen:
                    seen.add(event["id"])
                    since = event["received_at"]
                    self._post(event)
            time.sleep(POLL)

    def _post(self, event: Mapping[str, Any]) -> None:
        data, omitted = {"id": event["object_id"]}, "not_offered"
        path = self._paths.get(event["type"])
        if path is not None:
            try:
                data, omitted = self._call("GET", f"/v1/{path}/{event['object_id']}")["data"], ""
            except Failure:
                omitted = "unavailable"
        document = {name: event[name] for name in ("id", "type", "created_at", "sequence")} | {
            "version": self._version,
            "object": event["object"],
            "as_of": utc(datetime.now(UTC)),
            "partial": bool(omitted),
            "omitted": omitted or None,
            "previous": None,
            "data": data,
        }
        body = orjson.dumps(document)
        lines = signing.StandardSigner().sign([self._secret], event["id"], int(time.time()), body).decode()
        headers = dict(line.split(": ", 1) for line in lines.removesuffix("\r\n").split("\r\n"))
        request = Request(self._forward_to, body, {"Content-Type": "application/json", **headers}, method="POST")  # noqa: S310 - the developer's own
        try:
            with self._open(request, timeout=TIMEOUT) as answer:
                said = str(answer.status)
        except HTTPError as error:
            said = str(error.code)
        except (URLError, OSError) as error:
            said = f"no answer ({error})"
        click.echo(f"{event['created_at']}  {event['type']}  {event['object_id']}  → {said}")

    def _call(self, method: str, path: str, body: Any = None) -> Any:
        headers = self._headers | ({"Content-Type": "application/json"} if body is not None else {})
        content = orjson.dumps(body) if body is not None else None
        request = Request(self._api + path, content, headers, method=method)  # noqa: S310 - the API's address
        try:
            with self._open(request, timeout=TIMEOUT) as answer:
                return orjson.loads(answer.read())
        except HTTPError as error:
            raise Failure(
                f"the API answered {error.code}: {error.read(300).decode('utf-8', 'replace')}", REFUSED
            ) from None
        except (URLError, OSError) as error:
            raise Failure(f"the API cannot be reached: {error}", UNAVAILABLE) from None


def _bytes(secret: str) -> bytes:
    try:
        return b64decode(secret.removeprefix(signing.PREFIX), validate=True)
    except ValueError:
        raise Failure("the secret is not whsec_ and base64", REFUSED) from None
