"""A request before it is bytes, and what may be changed about it: of valid ones, so that they get far."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import Any
from urllib.parse import quote

from tests.attacks.fuzzing.headers import HEADERS, NAMES
from tests.attacks.fuzzing.targets import SEGMENTS, URLS
from tests.attacks.fuzzing.values import RAW, text, value

_MARK = "\u2603raw\u2603"
_MARKED = json.dumps(_MARK).encode()


@dataclass(slots=True)
class Asked:
    """document: of a body of JSON, from which `body` is made; signing: the body → a header that vouches for it."""

    name: str
    method: str
    path: str
    query: list[tuple[str, str]] = field(default_factory=list)
    headers: list[tuple[str, bytes]] = field(default_factory=list)
    body: bytes = b""
    document: Any = None
    raw: bytes | None = None  # instead of the value that is marked in the document
    signing: Callable[[bytes], tuple[str, bytes]] | None = None

    def head(self, length: int | None) -> bytes:
        """The request's head; without a length of its body where that is None."""
        query = "&".join(f"{name}={each}" for name, each in self.query)
        target = f"{self.path}?{query}" if query else self.path
        # Bytes that are none of a target are sent as they are.
        lines = [f"{self.method} {target} HTTP/1.1".encode("utf-8", "surrogatepass")]
        lines += [b"%b: %b" % (name.encode(), each) for name, each in self.headers]
        if length is not None:
            lines.append(b"Content-Length: %d" % length)
        return b"\r\n".join(lines) + b"\r\n\r\n"

    def content(self) -> bytes:
        """The body."""
        if self.document is None:
            return self.body
        # Lone surrogates are escaped, which is how a client sends them.
        made = json.dumps(self.document, ensure_ascii=True).encode()
        return made.replace(_MARKED, self.raw, 1) if self.raw is not None else made

    def bytes(self) -> bytes:
        """The whole request."""
        body = self.content()
        return self.head(len(body) if body or self.method in ("POST", "PATCH", "PUT") else None) + body


@dataclass(frozen=True, slots=True)
class Request:
    """name: of what it was made of; pieces: the bytes as they come; wild: whether it may be no request at all; api: whether
    it asks below `/v1`.
    """

    name: str
    method: str
    pieces: list[bytes]
    wild: bool
    api: bool


Change = Callable[[Asked, Random], None]


def places(node: Any, found: list[tuple[Any, Any]] | None = None) -> list[tuple[Any, Any]]:
    """Every place of a document: its container, and the name or number in that."""
    found = [] if found is None else found
    for key, inner in node.items() if isinstance(node, dict) else enumerate(node):
        found.append((node, key))
        if isinstance(inner, dict | list):
            places(inner, found)
    return found


def a_value(asked: Asked, random: Random) -> None:
    """Another value somewhere in the document."""
    at = _place(asked, random)
    if at is None:
        asked.document = value(random)
        return
    container, key = at
    chance = random.random()
    old = container[key]
    if chance < 0.6:
        container[key] = value(random)
    elif chance < 0.7:
        container[key] = [old]
    elif chance < 0.8 and isinstance(old, str) and old:
        container[key] = _bent(old, random)
    elif chance < 0.9:
        container[key] = random.choice(URLS)
    else:
        container[key] = [old] * random.choice((2, 26, 101, 1001))


def a_member(asked: Asked, random: Random) -> None:
    """A member more, one less, or one by another name."""
    at = _place(asked, random)
    if at is None:
        return
    container, key = at
    if not isinstance(container, dict):
        container.append(value(random))
        return
    chance = random.random()
    if chance < 0.35:
        container[text(random)] = value(random)
    elif chance < 0.65:
        del container[key]
    elif chance < 0.8:
        container[_bent(key, random)] = container.pop(key)
    elif isinstance(container.get(key), dict):
        container[key][random.choice(("id", "custom", "field", "all", "not", "limit"))] = value(random)
    else:
        container[random.choice(("id", "custom", "fields", "cursor", "limit", "filters", "include"))] = value(random)


def raw_json(asked: Asked, random: Random) -> None:
    """What no serializer writes, where a value stands."""
    at = _place(asked, random)
    if at is None:
        asked.body, asked.document = random.choice(RAW), None
        return
    at[0][at[1]] = _MARK
    asked.raw = random.choice(RAW)


def some_bytes(asked: Asked, random: Random) -> None:
    """The body as bytes, a few of them others."""
    body, asked.document = asked.content(), None
    asked.body = spoiled(body, random)


