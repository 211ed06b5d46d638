"""Which addresses may be called: pure arithmetic, since what a name resolves to is chosen by a stranger.

An IPv6 address that carries an IPv4 address reaches that one, through whatever translates, so both are judged. Python's
`is_global` follows the registries of the IANA as they were when it was released; what it misses in the releases that we run
on is listed here.
"""

from collections.abc import Iterator
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final

from gateway.egress.rules import Address, Network, Refused, Rules

# Never, not even in an allow-listed network: whoever reads these is the machine itself.
METADATA: Final = frozenset(map(ip_address, ("169.254.169.254", "fd00:ec2::254", "100.100.100.200")))

_RANGES: Final[tuple[tuple[str, Network], ...]] = tuple(
    (rule, ip_network(network))
    for rule, networks in {
        "loopback": ("127.0.0.0/8", "::1/128"),
        "unspecified": ("0.0.0.0/8", "::/128"),
        "link_local": ("169.254.0.0/16", "fe80::/10"),
        "private": ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7", "fec0::/10"),
        "shared": ("100.64.0.0/10",),
        "multicast": ("224.0.0.0/4", "ff00::/8"),
        "special": (
            "192.0.0.0/24",
            "198.18.0.0/15",
            "240.0.0.0/4",
            "5f00::/16",
            "100::/64",
            "100:0:0:1::/64",
            "64:ff9b:1::/48",
        ),
        "documentation": ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "2001:db8::/32", "3fff::/20"),
    }.items()
    for network in networks
)
_MAPPED: Final = IPv6Network("::ffff:0:0/96")
_COMPATIBLE: Final = IPv6Network("::/96")
_NAT64: Final = IPv6Network("64:ff9b::/96")
_NAT64_LOCAL: Final = IPv6Network("64:ff9b:1::/48")
_SIX_TO_FOUR: Final = IPv6Network("2002::/16")
_TEREDO: Final = IPv6Network("2001::/32")


def judge(address: Address, port: int, *, secure: bool, rules: Rules, internal: bool = False) -> None:
    """Raises Refused when the address may not be called. `internal`: its name is one that only a private network has."""
    if isinstance(address, IPv6Address) and address.scope_id is not None:
        raise Refused("scoped", "the address is of one link only")
    inner = [address, *carried(address)]
    if not METADATA.isdisjoint(inner):
        raise Refused("metadata", "the address is that of a cloud's metadata")
    if any(each in network for each in inner for network in rules.deny if network.version == each.version):
        raise Refused("denied", "the operator of this gateway lets nobody call the address")
    meant = {address, inner[-1]}
    found = [
        each
        for each in rules.allow
        if any(one.version == each.network.version and one in each.network for one in meant)
    ]
    if found:
        if not any(each.admits(port) for each in found):
            raise Refused("port", f"port {port} may not be called there")
        if not secure and not rules.http and not any(each.http and each.admits(port) for each in found):
            raise Refused("http", "plain http may not be spoken there")
        return
    for each in inner:
        _of_the_internet(each, translated=len(inner) > 1)
    if internal:
        raise Refused("internal_name", "a name of private networks leads to the internet")
    if not secure and not rules.http:
        raise Refused("http", "plain http may not be spoken")
    if port not in rules.ports and not (port == 80 and not secure):
        raise Refused("port", f"port {port} may not be called")


def carried(address: Address) -> Iterator[IPv4Address]:
    """The IPv4 addresses inside an IPv6 address, of Teredo (RFC 4380 §4) the server's and then the client's."""
    if not isinstance(address, IPv6Address):
        return
    number = int(address)
    if address in _MAPPED or address in _NAT64 or (address in _COMPATIBLE and number > 1):
        yield IPv4Address(number & 0xFFFF_FFFF)
    elif address in _NAT64_LOCAL:
        # RFC 6052 §2.2: behind 48 bits the address is split around an octet of zeros.
        yield IPv4Address((number >> 64 & 0xFFFF) << 16 | number >> 40 & 0xFFFF)
        yield IPv4Address(number & 0xFFFF_FFFF)  # where somebody uses a /96 of it
    elif address in _SIX_TO_FOUR:
        yield IPv4Address(number >> 80 & 0xFFFF_FFFF)
    elif address in _TEREDO:
        yield IPv4Address(number >> 64 & 0xFFFF_FFFF)
        yield IPv4Address(~number & 0xFFFF_FFFF)


def _of_the_internet(address: Address, *, translated: bool) -> None:
    for rule, network in _RANGES:
        if network.version == address.version and address in network:
            raise Refused(rule, f"the address is {rule.replace('_', ' ')}")
    # What carries another address is no place of its own: Python calls some of these ranges global and some not.
    if not (translated and isinstance(address, IPv6Address)) and not address.is_global:
        raise Refused("not_global", "the address is none of the internet's")
