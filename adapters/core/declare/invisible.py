"""What a clipboard adds that nobody sees or would type: marks of direction, zero widths, other blanks and dashes.

Unicode calls the invisible ones format characters (general category Cf).
"""

from __future__ import annotations

from pydantic_core import PydanticCustomError

Ranges = tuple[tuple[int, int], ...]

_HIDDEN: Ranges = (
    *((0xAD, 0xAD), (0x600, 0x605), (0x61C, 0x61C), (0x6DD, 0x6DD), (0x70F, 0x70F), (0x890, 0x891), (0x8E2, 0x8E2)),
    *((0x180E, 0x180E), (0x200B, 0x200F), (0x202A, 0x202E), (0x2060, 0x206F), (0xFEFF, 0xFEFF), (0xFFF9, 0xFFFB)),
)
# Beyond the first plane, where no pattern is understood alike by all languages.
_HIDDEN_BEYOND: Ranges = (
    *((0x110BD, 0x110BD), (0x110CD, 0x110CD), (0x13430, 0x1343F), (0x1BCA0, 0x1BCA3), (0x1D173, 0x1D17A)),
    *((0xE0001, 0xE0001), (0xE0020, 0xE007F)),
)
_BLANKS: Ranges = (
    (0xA0, 0xA0),
    (0x1680, 0x1680),
    (0x2000, 0x200A),
    (0x202F, 0x202F),
    (0x205F, 0x205F),
    (0x3000, 0x3000),
)
_DASHES: Ranges = ((0x2010, 0x2015), (0x2212, 0x2212), (0xFE58, 0xFE58), (0xFE63, 0xFE63))
_WIDE: Ranges = ((0xFF01, 0xFF5E),)
# Letters, marks and symbols that are drawn as nothing.
_UNDRAWN: Ranges = (
    *((0x34F, 0x34F), (0x115F, 0x1160), (0x17B4, 0x17B5), (0x180B, 0x180F), (0x2800, 0x2800)),
    *((0x3164, 0x3164), (0xFE00, 0xFE0F), (0xFFA0, 0xFFA0)),
)


def _codes(ranges: Ranges) -> list[int]:
    return [code for first, last in ranges for code in range(first, last + 1)]


def _members(ranges: Ranges) -> str:
    """The ranges as members of a character class."""
    return "".join(f"\\u{first:04x}" if first == last else f"\\u{first:04x}-\\u{last:04x}" for first, last in ranges)


HIDDEN, BLANKS, DASHES, UNDRAWN = (_members(ranges) for ranges in (_HIDDEN, _BLANKS, _DASHES, _UNDRAWN))
_FORMAT = frozenset(_codes(_HIDDEN + _HIDDEN_BEYOND))
_PLAIN: dict[int, int | None] = {
    **{code: code - 0xFEE0 for code in _codes(_WIDE)},
    **dict.fromkeys(_codes(_BLANKS), ord(" ")),
    **dict.fromkeys(_codes(_DASHES), ord("-")),
    **dict.fromkeys(_FORMAT),
}


def plain(text: str) -> str:
    """Text without format characters, with plain blanks and dashes, and half as wide where it was full-width."""
    return text if text.isascii() else text.translate(_PLAIN)


def sought(text: str) -> str:
    """The same for a text to look for, of which something has to be left."""
    return plain(text) or text


def visible(text: str) -> str:
    """The text itself; refused if it has a format character."""
    if not text.isascii() and not _FORMAT.isdisjoint(map(ord, text)):
        raise PydanticCustomError("format_invalid", "This holds a character that nobody sees")
    return text
