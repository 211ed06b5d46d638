"""The behaviours that clients of every language have: behaviours.yaml, made whole, and what came of them, judged.

A driver is a function or a program of one language. It is given `Case.task()`: `{name, base_url, client, calls,
together}`, and gives `{outcomes, waits, saved}` back: an outcome is `{"result": …}` or `{"error": {…}}`, in the order of
the calls; `waits` are the seconds that the client's sleeper was asked for (it does not really sleep); `saved` is what the
hook for refreshed tokens was given.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import socket
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from tests.sdk.scripted import Script, Seen

TABLE = Path(__file__).with_name("behaviours.yaml")
TOKEN = "gw_pat_behaviours"
SECRET = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"


class _Loader(yaml.SafeLoader):
    """Days stay texts, as they are in requests."""

    yaml_implicit_resolvers = {  # noqa: RUF012 - named by the library
        first: [(tag, pattern) for tag, pattern in pairs if not tag.endswith(":timestamp")]
        for first, pairs in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }


@dataclass
class Case:
    """One behaviour, and the script of the server's answers to it."""

    name: str
    told: dict[str, Any]
    script: Script = field(init=False)

    def __post_init__(self) -> None:
        self.script = Script([_answer(each, n) for n, each in enumerate(self.told.get("answers", []), 1)])

    def task(self, url: str) -> dict[str, Any]:
        """What a driver is given. url: where the server answers to this behaviour."""
        client = {"token": TOKEN} | self.told.get("client", {})
        if "oauth" in client:
            del client["token"]
        return {
            "name": self.name,
            "base_url": _nowhere() if client.pop("refused", False) else url,
            "client": client,
            "calls": [_call(each) for each in self.told["calls"]],
            "together": self.told.get("together", False),
        }

    def judge(self, given: dict[str, Any]) -> None:
        """AssertionError where the outcomes, the requests or the waits are others than the table's."""
        for number, (call, outcome) in enumerate(zip(self.told["calls"], given["outcomes"], strict=True)):
            where = f"{self.name}, call {number}"
            if "error" in call:
                assert "error" in outcome, f"{where}: no error but {outcome}"
                _holds(call["error"], outcome["error"], where)
            else:
                assert "result" in outcome, f"{where}: {outcome}"
                assert outcome["result"] == call.get("result"), f"{where}: {outcome['result']} != {call.get('result')}"
        self._asked()
        waits = self.told.get("waits", [])
        assert len(waits) == len(given["waits"]), f"{self.name}: waited {given['waits']}"
        for expected, waited in zip(waits, given["waits"], strict=True):
            if isinstance(expected, dict):
                assert expected["least"] <= waited <= expected["most"], f"{self.name}: waited {waited}"
            else:
                assert abs(waited - expected) < 0.05, f"{self.name}: waited {waited}"
        assert given.get("saved", []) == self.told.get("saved", []), f"{self.name}: saved {given.get('saved')}"

    def _asked(self) -> None:
        seen, expected = list(self.script.seen), self.told.get("requests")
        if expected is None:
            return
        if self.told.get("together"):
            seen.sort(key=lambda each: (each["method"], each["path"]))
            expected = sorted(expected, key=lambda each: (each.get("method", "GET"), each["path"]))
        told = [f"{each['method']} {each['path']}" for each in seen]
        assert told == [f"{each.get('method', 'GET')} {each['path']}" for each in expected], f"{self.name}: {told}"
        known: dict[str, str] = {}
        for one, wanted in zip(seen, expected, strict=True):
            self._request(one, wanted, known)

    def _request(self, one: Seen, wanted: dict[str, Any], known: dict[str, str]) -> None:
        for name, value in wanted.get("headers", {}).items():
            found = one["headers"].get(name)
            if isinstance(value, str) and value.startswith("$"):
                assert found, f"{self.name}: no {name}"
                others = {there for key, there in known.items() if key != value}
                assert found not in others, f"{self.name}: {name} again"
                assert known.setdefault(value, found) == found, f"{self.name}: another {name}"
            else:
                assert found == value, f"{self.name}: {name} is {found}"
        if "json" in wanted:
            assert json.loads(one["body"]) == wanted["json"], f"{self.name}: {one['body']}"
        if "text" in wanted:
            assert one["body"] == wanted["text"], f"{self.name}: {one['body']}"


def cases() -> list[Case]:
    """Every behaviour, each with a script of its own."""
    table: dict[str, Any] = yaml.load(TABLE.read_text(), Loader=_Loader)
    return [Case(name, told) for name, told in table.items()]


def _holds(expected: dict[str, Any], error: dict[str, Any], where: str) -> None:
    for name, value in expected.items():
        assert error.get(name) == value, f"{where}: {name} is {error.get(name)!r} of {error}"


def _answer(short: dict[str, Any], number: int) -> dict[str, Any]:
    """An answer as the server takes it. `record`, `page` and `problem` are short for envelopes."""
    answer = {"headers": {}} | short
    headers = {"X-Request-Id": f"req_{number}", "Version": "2026-09-01"}
    if "record" in answer:
        answer["json"] = {"data": answer["record"]}
    if "page" in answer:
        following = answer.get("next")
        answer["json"] = {"data": answer["page"], "meta": {"cursor": {"next": following, "has_more": bool(following)}}}
    if "problem" in answer:
        problem = {"status": 500, "code": "internal_error"} | answer["problem"]
        about = {"type": "https://api.example.com/problems/x", "title": "Wrong", "detail": "It is wrong."}
        answer |= {"status": problem["status"], "json": about | {"instance": "/", "trace_id": TRACE} | problem}
        headers["Content-Type"] = "application/problem+json"
    elif "json" in answer:
        headers["Content-Type"] = "application/json"
    answer["headers"] = headers | answer["headers"]
    return answer


def _call(told: dict[str, Any]) -> dict[str, Any]:
    """A call as a driver takes it: `signed: {age, secret}` becomes the headers of a delivery of `body`."""
    call = {"path": [], "with": {}} | {name: told[name] for name in told if name not in {"result", "error"}}
    if "signed" in call:
        signed = {"age": 0, "secret": SECRET, "id": "evt_1"} | call.pop("signed")
        moment = str(int(time.time()) - signed["age"])
        key = base64.b64decode(signed["secret"].removeprefix("whsec_"))
        text = f"{signed['id']}.{moment}.{call['with']['body']}".encode()
        mark = base64.b64encode(hmac.new(key, text, hashlib.sha256).digest()).decode()
        headers = {"webhook-id": signed["id"], "webhook-timestamp": moment, "webhook-signature": f"v1,{mark}"}
        if "beside" in signed:
            headers["webhook-signature"] = f"{signed['beside']} {headers['webhook-signature']}"
        call["with"] = call["with"] | {"headers": headers, "secret": SECRET}
    return call


def _nowhere() -> str:
    """An address where nobody listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{taken.getsockname()[1]}"
