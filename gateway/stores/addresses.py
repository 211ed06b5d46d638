"""Internet addresses as they are compared."""

from ipaddress import IPv4Address, IPv6Address, ip_address


def parsed(text: str) -> IPv4Address | IPv6Address:
    """The address in `text`; ValueError when it is none.

    A socket that listens on `::` tells of IPv4 peers as ::ffff:a.b.c.d (RFC 4291 § 2.5.5.2): that is a.b.c.d.
    """
    address = ip_address(text)
    return (address.ipv4_mapped or address) if isinstance(address, IPv6Address) else address
