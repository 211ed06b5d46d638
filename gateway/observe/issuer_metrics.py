"""What is counted of other authorization servers. `issuer` is a name of the configuration, or `unknown`."""

from functools import cache
from typing import Final

from gateway.observe.metrics import counter

UNKNOWN: Final = "unknown"

_reads = counter("issuer_keys_read_total", "Readings of the keys of an issuer.", "issuer", "result")
_accepted = counter("issuer_tokens_accepted_total", "Tokens of an issuer that were checked and found good.", "issuer")
_refused = counter("issuer_tokens_refused_total", "Tokens of issuers that were refused.", "issuer", "reason")

_read = cache(_reads.labels)
_good = cache(_accepted.labels)
_bad = cache(_refused.labels)


def keys_read(issuer: str, result: str) -> None:
    """Count a reading of keys: "read" or "failed"."""
    _read(issuer, result).inc()


def accepted(issuer: str) -> None:
    """Count a token that was checked; what is known of it afterwards is not checked again."""
    _good(issuer).inc()


def refused(issuer: str, reason: str) -> None:
    """Count a refusal by its reason."""
    _bad(issuer, reason).inc()
