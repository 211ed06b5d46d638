"""The internal-call client: a pooled HTTP/1.1 client for the services behind the gateway.

It never follows redirects, keeps no cookies, reads no proxy variables and decodes no content coding. Why it exists: docs/decisions/0003-own-http-client.md.
"""

from gateway.upstream.breaker import Breaking
from gateway.upstream.concurrency import Limiting
from gateway.upstream.errors import (
    Broken,
    Invalid,
    Saturated,
    Shed,
    Suspended,
    Timeout,
    TooLarge,
    Unreachable,
    Unsendable,
    UpstreamError,
)
from gateway.upstream.guard import Guard, Policy, Retrying
from gateway.upstream.head import Lines, line
from gateway.upstream.pool import Pool
from gateway.upstream.response import Response
from gateway.upstream.streaming import Streaming
from gateway.upstream.target import Target

__all__ = [
    "Breaking",
    "Broken",
    "Guard",
    "Invalid",
    "Limiting",
    "Lines",
    "Policy",
    "Pool",
    "Response",
    "Retrying",
    "Saturated",
    "Shed",
    "Streaming",
    "Suspended",
    "Target",
    "Timeout",
    "TooLarge",
    "Unreachable",
    "Unsendable",
    "UpstreamError",
    "line",
]
