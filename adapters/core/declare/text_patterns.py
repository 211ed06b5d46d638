"""The forms of text that fields take: each a pattern (Rust regex: linear time) and the sentence that refuses the rest."""

from __future__ import annotations

from adapters.core.declare.invisible import BLANKS, DASHES, HIDDEN, UNDRAWN

# Control characters never belong in a value: they forge log lines and headers further down.
LINE = r"^[^\x00-\x1f\x7f]*$"
PROSE = r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f]*$"
# Files of records separate the items of a list by `;`, and so do the services' own.
LABEL = r"^[^\x00-\x1f\x7f;]*$"
_PHONE = rf"0-9A-Za-z+().,/#*\- {BLANKS}{DASHES}\uff08-\uff0f\uff03\uff10-\uff19\uff21-\uff3a\uff41-\uff5a"
# What is hidden is dropped, so three characters that can be seen are asked for.
PHONE = rf"^([{HIDDEN}]*[{_PHONE}]){{3,}}[{HIDDEN}]*$"
# 15 digits in all: what a service that keeps numbers as doubles gives back unchanged.
AMOUNT = r"^-?([0-9]{1,15}|[0-9]{1,13}\.[0-9]{1,2}|[0-9]{1,12}\.[0-9]{3}|[0-9]{1,11}\.[0-9]{4})$"
DECIMAL = r"^-?[0-9]+(\.[0-9]+)?$"
CURRENCY = "^[A-Z]{3}$"
MONTH = "^[0-9]{4}-(0[1-9]|1[0-2])$"
SPAN = "^[0-9]{1,6}[smhd]$"
ISO_DURATION = "^P([0-9]{1,10}[YMWD]){0,4}(T([0-9]{1,10}[HMS]){1,3})?$"
ROUTE = "^/v1/[^?#]+$"
# What `\s` stands for differs between Rust, ECMAScript and Python; the documents must mean what the validator means.
# U+2028 and U+2029 stand within a range: written out, some generators of code make line ends of them.
_BLANK = r"\x00-\x20\x7f-\xa0\u1680\u2000-\u200a\u2027-\u202f\u205f\u3000\ufeff"
# Letters of any script, and what joins them in some; of the signs that ASCII has only three.
CUSTOM_NAME = rf"^[^!-,/:-@\[-^`{{-\x9f\x00-\x1f{BLANKS}\xad\u200b\u200e\u200f\u2027-\u202e\u2060-\u206f\ufeff\ufff9-\uffff]{{1,64}}$"
_UNSEEN = rf"{_BLANK}{HIDDEN}"
EMAIL = rf'^[^{_UNSEEN}@<>()\[\],;:\\"]{{1,64}}@[^{_UNSEEN}@.]{{1,63}}(\.[^{_UNSEEN}@.]{{1,63}}){{1,8}}$'
NAME = rf"^[^\x00-\x1f\x7f]*[^{_UNSEEN}{UNDRAWN}][^\x00-\x1f\x7f]*$"
HTTPS = rf"^[Hh][Tt][Tt][Pp][Ss]://[^{_BLANK}]+$"
URL = rf"^[Hh][Tt][Tt][Pp][Ss]?://[^{_BLANK}]+$"

TOLD = {
    LINE: "One line of text cannot hold line breaks or other control characters.",
    PROSE: "Text cannot hold control characters other than tabs and line breaks.",
    NAME: "This needs a character that can be seen, and no line breaks or other control characters.",
    LABEL: "This cannot hold semicolons, line breaks or other control characters.",
    PHONE: "A phone number is written in digits, letters, blanks and + ( ) . , / # * -.",
    AMOUNT: "Not an amount such as 1234.50, of at most 15 digits.",
    DECIMAL: "Not a decimal number such as 2.5, written as text.",
    CURRENCY: "Not an ISO 4217 currency code such as EUR.",
    MONTH: "Not a month such as 2026-06.",
    SPAN: "Not a span of time such as 24h: a number and one of s, m, h, d.",
    ISO_DURATION: "Not a duration by ISO 8601 such as P30D or PT90M.",
    ROUTE: "Not a path of this API: it begins with /v1/, and has no query.",
    CUSTOM_NAME: "A name has 1 to 64 characters: letters, digits, blanks and _ . -.",
    EMAIL: "Not an e-mail address such as ada@example.com, without blanks and characters that nobody sees.",
    HTTPS: "Not an address such as https://example.com, which begins with https.",
    URL: "Not an address such as https://example.com.",
}

EDGES = (
    *("", " ", "a", "é", "a\nb", "a\n", "a\r", "a\tb", "a\x00", "a\x7f", "a\x85", "a\u2028b", "\ufeff", "😀", "a;b"),
    *("a@b", "a@b.cc", "a@b.cc\n", "a b@c.dd", "a\x85@b.cc", "a\ufeff@b.cc", "a\xa0@b.cc", "a@b.c\u3000"),
    *(f"{'a' * 65}@b.cc", "http://x", "https://x.example", "https://x.example\n", "ftp://x.example", "https://x y"),
    *("https://x\x85", "https://", "+44 20 7946 0018", "+44\n", "١٢٣", "12", "HTTPS://X.example", "hTTp://x"),
    *(
        "\u202a+1 555\u2011010\u202c",
        "+49\u00a030",
        "\u200b12",
        "\u200b123",
        "\uff0b\uff11\uff12",
        "\u200b",
        "\u3164",
        "\u2800",
    ),
    *("a\u200b@b.cc", "a@b\u00ad.cc", "\u202aa@b.cc\u202c", "用户@例子.cc", "https://x\u202e"),
)
"""Texts at and around the edges of all of these, and what the regular expressions of several languages disagree on."""
