"""Rules between the fields of a request: pure functions of its public values."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from adapters.core.faults import FieldError


@dataclass(frozen=True, slots=True)
class Rule:
    """`holds(*values of needs)`, else `code` at the field `at`, or at one within it: `compensation/currency`.

    A create is checked always, with null for what it leaves out; a PATCH when it sends every field that is needed. Where
    it sends one of them the service checks, and its refusal of `at` has the same code. An actions' body is not asked.
    message: a sentence, or what makes one of the same values.
    """

    code: str
    at: str
    needs: tuple[str, ...]
    holds: Callable[..., bool]
    message: str | Callable[..., str]

    def broken(self, sent: Mapping[str, Any], *, partial: bool) -> bool:
        """Whether a request that sends these fields breaks it."""
        if partial and not all(name in sent for name in self.needs):
            return False
        return not self.holds(*(sent.get(name) for name in self.needs))

    def told(self, sent: Mapping[str, Any]) -> str:
        """What is said to a request that sends these fields and breaks it."""
        return self.message if isinstance(self.message, str) else self.message(*(sent.get(name) for name in self.needs))


def faults(rules: Sequence[Rule], sent: Mapping[str, Any], *, partial: bool) -> Iterator[FieldError]:
    """What is wrong with a request that sends these fields."""
    for rule in rules:
        if rule.broken(sent, partial=partial):
            yield FieldError(f"/{rule.at}", rule.code, rule.told(sent))


def not_before(at: str, start: str) -> Rule:
    """A date that is not before another one."""
    return Rule(
        "before_start",
        at,
        (start, at),
        lambda first, last: first is None or last is None or first <= last,
        f"This is before {start}.",
    )


def not_itself(at: str) -> Rule:
    """What points at a record of the same kind points at another one."""
    return Rule(
        "self_reference", at, ("id", at), lambda own, pointed: pointed is None or pointed != own, "This is itself."
    )


def within_days(at: str, start: str, most: int) -> Rule:
    """A span of dates, both inclusive, of so many days at most."""

    def holds(first: str | None, last: str | None) -> bool:
        return first is None or last is None or (date.fromisoformat(last) - date.fromisoformat(first)).days < most

    return Rule("span_too_long", at, (start, at), holds, f"From {start} on this is more than {most} days.")


def of_one_day(part: str, first: str, last: str) -> Rule:
    """A part of a day, or `full`: the former is of one day only."""
    return Rule(
        "single_day_only",
        part,
        (part, first, last),
        lambda said, start, end: said in (None, "full") or start == end,
        "Part of a day can only be had of one day.",
    )


def same_parent(at: str, by: str) -> tuple[Rule, Rule]:
    """What a paired id at `at` points at lies beneath the same record as this one: the one in `by`, or the one of its own id."""

    def beneath(public: str) -> str:
        return public.partition("_")[2].partition(".")[0]

    def is_there(above: str | None, pointed: str | None) -> bool:
        return above is None or pointed is None or beneath(above) == beneath(pointed)

    code, message = "parent_elsewhere", f"This does not lie beneath the same {by.removesuffix('_id')}."
    return Rule(code, at, (by, at), is_there, message), Rule(code, at, ("id", at), is_there, message)


def with_currency(within: str) -> Rule:
    """Where an object with an amount is sent, its currency is sent too."""
    return Rule(
        "currency_required",
        f"{within}/currency",
        (within,),
        lambda sent: not sent or sent.get("amount") is None or sent.get("currency") is not None,
        "An amount needs its currency.",
    )


def in_currency(amount: str) -> Rule:
    """An amount beside a currency that may be left out needs it."""
    return Rule(
        "currency_required",
        "currency",
        (amount, "currency"),
        lambda sent, currency: sent is None or currency is not None,
        f"A {amount} needs a currency.",
    )


def part_of(part: str, whole: str) -> Rule:
    """An amount that is in another one is no larger."""
    return Rule(
        f"exceeds_{whole}",
        part,
        (whole, part),
        lambda all_of_it, some: all_of_it is None or some is None or Decimal(some) <= Decimal(all_of_it),
        f"The {part.removesuffix('_amount')} is more than the {whole}.",
    )


def one_of(*names: str) -> Rule:
    """At least one of several fields is there; the first is blamed."""
    return Rule(
        "one_of_required",
        names[0],
        names,
        lambda *values: any(value is not None for value in values),
        f"One of {' and '.join(names)} is needed.",
    )
