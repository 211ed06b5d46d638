"""Makes the calls of the table in Python, with either client."""

from __future__ import annotations

import asyncio
import inspect
from concurrent.futures import ThreadPoolExecutor
from types import ModuleType
from typing import Any

NAMES = {"import": "import_csv", "export": "export_csv"}
OPERATORS = {"eq": "__eq__", "neq": "__ne__", "gt": "__gt__", "gte": "__ge__", "lt": "__lt__", "lte": "__le__"}
OPERATORS |= {"in": "is_in"}


class Driver:
    """One library. `asynchronous`: with its AsyncClient."""

    def __init__(self, library: ModuleType, *, asynchronous: bool) -> None:
        self.library, self.asynchronous = library, asynchronous
        self.records = {"contacts": library.Contact, "deals": library.Deal}

    def run(self, task: dict[str, Any]) -> dict[str, Any]:
        """What the table is judged by."""
        waits: list[float] = []
        saved: list[dict[str, Any]] = []
        client = self._client(task, waits, saved)
        outcomes = self._asynchronous(client, task) if self.asynchronous else self._blocking(client, task)
        return {"outcomes": outcomes, "waits": waits, "saved": saved}

    def _client(self, task: dict[str, Any], waits: list[float], saved: list[dict[str, Any]]) -> Any:
        library, options = self.library, dict(task["client"])
        if "timeout" in options:
            options["timeout"] = library.Timeout(**options["timeout"])
        if "oauth" in options:
            told = dict(options["oauth"])
            tokens = library.Tokens(**{name: told[name] for name in told if name != "client_id"})
            oauth = library.OAuth(told["client_id"], tokens)
            oauth.save = lambda new: saved.append(
                {"access_token": new.access_token, "refresh_token": new.refresh_token}
            )
            options["oauth"] = oauth
        kind = library.AsyncClient if self.asynchronous else library.Client
        client = kind(base_url=task["base_url"], **options)
        if self.asynchronous:

            async def sleep(seconds: float) -> None:
                waits.append(seconds)

            client._transport.sleep = sleep
        else:
            client._transport.sleep = waits.append
        return client

    def _blocking(self, client: Any, task: dict[str, Any]) -> list[dict[str, Any]]:
        with client:
            if not task["together"]:
                return [self._outcome(client, call) for call in task["calls"]]
            with ThreadPoolExecutor(len(task["calls"])) as pool:
                return list(pool.map(lambda call: self._outcome(client, call), task["calls"]))

    def _outcome(self, client: Any, call: dict[str, Any]) -> dict[str, Any]:
        try:
            return {"result": plain(take_blocking(self._begun(client, call), call))}
        except Exception as error:  # noqa: BLE001 - whatever it is, the table says what it should be
            return {"error": told(error)}

    def _asynchronous(self, client: Any, task: dict[str, Any]) -> list[dict[str, Any]]:
        async def outcome(call: dict[str, Any]) -> dict[str, Any]:
            try:
                return {"result": plain(await take(self._begun(client, call), call))}
            except Exception as error:  # noqa: BLE001 - whatever it is, the table says what it should be
                return {"error": told(error)}

        async def all_outcomes() -> list[dict[str, Any]]:
            async with client:
                if task["together"]:
                    return list(await asyncio.gather(*map(outcome, task["calls"])))
                return [await outcome(call) for call in task["calls"]]

        return asyncio.run(all_outcomes())

    def _begun(self, client: Any, call: dict[str, Any]) -> Any:
        """What the method gives back, which may have to be awaited or iterated over."""
        if call["call"] == "$limits":
            return {name: vars(limit) for name, limit in client.limits.items()}
        named = dict(call["with"])
        if call["call"] == "$unwrap":
            return self.library.webhooks.unwrap(**named)
        resource, _, method = call["call"].partition(".")
        if "where" in named:
            named["where"] = [self._condition(resource, node) for node in named["where"]]
        if "limit" in named:
            named["page_size"] = named.pop("limit")
        if "from" in named:
            named["from_"] = named.pop("from")
        bound = getattr(getattr(client, resource), NAMES.get(method, method))
        if call.get("raw"):
            bound = client.with_raw_response(bound)
        return bound(*call["path"], **named)

    def _condition(self, resource: str, node: dict[str, Any]) -> Any:
        """The condition as a program writes it."""
        if "not" in node:
            return ~self._condition(resource, node["not"])
        for group, join in (("all", self.library.all_of), ("any", self.library.any_of)):
            if group in node:
                return join(*(self._condition(resource, each) for each in node[group]))
        field, operator = getattr(self.records[resource], node["field"]), node["operator"]
        method = getattr(field, OPERATORS.get(operator, operator))
        if "values" in node:
            alone = operator in {"in", "not_in"}
            return method(node["values"]) if alone else method(*node["values"])
        return method(node["value"]) if "value" in node else method()


def take_blocking(begun: Any, call: dict[str, Any]) -> Any:
    if call.get("stream"):
        return begun.text()
    match call.get("take"):
        case None:
            return begun
        case "all":
            return list(begun)
        case "first":
            return begun.first()
        case "pages":
            return list(begun.pages())
        case count:
            return begun.to_list(count)


async def take(begun: Any, call: dict[str, Any]) -> Any:
    if inspect.isawaitable(begun):
        return await begun
    if call.get("stream"):
        return await begun.text()
    match call.get("take"):
        case None:
            return begun
        case "all":
            return [each async for each in begun]
        case "first":
            return await begun.first()
        case "pages":
            return [page async for page in begun.pages()]
        case count:
            return await begun.to_list(count)


def plain(value: Any) -> Any:
    """What was given back, as data."""
    if hasattr(value, "missing"):
        return {"data": [plain(each) for each in value], "missing": value.missing}
    if hasattr(value, "to_dict"):
        return value.to_dict()
    if hasattr(value, "status") and hasattr(value, "data"):
        headers = {"version": value.headers["version"]}
        return {"status": value.status, "headers": headers, "data": plain(value.data)}
    return [plain(each) for each in value] if isinstance(value, list) else value


def told(error: Exception) -> dict[str, Any]:
    """What the table knows of an exception."""
    names = ("code", "status", "detail", "retry_after", "policies", "required", "errors", "trace_id", "request_id")
    found = {name: getattr(error, name) for name in (*names, "idempotency_key") if hasattr(error, name)}
    return {"class": type(error).__name__, "message": str(error), **found}
