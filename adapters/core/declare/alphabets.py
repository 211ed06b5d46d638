"""Which internal ids there are, in a small part of regular expressions: characters and classes, each with how many.

`[0-9a-f]{24}`, `c[a-z0-9]{8,31}`, `[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}`. So small that an
id of it can be made, that a page full of ids is looked at in one go, and that none can need quoting in a path.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

UNRESERVED = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~"
"""What stands in a path as it is (RFC 3986 § 2.3)."""
MOST_LENGTH = 128
INTEGER = "integer"
"""Stands for an alphabet where services write ids as JSON numbers."""

_ATOM = re.compile(
    r"(?:\[(?P<of>[^\[\]\\^]+)\]|\\?(?P<one>[.~])|(?P<same>[0-9A-Za-z_\-]))(?:\{(?P<least>\d+)(?:,(?P<most>\d+))?\})?"
)


@dataclass(frozen=True, slots=True)
class Atom:
    """One of `characters`, `least` to `most` times."""

    characters: str
    least: int
    most: int


def atoms(alphabet: str) -> tuple[Atom, ...]:
    """The parts of an alphabet; ValueError with the reason when it is none."""
    found, at = [], 0
    while at < len(alphabet):
        atom = _ATOM.match(alphabet, at)
        if atom is None:
            raise ValueError(f"cannot be read from {alphabet[at:]!r} on")
        least = int(atom["least"] or 1)
        found.append(
            Atom(
                _characters(atom["of"]) if atom["of"] else atom["one"] or atom["same"],
                least,
                int(atom["most"] or least),
            )
        )
        at = atom.end()
    if not 1 <= sum(atom.least for atom in found) <= sum(atom.most for atom in found) <= MOST_LENGTH:
        raise ValueError(f"is not for 1 to {MOST_LENGTH} characters")
    if stray := {each for atom in found for each in atom.characters} - set(UNRESERVED):
        raise ValueError(f"has characters that a path must quote: {' '.join(sorted(stray))}")
    return tuple(found)


def _characters(text: str) -> str:
    """What a class stands for, in order: `0-9a-f` → `0123456789abcdef`."""
    found, at = "", 0
    while at < len(text):
        if text[at + 1 : at + 2] == "-" and at + 2 < len(text):
            if text[at] > text[at + 2]:
                raise ValueError(f"has a range that is none: {text[at : at + 3]}")
            found += "".join(map(chr, range(ord(text[at]), ord(text[at + 2]) + 1)))
            at += 3
        else:
            found += text[at]
            at += 1
    return found


def sample(alphabet: str, place: int = 0) -> str:
    """An id of the alphabet, of at most 24 characters where it may be so short. `place`: which of each class's characters."""
    parts = atoms(alphabet)
    spare, made = 24 - sum(atom.least for atom in parts), ""
    for atom in parts:
        count = min(atom.most, atom.least + max(spare, 0))
        spare -= count - atom.least
        made += atom.characters[place % len(atom.characters)] * count
    return made


_FEW = 6


def all_of(alphabet: str) -> Callable[[Sequence[str]], bool]:
    """Whether every one of several ids is of the alphabet: one look at many of them costs a fifth of a look at each."""
    parts = atoms(alphabet)
    alone = re.compile(alphabet, re.ASCII).fullmatch
    lines = re.compile(rf"(?:{alphabet}\n)*", re.ASCII).fullmatch
    characters, lengths = parts[0].characters.encode("ascii"), range(parts[0].least, parts[0].most + 1)

    def fit(ids: Sequence[str]) -> bool:
        if len(ids) <= _FEW:
            for each in ids:  # noqa: SIM110 - a generator costs as much as the looks
                if alone(each) is None:
                    return False
            return True
        if len(parts) == 1:
            text = "".join(ids)
            return (
                text.isascii()
                and not text.encode().translate(None, characters)
                and all(length in lengths for length in {*map(len, ids)})
            )
        several = {*ids}
        text = "\n".join([*several, ""])
        return lines(text) is not None and text.count("\n") == len(several)

    return fit
