"""The shape of a token, code or secret: ``<prefix>_<kind>_<30 base62><6 base62 of CRC-32>``; ``<prefix>_test_<kind>_…`` in test mode.

The checksum lets the gateway refuse a typo or a guess without asking any store, and lets secret
scanners tell a real token from a random string. It is not a secret and protects nothing else: what
makes a token unguessable are its 30 random characters (178 bits).
"""

import secrets
import string
from functools import lru_cache
from typing import Final, Literal
from zlib import crc32

Kind = Literal["personal", "app"]
Audience = Literal["api", "mcp"]
"""The one resource that a token is for (RFC 8707): `/v1`, or `/mcp`."""
Credential = Kind | Literal["code", "refresh", "secret", "registration"]
Mode = Literal["live", "test"]
"""What a token reaches: the services, or a sandbox."""

ALPHABET: Final = string.digits + string.ascii_uppercase + string.ascii_lowercase
RANDOM_LENGTH: Final = 30
CHECKSUM_LENGTH: Final = 6
ID_LENGTH: Final = 24

_PAIRS: Final = tuple(first + second for first in ALPHABET for second in ALPHABET)
_BASE: Final = len(_PAIRS)
_WORDS: Final[dict[Credential, str]] = {
    "personal": "pat",
    "app": "app",
    "code": "oac",
    "refresh": "ort",
    "secret": "cs",
    "registration": "rat",
}
_TESTING: Final[dict[Mode, str]] = {"live": "", "test": "test_"}
# What opens the API. A code or a refresh token sent in its place fails here, before anything is looked up.
_KINDS: Final = frozenset(mode + _WORDS[kind].encode() for mode in (b"", b"test_") for kind in ("personal", "app"))
_TAIL: Final = 1 + RANDOM_LENGTH + CHECKSUM_LENGTH  # the underscore counts
_SHOWN: Final = 4
_MOMENT_LENGTH: Final = 8  # milliseconds of seven thousand years


def mint(prefix: str, kind: Credential, mode: Mode = "live") -> str:
    """A new credential of ``kind`` from the system's random source; the caller shows it once and keeps only its hash."""
    head = f"{prefix}_{_TESTING[mode]}{_WORDS[kind]}_{random_text(RANDOM_LENGTH)}"
    return head + _checksum(head.encode())


def well_formed(token: bytes, prefix: str) -> bool:
    """Whether ``token`` (as sent by a client: any bytes, any length) could be an access token minted with ``prefix``.

    Costs one CRC-32 over at most a few dozen bytes; a wrong length is refused before anything is computed.
    """
    start = len(prefix) + 1
    end = len(token) - _TAIL
    return (
        0 < end - start <= 8
        and token[start:end] in _KINDS
        and token.startswith(prefix.encode())
        and token[start - 1] == token[end] == 0x5F
        and token[end + 1 :].isalnum()
        and _checksum(token[:-CHECKSUM_LENGTH]).encode() == token[-CHECKSUM_LENGTH:]
    )


def for_testing(token: bytes, prefix: str) -> bool:
    """Whether a token that is well formed says of itself that it opens a sandbox."""
    return token.startswith(f"{prefix}_{_TESTING['test']}".encode())


def display_prefix(token: str) -> str:
    """The part of a minted token that listings may show: ``gw_pat_1aB2``, ``gw_test_pat_1aB2``."""
    return token[: len(token) - RANDOM_LENGTH - CHECKSUM_LENGTH + _SHOWN]


def random_text(length: int) -> str:
    """``length`` base62 characters from the system's random source."""
    return "".join(secrets.choice(ALPHABET) for _ in range(length))


def new_id() -> str:
    """The internal id of a new token: 24 base62 characters, no prefix."""
    return random_text(ID_LENGTH)


def derived_id(digest: bytes) -> str:
    """As `new_id`, for what has to have the same id wherever it is met: of a hash of at least 17 bytes."""
    return _digits(int.from_bytes(digest[:17], "big"), ID_LENGTH)


def new_timed_id(milliseconds: int) -> str:
    """As `new_id`, for what there is much of: begins with its moment (since 1970), so that the order of ids is that of time."""
    # One look at the random source instead of one for each character: 95 bits, of 96.
    chance = int.from_bytes(secrets.token_bytes(12), "big")
    return _moment(milliseconds) + _digits(chance, ID_LENGTH - _MOMENT_LENGTH)


@lru_cache(maxsize=64)
def _moment(milliseconds: int) -> str:
    return _digits(milliseconds, _MOMENT_LENGTH)


def _checksum(head: bytes) -> str:
    return _digits(crc32(head), CHECKSUM_LENGTH)


def _digits(value: int, length: int) -> str:
    """An even number of them, two at a time."""
    pairs = []
    for _ in range(length // 2):
        value, pair = divmod(value, _BASE)
        pairs.append(_PAIRS[pair])
    pairs.reverse()
    return "".join(pairs)
