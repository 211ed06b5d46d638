"""JSON as it is read from clients, and as it is written to services.

RFC 8259 leaves duplicate names, lone surrogates and huge numbers to the reader; each of them means something else to
some service down the line, so none is let through.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from typing import Any, Never

import msgspec

from adapters.core.faults import Malformed

MOST_NESTING = 32
MOST_MEMBERS = 1000  # each that is unknown costs an error to describe, and a body has room for 100,000

encode: Callable[[Any], bytes] = msgspec.json.Encoder(decimal_format="number").encode


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    sent = len(pairs)
    if sent > MOST_MEMBERS:
        raise Malformed(f"The body has an object with more than {MOST_MEMBERS} names.")
    members = dict(pairs)
    if len(members) != sent:
        raise Malformed("The body has an object with the same name twice.")
    return members


def _integer(digits: str) -> int:
    if len(digits) > 19:
        raise Malformed(
            "The body has a whole number with more than 19 digits, or 18 behind a minus, which few programs keep as it is. "
            "Send it as text."
        )
    return int(digits)


def _real(text: str) -> float:
    number = float(text)
    if len(text) > 64 or not math.isfinite(number):
        raise Malformed("The body has a number out of range.")
    # JSON does not tell 25.0 from 25, and neither does a JSON schema.
    return int(number) if number.is_integer() and abs(number) < 2**53 else number


def _constant(name: str) -> Never:
    raise Malformed(f"The body has {name}, which is not JSON.")


_decoder = json.JSONDecoder(
    object_pairs_hook=_pairs, parse_int=_integer, parse_float=_real, parse_constant=_constant, strict=True
)
_BLANKS = " \t\n\r"
_MARK = "\ufeff"


def _parsed(text: str) -> Any:
    """`_decoder.decode(text)`, which looks for blanks by regular expression, twice, where mostly there are none."""
    start = 0 if text.startswith("{") else len(text) - len(text.lstrip(_BLANKS))
    document, end = _decoder.raw_decode(text, start)
    if end != len(text) and (rest := text[end:].lstrip(_BLANKS)):
        raise json.JSONDecodeError("Extra data", text, len(text) - len(rest))
    return document


def read_json(raw: bytes) -> Any:
    """Bytes → document; Malformed for everything that two JSON readers might understand differently."""
    try:
        document = _parsed(raw.decode("utf-8"))
        if b"\\u" in raw:
            json.dumps(document, ensure_ascii=False).encode("utf-8")
    except UnicodeDecodeError:
        raise Malformed("The body is not UTF-8.") from None
    except UnicodeEncodeError:
        raise Malformed("The body has an unpaired surrogate.") from None
    except RecursionError:
        raise Malformed(f"The body nests deeper than {MOST_NESTING} levels.") from None
    except json.JSONDecodeError as error:
        if not error.doc.strip(_BLANKS):
            raise Malformed("The body is empty, where a JSON document is asked for.") from None
        if error.doc.startswith(_MARK):
            raise Malformed(
                "The body begins with a byte order mark, U+FEFF. Send it without (RFC 8259 § 8.1)."
            ) from None
        # Some of the decoder's sentences end in "at", and it counts letters.
        place = len(error.doc[: error.pos].encode("utf-8"))
        raise Malformed(f"The body is not JSON: {error.msg.removesuffix(' at')} at byte {place}.") from None
    if len(raw) > MOST_NESTING and raw.count(b"{") + raw.count(b"[") > MOST_NESTING and _depth(document) > MOST_NESTING:
        raise Malformed(f"The body nests deeper than {MOST_NESTING} levels.")
    return document


def _depth(document: Any) -> int:
    depth, level = 0, [document]
    while level := [part for part in level if isinstance(part, dict | list)]:
        depth += 1
        level = [part for whole in level for part in (whole.values() if isinstance(whole, dict) else whole)]
    return depth
