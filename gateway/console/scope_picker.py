"""The scope picker: every scope in words, with what the role of whoever picks does not allow."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from adapters.core.compile.catalogue import Catalogue
from gateway.auth.scopes import family_of
from gateway.oauth import consent


@dataclass(frozen=True, slots=True)
class Choice:
    """One check box."""

    scope: str
    text: str
    allowed: bool
    chosen: bool


@dataclass(frozen=True, slots=True)
class Family:
    """The check boxes over one family of resources. subject: the part of the suite that it belongs to."""

    title: str
    choices: tuple[Choice, ...]
    subject: str


def families(catalogue: Catalogue, may: frozenset[str], chosen: Collection[str] = ()) -> tuple[Family, ...]:
    """All there is to choose from; `may`: the single scopes that the role allows."""
    found = []
    by_subject = sorted(catalogue.scopes.families, key=lambda family: consent.place(catalogue, family))
    for family in by_subject:
        scopes = [scope for scope in catalogue.scopes.ordered if family_of(scope) == family]
        title = consent.asked(catalogue, scopes, may)[0].title
        choices = tuple(
            Choice(scope, line.text, line.allowed, scope in chosen or f"{family}.all" in chosen)
            for scope in scopes
            for group in consent.asked(catalogue, (scope,), may)
            for line in group.lines
        )
        found.append(Family(title, choices, consent.subject(catalogue, family)))
    return tuple(found)


def in_words(catalogue: Catalogue, scopes: Collection[str]) -> tuple[str, ...]:
    """The scopes as phrases, one for each family: `Contacts: see, add and change`."""
    groups = consent.asked(catalogue, scopes, frozenset())
    return tuple(line.text for group in groups for line in group.lines)
