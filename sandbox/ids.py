"""The alphabets of ids: how a new key is made, and what a key looks like in a path."""

import re
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from uuid import UUID

Key = str | int
Next = Callable[[], int]
BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
BASE36 = BASE62[:10] + BASE62[36:]
_NUMBER = re.compile("[1-9][0-9]{0,17}")


@dataclass(frozen=True, slots=True)
class Alphabet:
    """make: a new key from a source of chance and the entity's own sequence · number: keys are JSON numbers."""

    make: Callable[[Random, Next], Key]
    number: bool = False

    def read(self, text: str) -> Key | None:
        """The key that a path or a query spells; None when no key of this alphabet looks so."""
        if not self.number:
            return text
        return int(text) if _NUMBER.fullmatch(text) else None


def _texts(start: str, letters: str, length: int) -> Alphabet:
    return Alphabet(lambda random, _: start + "".join(random.choices(letters, k=length)))


def _hex24(_random: Random, _next: Next) -> str:
    """24 hex digits that begin with the second they were made in."""
    return f"{int(time.time()):08x}{secrets.token_hex(8)}"


HEX24 = Alphabet(_hex24)
CUID = _texts("clx", BASE36, 22)
NANOID = _texts("", BASE62 + "_-", 21)
UUID4 = Alphabet(lambda random, _: str(UUID(int=random.getrandbits(128), version=4)))
NUMBER = Alphabet(lambda _, following: following(), number=True)
INVOICE = _texts("inv_", BASE62, 16)
LINE = _texts("itm_", BASE62, 14)
RECEIPT = _texts("rcpt_", BASE62, 16)
ACCOUNT = _texts("coa_", BASE62[:10] + "abcdef", 8)
ENTRY = Alphabet(lambda _, following: f"je_{following()}")
CLAIM = Alphabet(lambda _, following: f"EXP-{following():06d}")
