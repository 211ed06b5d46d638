"""Names become addresses here, once for each new connection, and all of them are judged: one bad answer refuses the name."""

import asyncio
import socket
from concurrent.futures import ThreadPoolExecutor
from ipaddress import ip_address
from typing import Final

from gateway.egress import addresses
from gateway.egress.errors import Undialled
from gateway.egress.rules import Address, Refused, Rules
from gateway.egress.urls import Destination

TIMEOUT: Final = 3.0  # seconds
_THREADS: Final = 16


class Resolver:
    """Asks the system, in threads of its own: a slow name server holds up nobody but those who ask for its names."""

    def __init__(self, threads: int = _THREADS) -> None:
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="resolve")

    async def addresses(self, host: str, port: int) -> list[Address]:
        """All that the name resolves to, in the system's order of preference. Undialled (`dns`) when there is none in time."""
        loop = asyncio.get_running_loop()
        asked = loop.run_in_executor(self._threads, _asked, host, port)
        # Read in any case: nobody may be left to hear what a thread found out too late.
        asked.add_done_callback(lambda done: None if done.cancelled() else done.exception())
        try:
            async with asyncio.timeout(TIMEOUT):
                return await asyncio.shield(asked)
        except TimeoutError:
            asked.cancel()
            raise Undialled("dns", "the name was not resolved in time") from None
        except (OSError, UnicodeError):
            raise Undialled("dns", "the name could not be resolved") from None

    def close(self) -> None:
        """Does not wait for who is still asking."""
        self._threads.shutdown(wait=False, cancel_futures=True)


async def vetted(destination: Destination, rules: Rules, resolver: Resolver) -> list[Address]:
    """The addresses that may be dialled for the destination; Undialled (`dns` or `vetted`) when it may not be called."""
    if destination.address is not None:
        found = [destination.address]
    else:
        found = await resolver.addresses(destination.host, destination.port)
    try:
        for address in found:
            addresses.judge(
                address, destination.port, secure=destination.secure, rules=rules, internal=destination.internal
            )
    except Refused as refused:
        raise Undialled("vetted", refused.rule) from None
    return found


def _asked(host: str, port: int) -> list[Address]:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    unique: dict[Address, None] = {}
    for _, _, _, _, name in found:
        text = str(name[0])
        scope = name[3] if len(name) == 4 else 0
        unique[ip_address(f"{text}%{scope}" if scope and "%" not in text else text)] = None
    if not unique:
        raise OSError("no address")
    return [*unique]
