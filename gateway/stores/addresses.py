"""Internet addresses as they are compared."""

import re
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Final

_WITH_PORT: Final = re.compile(r"(\d+(?:\.\d+){3}):\d{1,5}|\[([^]]*)\](?::\d{1,5})?")


def forwarded(text: str) -> IPv4Address | IPv6Address:
    """As `parsed`, for what a proxy wrote, which may have the port behind it: `203.0.113.7:51234`, `[2001:db8::1]:443`."""
    found = _WITH_PORT.fullmatch(text)
    return parsed((found[1] or found[2]) if found else text)


def parsed(text: str) -> IPv4Address | IPv6Address:
    """The address in `text`; ValueError when it is none.

    A socket that listens on `::` tells of IPv4 peers as ::ffff:a.b.c.d (RFC 4291 § 2.5.5.2): that is a.b.c.d.
    """
    address = ip_address(text)
    return (address.ipv4_mapped or address) if isinstance(address, IPv6Address) else address
