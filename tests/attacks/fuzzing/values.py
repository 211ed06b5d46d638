"""What is put in the place of what is expected."""

from __future__ import annotations

from copy import deepcopy
from random import Random
from typing import Any

TEXTS = [
    "",
    " ",
    "\x00",
    "a\x00b",
    "\n",
    "a\r\nSet-Cookie: canary=1",
    "\x1b[31m",
    "\x7f",
    "\x85\u2028\u2029",
    "\ud800",
    "\udc00\ud800",
    "\ufeff",
    "\ufffe",
    "\u202e",
    "a\u0301" * 40,
    "😀" * 30,
    "é",
    "ﬁ",
    "İ",
    "٣",
    "..",
    "../../etc/passwd",
    "%00",
    "%2e%2e%2f",
    "null",
    "true",
    "NaN",
    "-0",
    "1e999",
    "0x10",
    "1_000",
    "+1",
    "9" * 40,
    "0." + "9" * 40,
    "1.005",
    "-0.00",
    "2026-02-30",
    "2026-13-01",
    "0000-00-00",
    "9999-12-31",
    "10000-01-01",
    "2026-06-17T14:30:00",
    "2026-06-17T14:30:00Z",
    "2026-06-17T24:00:00Z",
    "2026-06-17T14:30:60Z",
    "2026-06-17T14:30:00+25:00",
    "2026-06-17T14:30:00.1234567890Z",
    "0001-01-01T00:00:00+23:59",
    "a@b",
    "@",
    "a@" + "b" * 260 + ".com",
    '"a b"@example.com',
    "a@[127.0.0.1]",
    "INR",
    "ZZZ",
    "inr",
    "JPY",
    "<script>alert(1)</script>",
    "'; DROP TABLE contacts; --",
    "${jndi:ldap://x}",
    "{{7*7}}",
    "%s%n",
    "*",
    ",",
    "a" * 300,
    "a" * 5000,
    "con_" + "0" * 24,
    "con_",
    "con_" + "g" * 24,
    "con_" + "0" * 25,
    "CON_" + "0" * 24,
    "usr_" + "0" * 24,
    "con_" + "٣" * 24,
    "_",
]

NUMBERS: list[Any] = [
    0,
    -1,
    1,
    2**31,
    2**53,
    2**53 + 1,
    2**63,
    -(2**63) - 1,
    10**25,
    0.1,
    -0.0,
    1.5,
    1e16,
    1e300,
    5e-324,
    100,
    101,
]

VALUES: list[Any] = [
    None,
    True,
    False,
    [],
    {},
    [None],
    [[]],
    [{}],
    {"": ""},
    {"a": {"a": {"a": {}}}},
    {"$ref": "#"},
    {"__proto__": {"a": 1}},
    list(range(150)),
    ["a", "a"],
    {"field": "id", "operator": "eq", "value": None},
]

# Of JSON that stands where a value does: what no serializer writes.
RAW = [
    b"NaN",
    b"Infinity",
    b"-Infinity",
    b"1e999",
    b"-",
    b"01",
    b"+1",
    b".5",
    b"5.",
    b"1E+0",
    b"1.0",
    b"1" * 400,
    b"0." + b"3" * 400,
    b"'a'",
    b'"\\ud800"',
    b'"\\ud83d\\ude00"',
    b'"\\x41"',
    b'"\\u12"',
    b'"\t"',
    b'"\xff"',
    b'"\xc0\xaf"',
    b'"\xed\xa0\x80"',
    b'"\\u0000"',
    b"undefined",
    b"//x\n1",
    b"[1,]",
    b'{"a":1,}',
    b'{"a":1,"a":2}',
    b'{"a":1,"\\u0061":2}',
    b"[" * 60 + b"]" * 60,
    b'{"a":' * 30 + b"1" + b"}" * 30,
    # Deeper than can be written again, and deeper than can be read.
    b"[" * 300 + b"]" * 300,
    b'{"a":' * 900 + b"1" + b"}" * 900,
    b"[" * 1500 + b"]" * 1500,
    b"",
]


def text(random: Random) -> str:
    """Any hostile text."""
    if random.random() < 0.85:
        return random.choice(TEXTS)
    # Of every plane, ends and surrogates among them.
    places = (0x7F, 0x7FF, 0xFFFF, 0x10FFFF)
    return "".join(chr(random.randint(0, random.choice(places))) for _ in range(random.randint(1, 12)))


def value(random: Random) -> Any:
    """Any value of JSON."""
    chance = random.random()
    if chance < 0.5:
        return text(random)
    # What comes of it is changed further.
    return random.choice(NUMBERS) if chance < 0.7 else deepcopy(random.choice(VALUES))
