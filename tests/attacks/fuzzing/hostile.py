"""The hostile requests: one for each number of a seed, always the same one, and what came of it."""

from __future__ import annotations

import json
import string
from collections import Counter
from collections.abc import Callable
from copy import deepcopy
from random import Random
from typing import Any

from tests.attacks.fuzzing import asked as changes
from tests.attacks.fuzzing.asked import Asked, Change, Request, spoiled
from tests.attacks.fuzzing.doors import Doors
from tests.attacks.fuzzing.events import SIGNED, UNSIGNED, Events
from tests.attacks.fuzzing.seeds import Seeds
from tests.attacks.fuzzing.targets import URLS
from tests.attacks.fuzzing.values import text, value
from tests.conformance.declared import shape
from tests.live import NEWEST

_BY_BODY: list[Change] = [changes.a_value, changes.a_value, changes.a_member, changes.raw_json, changes.some_bytes]
_BY_HEAD: list[Change] = [changes.a_segment, changes.a_parameter, changes.a_header, changes.a_header]
_LARGE = 2000  # one in so many has a body of up to a megabyte


class Hostile:
    """Made of valid requests of every operation and door. events: of the ingest port, where that is asked, too; wild: how many
    of them may be no request at all.
    """

    def __init__(self, seed: int, seeds: Seeds, doors: Doors, events: Events | None = None, wild: float = 0.12) -> None:
        self._seed = seed
        self._share = wild
        self._seeds = seeds
        self._doors = doors
        names: dict[str, list[Asked]] = {}
        for each in seeds.requests:
            names.setdefault(each.name, []).append(each)
        self._operations = list(names.values())
        self._searches = [each for each in seeds.requests if each.path.endswith("/search")]
        self._creates = [each for each in seeds.requests if each.path == "/v1/webhook_subscriptions" and each.document]
        self._imports = [each for each in seeds.requests if each.path.endswith("/import")]
        self._fields = _filterable()
        self._doing: list[tuple[float, Callable[[Random], Asked]]] = [
            (0.58, self._operation),
            (0.67, self._filtering),
            (0.72, self._paging),
            (0.75, self._importing),
            (0.77, self._subscribing),
            (0.85, doors.agent),
            (0.89, doors.app),
            (0.92, doors.page),
            (0.95, doors.form),
            (1.0, events.post if events is not None else doors.agent),
        ]

    def request(self, number: int) -> Request:
        """The request of that number."""
        random = Random(self._seed * 2**32 + number)
        chance = random.random()
        asked = next(make for below, make in self._doing if chance < below)(random)
        for _ in range(random.choice((0, 1, 1, 1, 1, 2, 2, 3))):
            body = asked.document is not None or asked.body
            kinds = _BY_BODY if body and random.random() < 0.6 else _BY_HEAD
            if random.random() < 0.02:
                kinds = [changes.a_method]
            random.choice(kinds)(asked, random)
        if random.randrange(_LARGE if asked.name not in (UNSIGNED, SIGNED) else _LARGE // 50) == 0:
            _swell(asked, random)
        if asked.signing is not None:
            asked.headers.append(asked.signing(asked.content()))
        api = asked.path.startswith(("/v1/", "/v1?")) or asked.path == "/v1"
        if random.random() < self._share:
            return Request(asked.name, asked.method, _wild(asked, random), wild=True, api=False)
        return Request(asked.name, asked.method, [asked.bytes()], wild=not _framed(asked), api=api)

    def _operation(self, random: Random) -> Asked:
        asked = Seeds.copied(random.choice(random.choice(self._operations)))
        if asked.method != "GET" and random.random() < 0.3:
            key = "".join(random.choices(string.ascii_letters, k=random.choice((1, 8, 40))))
            asked.headers = [each for each in asked.headers if each[0] != "Idempotency-Key"]
            asked.headers.append(("Idempotency-Key", key.encode()))
        if random.random() < 0.1:
            asked.headers = [self._seeds.test if name == "Authorization" else (name, it) for name, it in asked.headers]
        return asked

    def _filtering(self, random: Random) -> Asked:
        """A search by conditions of its own resource, in groups; of which some are none."""
        asked = Seeds.copied(random.choice(self._searches))
        fields = self._fields.get(asked.path.split("/")[2], [("id", "eq", "x")])
        asked.document = {"filters": [_condition(fields, random, 0) for _ in range(random.choice((1, 1, 2, 5)))]}
        if random.random() < 0.3:
            asked.document["order_by"] = random.choice(fields)[0]
        if random.random() < 0.3:
            asked.document |= {"search_text": text(random), "limit": random.choice((1, 25, 100))}
        if random.random() < 0.2:
            asked.document["fields"] = [random.choice(fields)[0], text(random)]
        return asked

    def _paging(self, random: Random) -> Asked:
        """A page further, by a cursor that is not quite the one that was given."""
        asked = Seeds.copied(random.choice(self._seeds.cursors))
        if asked.method == "GET":
            at = next(at for at, (name, _) in enumerate(asked.query) if name == "cursor")
            asked.query[at] = "cursor", _cursor(asked.query[at][1], random)
        else:
            asked.document["cursor"] = _cursor(asked.document["cursor"], random)
        return asked

    def _importing(self, random: Random) -> Asked:
        """A file of rows, with cells that are none."""
        asked = Seeds.copied(random.choice(self._imports))
        at = asked.body.find(b"\r\nAda")
        if at >= 0:
            rows = b"".join(_row(random) for _ in range(random.choice((1, 1, 3, 40))))
            asked.body = asked.body[: at + 2] + rows + asked.body[at + 2 :]
        if random.random() < 0.3:
            asked.query = [("dry_run", "true")]
        return asked

    def _subscribing(self, random: Random) -> Asked:
        """A subscription to an address that must not be called."""
        asked = Seeds.copied(random.choice(self._creates))
        asked.document["url"] = random.choice(URLS)
        return asked


def _condition(fields: list[tuple[str, str, Any]], random: Random, depth: int) -> Any:
    if depth < 6 and random.random() < 0.25:
        inner = [_condition(fields, random, depth + 1) for _ in range(random.choice((0, 1, 2)))]
        name = random.choice(("all", "any", "not"))
        return {name: inner if name != "not" else (inner or [{}])[0]}
    name, operator, example = random.choice(fields)
    node: dict[str, Any] = {"field": name, "operator": operator}
    hostile = random.random() < 0.4
    given = value(random) if hostile else deepcopy(example)
    if operator in ("in", "not_in", "between", "any_of", "all_of", "none_of"):
        node["values"] = [given] * random.choice((1, 2, 2, 3))
    elif not operator.startswith("is_"):
        node["value"] = given
    if random.random() < 0.1:
        node[random.choice(("value", "values", "any", text(random)))] = value(random)
    return node


def _filterable() -> dict[str, list[tuple[str, str, Any]]]:
    """By path of a resource, its fields with each of their operators, and a value for it."""
    from adapters import RESOURCES

    found = {}
    for resource in RESOURCES:
        fields = shape(resource, NEWEST).fields
        found[resource.path] = [(each.name, operator, each.example) for each in fields for operator in each.operators]
    return {path: fields for path, fields in found.items() if fields}


def _cursor(cursor: str, random: Random) -> str:
    at, chance = random.randrange(len(cursor)), random.random()
    if chance < 0.25:
        return cursor
    if chance < 0.6:
        return cursor[:at] + random.choice("Aa0_-%") + cursor[at + 1 :]
    if chance < 0.8:
        return cursor[:at]
    return random.choice((cursor * 2, cursor[::-1], cursor + "=", "A" * 200, "e30", cursor.lower(), "%00"))


def _row(random: Random) -> bytes:
    cells = [text(random).encode("utf-8", "surrogatepass") for _ in range(random.choice((0, 1, 2, 9, 12)))]
    if random.random() < 0.5:
        cells = [b'"%b"' % each.replace(b'"', b'""') for each in cells]
    elif random.random() < 0.3:
        cells = [b'"' + each for each in cells]
    return b",".join(cells) + random.choice((b"\r\n", b"\n", b"\r", b""))


def _swell(asked: Asked, random: Random) -> None:
    size = random.choice((70_000, 300_000, 1_100_000))
    if asked.document is not None:
        asked.body, asked.document = asked.content(), None
    asked.body = random.choice((b" " * size + asked.body, asked.body + b"\n" * size, asked.body + b"[" * size))


def _framed(asked: Asked) -> bool:
    """Whether nothing about it says otherwise where it ends, or that it is one request."""
    names = {name.lower() for name, _ in asked.headers}
    odd = {"expect", "connection", "upgrade", "content-length", "transfer-encoding"}
    return not names & odd and asked.method in ("GET", "POST", "PATCH", "PUT", "DELETE")


def _wild(asked: Asked, random: Random) -> list[bytes]:
    """Bytes that begin like the request, in pieces."""
    body, chance = asked.content(), random.random()
    if chance < 0.25:
        half = len(body) // 2
        chunks = b"".join(b"%x\r\n%b\r\n" % (len(each), each) for each in (body[:half], body[half:]) if each)
        asked.headers.append(("Transfer-Encoding", b"chunked"))
        data = asked.head(None) + chunks + b"0\r\n\r\n"
        if random.random() < 0.5:
            data = spoiled(data, random)
    elif chance < 0.4:
        data = asked.head(max(0, len(body) + random.choice((-1, 1, 100, 10**9)))) + body
    elif chance < 0.5:
        data = asked.bytes() * random.choice((2, 5))
    else:
        data = asked.bytes()
        for _ in range(random.choice((1, 1, 2, 4))):
            # Of the head, as a rule: what a body may be is tried otherwise.
            end = data.find(b"\r\n\r\n") + 4
            data = spoiled(data[:end], random) + data[end:]
    if random.random() < 0.6:
        return [data]
    at = sorted(random.randint(0, len(data)) for _ in range(2))
    return [data[: at[0]], data[at[0] : at[1]], data[at[1] :]]


def counted(statuses: Counter[int]) -> str:
    """The statuses in a line."""
    return json.dumps({str(status): count for status, count in sorted(statuses.items())})
