"""The header lines of an attempt, all but those that frame it: what a courier sends, and what its owner is shown of it."""

from typing import Final

from gateway.upstream import Lines

_REPLAY: Final = b"X-Webhook-Replay: 1\r\n"


def common(agent: str) -> Lines:
    """What every attempt of a process says. agent: how it names itself to strangers."""
    return Lines(f"Content-Type: application/json\r\nUser-Agent: {agent}-Webhooks/1\r\n".encode())


def of_attempt(always: Lines, signed: bytes, number: int, of_body: bytes, own: bytes, *, replay: bool) -> bytes:
    """Complete lines. always: `common`; signed: id, time and signature; number: of the attempt, from 1; own: the owner's."""
    return b"".join((always, signed, b"X-Webhook-Attempt: %d\r\n" % number, _REPLAY if replay else b"", of_body, own))
