"""The forms of text that fields take: each a pattern (Rust regex: linear time) and the sentence that refuses the rest."""

from __future__ import annotations

# Control characters never belong in a value: they forge log lines and headers further down.
LINE = r"^[^\x00-\x1f\x7f]*$"
PROSE = r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f]*$"
# Files of records separate the items of a list by `;`, and so do the services' own.
LABEL = r"^[^\x00-\x1f\x7f;]*$"
PHONE = r"^[0-9A-Za-z+().,/#*\- ]+$"
# 15 digits in all: what a service that keeps numbers as doubles gives back unchanged.
AMOUNT = r"^-?([0-9]{1,15}|[0-9]{1,13}\.[0-9]{1,2}|[0-9]{1,12}\.[0-9]{3}|[0-9]{1,11}\.[0-9]{4})$"
CURRENCY = "^[A-Z]{3}$"
CUSTOM_NAME = r"^[A-Za-z0-9_.\- ]{1,64}$"
# What `\s` stands for differs between Rust, ECMAScript and Python; the documents must mean what the validator means.
# U+2028 and U+2029 stand within a range: written out, some generators of code make line ends of them.
_BLANK = r"\x00-\x20\x7f-\xa0\u1680\u2000-\u200a\u2027-\u202f\u205f\u3000\ufeff"
EMAIL = rf'^[^{_BLANK}@<>()\[\],;:\\"]{{1,64}}@[^{_BLANK}@.]{{1,63}}(\.[^{_BLANK}@.]{{1,63}}){{1,8}}$'
URL = rf"^[Hh][Tt][Tt][Pp][Ss]?://[^{_BLANK}]+$"

TOLD = {
    LINE: "One line of text cannot hold line breaks or other control characters.",
    PROSE: "Text cannot hold control characters other than tabs and line breaks.",
    LABEL: "This cannot hold semicolons, line breaks or other control characters.",
    PHONE: "A phone number is written in digits, letters, blanks and + ( ) . , / # * -.",
    AMOUNT: "Not an amount such as 1234.50, of at most 15 digits.",
    CURRENCY: "Not an ISO 4217 currency code such as EUR.",
    CUSTOM_NAME: "A name has 1 to 64 letters without accents, digits, blanks and _ . -.",
    EMAIL: "Not an e-mail address such as ada@example.com.",
    URL: "Not an address such as https://example.com.",
}

EDGES = (
    *("", " ", "a", "é", "a\nb", "a\n", "a\r", "a\tb", "a\x00", "a\x7f", "a\x85", "a\u2028b", "\ufeff", "😀", "a;b"),
    *("a@b", "a@b.cc", "a@b.cc\n", "a b@c.dd", "a\x85@b.cc", "a\ufeff@b.cc", "a\xa0@b.cc", "a@b.c\u3000"),
    *(f"{'a' * 65}@b.cc", "http://x", "https://x.example", "https://x.example\n", "ftp://x.example", "https://x y"),
    *("https://x\x85", "https://", "+44 20 7946 0018", "+44\n", "١٢٣", "12"),
)
"""Texts at and around the edges of all of these, and what the regular expressions of several languages disagree on."""
