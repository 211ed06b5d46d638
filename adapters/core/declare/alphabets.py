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
    r"(?:\[(?P<of>[^\[\]\\^]+)\]|(?P<one>~|\\\.)|(?P<same>[0-9A-Za-z_\-]))(?:\{(?P<least>\d+)(?:,(?P<most>\d+))?\})?"
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
                _characters(atom["of"]) if atom["of"] else (atom["one"] or atom["same"])[-1],
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


_FEW = 3

Fits = Callable[[Sequence[str]], bool]


def all_of(alphabet: str) -> Fits:
    """Whether every one of several ids is of the alphabet: one look at many of them costs a fifth of a look at each."""
    parts = atoms(alphabet)
    alone = re.compile(alphabet, re.ASCII).fullmatch
    together = _simple(parts) or _any(alphabet)

    def fit(ids: Sequence[str]) -> bool:
        if len(ids) > _FEW:
            return together(ids)
        for each in ids:  # noqa: SIM110 - a generator costs as much as the looks
            if alone(each) is None:
                return False
        return True

    return fit


def _any(alphabet: str) -> Fits:
    lines = re.compile(rf"(?:{alphabet}\n)*", re.ASCII).fullmatch

    def fit(ids: Sequence[str]) -> bool:
        several = {*ids}
        text = "\n".join([*several, ""])
        return lines(text) is not None and text.count("\n") == len(several)

    return fit


def _simple(parts: tuple[Atom, ...]) -> Fits | None:
    """For a fixed start and then one class, which most alphabets are: without a regular expression."""
    *fixed, last = parts
    if any(len(atom.characters) > 1 or atom.most != atom.least for atom in fixed):
        return None
    start = "".join(atom.characters * atom.least for atom in fixed)
    # What is left of an id when the characters of the class are taken out of it.
    odd = "".join(each for each in start if each not in last.characters).encode("ascii")
    characters, marks = last.characters.encode("ascii"), f"\n{start}"
    lengths = range(len(start) + last.least, len(start) + last.most + 1)
    allowed = {*lengths}
    only = len(lengths) == 1 and lengths[0]

    def fit(ids: Sequence[str]) -> bool:
        text, more = "\n".join(ids), len(ids) - 1
        if only and not (len(text) == (only + 1) * more + only and text[only :: only + 1] == "\n" * more):
            return False
        if not only and not {*map(len, ids)} <= allowed:
            return False
        if start and not (text.startswith(start) and text.count(marks) == more):
            return False
        return text.isascii() and text.encode().translate(None, characters) == odd + (b"\n" + odd) * more

    return fit
