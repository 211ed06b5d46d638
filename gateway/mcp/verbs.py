"""What each tool does: its arguments, checked, become requests of `/v1`, and their answers become its own."""

from __future__ import annotations

from typing import Any

import orjson

from adapters.core.faults import FieldError, Invalid
from gateway.api.me import ME
from gateway.api.rate_lines import read as read_limits
from gateway.api.rereading import REPLAYED
from gateway.keys.keyring import Keyring
from gateway.mcp import answers, calls, confirm, describe, wire
from gateway.mcp.asked import Asked, Failed
from gateway.mcp.calls import Twin
from gateway.mcp.offered import Offered
from gateway.mcp.records import Records, known_fields

Arguments = dict[str, Any]
Result = dict[str, Any]

_AGAIN = "This was done before, and was not done again. Send an idempotency_key of your own to do it anew."
_SURE = "Nothing is done yet. Call {tool} again with this confirm, within five minutes, to do it."
_KEPT = "Whoever was asked does not want it. Nothing was done."
_LONGEST_QUESTION = 600
_UNSURE = (
    "Not given to you for this and the record as it is now, or more than five minutes ago. Call {tool} without it."
)


class Verbs:
    """The tools over what is offered. budget: bytes of JSON that an answer may have; hide: as of `Records`."""

    def __init__(self, offered: Offered, keyring: Keyring, budget: int, *, hide: bool) -> None:
        self._offered = offered
        self._keyring = keyring
        self._budget = budget
        self._hide = hide

    async def __call__(self, tool: str, asked: Asked, arguments: Arguments) -> Result:
        """The result of a call whose arguments are of the declared form; raises Invalid, Failed or Challenged."""
        match tool:
            case "whoami":
                return await self._whoami(asked)
            case "describe":
                return await self._describe(asked, arguments)
            case "search":
                return await self._search(asked, arguments)
            case "get":
                return await self._get(asked, arguments)
            case "create":
                return await self._written(asked, calls.created(self._offered, arguments))
            case "update":
                return await self._written(asked, calls.updated(self._offered, arguments))
            case "act":
                return await self._act(asked, arguments)
            case "delete":
                return await self._delete(asked, arguments)
        raise LookupError(tool)

    async def _whoami(self, asked: Asked) -> Result:
        client = {"client": asked.client} if asked.client else {}
        replied = await asked.done(Twin(ME))
        limits = read_limits(replied.exchange.rate_lines)
        told = {**replied.document["data"], "contract": self._offered.contract, "limits": limits, **client}
        return answers.told(told)

    async def _describe(self, asked: Asked, given: Arguments) -> Result:
        me, offered = await asked.me(), self._offered
        effective, path, verb = frozenset(me["effective_scopes"]), given.get("resource"), given.get("verb")
        if path is None:
            return answers.told(
                {"text": describe.overview(offered, asked.scopes.expanded(me["token"]["scopes"]), effective)}
            )
        if path not in offered.paths:
            raise _unknown("/resource", offered.paths)
        if verb is None:
            return answers.told({"text": describe.resource(offered, path, effective)})
        if verb == "act":
            named, name, pointer = offered.actions.get(path, {}), given.get("action", ""), "/action"
        else:
            named, name, pointer = offered.plain[verb], path, "/verb"
        if name not in named:
            raise _unknown(pointer, tuple(named))
        return answers.told({"values": describe.schema(named[name], offered.contract, effective)})

    async def _search(self, asked: Asked, given: Arguments) -> Result:
        fields, budget = given.get("fields"), self._budget
        twin = calls.found(self._offered, given)
        known_fields([twin.operation], self._offered.contract, fields)
        page, told = (await asked.done(twin)).document, self._records()
        records = [told.listed(twin.operation, each, fields) for each in page["data"]]
        limit, fits, cut = twin.document["limit"], answers.fitting(records, budget), False
        if fits < len(records) and "cursor" not in given:
            # What is cut off must be found again: the page is asked for anew, no longer than what fits.
            limit, cut = max(fits, 1), True
            page = (await asked.done(calls.found(self._offered, given, limit))).document
            records = [told.listed(twin.operation, each, fields) for each in page["data"]]
        if answers.fitting(records, budget) < len(records):
            # A cursor is of one limit, so a page behind it stays as long as it is, and its texts become shorter.
            records = [answers.shortened(each, budget // len(records)) for each in records]
        structured: Result = {"records": records}
        if (cursor := page["meta"]["cursor"]["next"]) is not None:
            structured["next_cursor"] = f"{limit}:{cursor}"
        if (total := page["meta"].get("total")) is not None:
            structured["total"] = total
        return answers.told(*told.marked(structured | ({"cut": True} if cut else {})))

    async def _get(self, asked: Asked, given: Arguments) -> Result:
        fields, included = given.get("fields"), given.get("include", [])
        twins = [calls.read(self._offered, each, f"/ids/{at}") for at, each in enumerate(given["ids"])]
        known_fields([twin.operation for twin in twins], self._offered.contract, fields)
        # Before the first call, so that none is wasted on a relation that there is not.
        beside = [[self._related(twin, at, name) for at, name in enumerate(included)] for twin in twins]
        told, records, missing = self._records(), [], []
        for twin, lists in zip(twins, beside, strict=True):
            try:
                record = told.whole(twin.operation, await asked.data(twin), fields)
            except Failed as failed:
                if len(twins) == 1 or failed.problem["status"] != 404:
                    raise
                missing.append(twin.segments[0])
                continue
            for name, each in zip(included, lists, strict=True):
                listed = (await asked.data(each))[: calls.MOST_INCLUDED]
                record[name] = [
                    told.listed(each.operation, one, at=name) if isinstance(one, dict) else one for one in listed
                ]
            records.append(record)
        structured = self._kept(records, whole=fields is not None)
        return answers.told(*told.marked(structured | ({"missing": missing} if missing else {})))

    def _related(self, twin: Twin, at: int, name: str) -> Twin:
        return calls.related(self._offered, twin.segments[0], name, f"/include/{at}")

    def _kept(self, records: list[Result], *, whole: bool) -> Result:
        """As many as fit, and which are left out. One that is too large alone is shortened, or `whole` if it was asked for so."""
        fits = answers.fitting(records, self._budget)
        if fits == len(records):
            return {"records": records}
        kept = records[:fits] or [records[0] if whole else answers.shortened(records[0], self._budget)]
        left = [record["id"] for record in records[len(kept) :]]
        return {"records": kept} | ({"cut": True, "left_out": left} if left else {})

    async def _written(self, asked: Asked, twin: Twin) -> Result:
        replied = await asked.done(twin)
        data = replied.document.get("data")
        if not isinstance(data, dict):
            return answers.told({"done": True} if data is None else {"done": True, "result": data})
        told = self._records()
        structured: Result = {"record": answers.shortened(told.whole(twin.operation, data), self._budget)}
        if REPLAYED in replied.answer.headers:
            structured |= {"replayed": True, "advice": _AGAIN}
        return answers.told(*told.marked(structured))

    async def _act(self, asked: Asked, given: Arguments) -> Result:
        twin = calls.acted(self._offered, given)
        if twin.operation.final:
            question = f"{twin.operation.summary}? This cannot be undone."
            if waiting := await self._unconfirmed(asked, given, twin, "act", question, "Do it"):
                return waiting
        return await self._written(asked, twin)

    async def _delete(self, asked: Asked, given: Arguments) -> Result:
        twin = calls.deleted(self._offered, given["id"])
        if waiting := await self._unconfirmed(asked, given, twin, "delete", "Delete this for good?", "Delete it"):
            return waiting
        await asked.done(twin)
        return answers.told({"deleted": given["id"]})

    async def _unconfirmed(
        self, asked: Asked, given: Arguments, twin: Twin, tool: str, question: str, yes: str
    ) -> Result | None:
        """What is answered instead of doing it, until it is confirmed for the record as it is: None from then on."""
        public_id, sealed, person = given["id"], given.get("confirm"), asked.elicited
        if person is not None:
            if not person.accepted:
                return answers.told({"kept": public_id, "advice": _KEPT})
            sealed = person.state
        permitted = await asked.may(twin.operation)
        reading, told = calls.read(self._offered, public_id, "/id"), self._records()
        # Who may do this and not read is shown nothing of the record but its id, as at /v1.
        legible = permitted.effective.issuperset(reading.operation.scopes)
        record = await asked.data(reading) if legible else {"id": public_id}
        if sealed is None:
            value = confirm.seal(self._keyring, permitted.principal, twin, record)
            if asked.elicits:
                line = orjson.dumps(told.listed(reading.operation, record)).decode()[:_LONGEST_QUESTION]
                return wire.question(f"{question} {line}", yes, value)
            shown = answers.shortened(told.whole(reading.operation, record), self._budget)
            advice = _SURE.format(tool=tool)
            return answers.told(*told.marked({f"would_{tool}": shown, "confirm": value, "advice": advice}))
        if not confirm.holds(self._keyring, permitted.principal, twin, record, sealed):
            raise Invalid([FieldError("/confirm", "confirm_invalid", _UNSURE.format(tool=tool))])
        return None

    def _records(self) -> Records:
        return Records(self._offered.contract, hide=self._hide)


def _unknown(pointer: str, allowed: tuple[str, ...]) -> Invalid:
    return Invalid([FieldError(pointer, "value_unknown", "There is no such thing here.", allowed)])
