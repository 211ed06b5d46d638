"""The kinds of value a public field can hold, a file each.

A kind is the metadata of an `Annotated` type, and says everything that follows from it (base.py): what a request may send
(its pydantic core schema, strict), what the service holds (a msgspec type), how a value crosses in each direction, its
cells, its JSON schemas, and which filter operators make sense for it (contract.md, "Search").
"""

from adapters.core.declare.kinds.base import Kind
from adapters.core.declare.kinds.choice import Choice
from adapters.core.declare.kinds.custom import Custom, CustomFields
from adapters.core.declare.kinds.day import Date, Day
from adapters.core.declare.kinds.flag import Boolean, Flag
from adapters.core.declare.kinds.instant import Bound, Instant, Moment
from adapters.core.declare.kinds.integer import Integer, Whole
from adapters.core.declare.kinds.money import Amount, Currency, CurrencyCode, Money
from adapters.core.declare.kinds.number import Number, Percent
from adapters.core.declare.kinds.reference import Reference
from adapters.core.declare.kinds.text import Email, Line, LongText, Name, Phone, Prose, Text, Url
from adapters.core.declare.kinds.text_list import Phones, TextList, Words

__all__ = [
    "Amount",
    "Boolean",
    "Bound",
    "Choice",
    "Currency",
    "CurrencyCode",
    "Custom",
    "CustomFields",
    "Date",
    "Day",
    "Email",
    "Flag",
    "Instant",
    "Integer",
    "Kind",
    "Line",
    "LongText",
    "Moment",
    "Money",
    "Name",
    "Number",
    "Percent",
    "Phone",
    "Phones",
    "Prose",
    "Reference",
    "Text",
    "TextList",
    "Url",
    "Whole",
    "Words",
]
