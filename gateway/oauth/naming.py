"""Names of apps, which people read when they decide whom to trust: they must be there to be read, and be the app's own."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from typing import Final

_LONGEST: Final = 100
# Letters by their category, and blank to the eye: the Hangul fillers (U+115F, U+1160, U+3164, U+FFA0).
_BLANK: Final = frozenset("\u115f\u1160\u3164\uffa0")


def is_readable(name: str) -> bool:
    """Whether it is 1 to 100 printable characters, of which one at least is a visible letter or digit."""
    visible = any(unicodedata.category(each)[0] in "LN" and each not in _BLANK for each in name)
    return visible and len(name) <= _LONGEST and name.isprintable()


def is_one_of(name: str, brands: Iterable[str]) -> bool:
    """Whether it reads as a brand's: the same after compatibility folding and case folding, blanks and marks aside."""
    return _folded(name) in {_folded(brand) for brand in brands}


def _folded(name: str) -> str:
    text = unicodedata.normalize("NFKC", name).casefold()
    return "".join(each for each in text if unicodedata.category(each)[0] in "LN" and each not in _BLANK)