def spoiled(data: bytes, random: Random) -> bytes:
    """The bytes with some flipped, left out, repeated, or put in."""
    at, chance = random.randint(0, len(data)), random.random()
    if chance < 0.3 and data:
        at = min(at, len(data) - 1)
        return data[:at] + bytes([data[at] ^ (1 << random.randint(0, 7))]) + data[at + 1 :]
    if chance < 0.45:
        return data[:at]
    if chance < 0.6:
        end = random.randint(at, len(data))
        return data[:end] + data[at:end] * random.choice((1, 1, 20)) + data[end:]
    if chance < 0.7:
        return data[:at] + data[at + random.randint(1, 8) :]
    if chance < 0.75:
        coding = random.choice(("utf-16", "utf-32", "utf-8-sig", "latin-1"))
        return data.decode("latin-1").encode(coding, "replace")
    put = random.choice(
        (
            b"\x00",
            b"\xff",
            b"\r\n",
            b'"',
            b"}",
            b"{",
            b"[",
            b",",
            b"\xed\xa0\x80",
            b"\\",
            b"%",
            b"\xe2\x80",
            b"\xef\xbb\xbf",
        )
    )
    return data[:at] + put + data[at:]


def a_segment(asked: Asked, random: Random) -> None:
    """The path in other steps, or the same in another writing."""
    steps = asked.path.split("/")
    # Before the first slash there is nothing to change, unless there is none: the path of OPTIONS may be a star.
    at, chance = random.randrange(min(1, len(steps) - 1), len(steps)), random.random()
    if chance < 0.35:
        steps[at] = random.choice(SEGMENTS)
    elif chance < 0.5:
        steps.insert(at, random.choice(SEGMENTS))
    elif chance < 0.6:
        steps.append("")
    elif chance < 0.75 and steps[at]:
        letter = random.randrange(len(steps[at]))
        steps[at] = f"{steps[at][:letter]}%{ord(steps[at][letter]) & 0xFF:02x}{steps[at][letter + 1 :]}"
    elif chance < 0.9 and steps[at]:
        steps[at] = quote(_bent(steps[at], random).encode("utf-8", "surrogatepass"), safe="%")
    else:
        steps[at] = quote(text(random).encode("utf-8", "surrogatepass"), safe="")
    asked.path = "/".join(steps)[:4000] or "/"


def a_parameter(asked: Asked, random: Random) -> None:
    """The query with one parameter that is other, once more, or unknown."""
    hostile = quote(text(random).encode("utf-8", "surrogatepass"), safe="")[:3000]
    chance = random.random()
    if asked.query and chance < 0.5:
        at = random.randrange(len(asked.query))
        name, old = asked.query[at]
        asked.query[at] = (name, hostile) if random.random() < 0.7 else (name, quote(_bent(old, random), safe="%,"))
    elif asked.query and chance < 0.6:
        asked.query.append(random.choice(asked.query))
    elif chance < 0.9:
        names = ("limit", "cursor", "fields", "include", "from", "to", "interval", "access_token", "_method", "q")
        asked.query.append((random.choice(names), hostile))
    else:
        asked.query.append((hostile or "a", random.choice(("%", "%zz", "a=b", "", "+"))))


def a_header(asked: Asked, random: Random) -> None:
    """One header with another value, once more, or not at all."""
    name = random.choice(NAMES)
    if asked.headers and random.random() < 0.15:
        at = random.randrange(len(asked.headers))
        if random.random() < 0.7:
            del asked.headers[at]
        else:
            asked.headers.append(asked.headers[at])
        return
    sent = random.choice(HEADERS[name])
    if random.random() < 0.85:
        asked.headers = [each for each in asked.headers if each[0].lower() != name.lower()]
    asked.headers.append((name, sent))


def a_method(asked: Asked, random: Random) -> None:
    """Another method."""
    asked.method = random.choice(("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND"))


def _place(asked: Asked, random: Random) -> tuple[Any, Any] | None:
    if not isinstance(asked.document, dict | list):
        return None
    found = places(asked.document)
    return random.choice(found) if found else None


def _bent(old: str, random: Random) -> str:
    """The same text, not quite."""
    at, chance = random.randint(0, len(old)), random.random()
    if chance < 0.4 and old:
        at = min(at, len(old) - 1)
        return old[:at] + random.choice("aAzZ09_-. é") + old[at + 1 :]
    if chance < 0.6:
        return old[:at]
    if chance < 0.75:
        return old + random.choice(("0", "=", " ", "\n", "A", "\x00"))
    return random.choice((old.upper(), old[::-1], old * 2, f" {old}", old.replace("_", "-")))
