"""What a library is called: by its brand, or as somebody asks."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

_FALLBACK: Final = "api-client"
_NO_NAME: Final = {"", "api"}
"""What says nothing, and what programs call a module of their own."""


def library_name(brand: str) -> str:
    """`Énergie & Co.` → `energie-co`: a name that package indexes of both languages take, not beginning with a digit."""
    plain = unicodedata.normalize("NFKD", brand).encode("ascii", "ignore").decode().lower()
    name = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")
    if name in _NO_NAME:
        return _FALLBACK
    return name if name[0].isalpha() else f"api-{name}"
