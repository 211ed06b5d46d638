"""What this deployment allows, beside what nobody may call."""

from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

Network = IPv4Network | IPv6Network
Address = IPv4Address | IPv6Address


@dataclass(frozen=True, slots=True)
class Allowed:
    """A network of the operator's that may be called although it is none of the internet. `ports`: ranges, both ends included."""

    network: Network
    ports: tuple[tuple[int, int], ...]
    http: bool = False

    def admits(self, port: int) -> bool:
        """Whether the port is among those that may be called."""
        return any(first <= port <= last for first, last in self.ports)


@dataclass(frozen=True, slots=True)
class Rules:
    """What an operator has said.

    http    whether plain http may be called at all
    ports   that may be called on the internet
    allow   networks of the operator's own that may be called
    deny    networks that may not, although they are public: the operator's own
    hosts   names that are the gateway itself
    """

    http: bool = False
    ports: frozenset[int] = frozenset({443, 8443})
    allow: tuple[Allowed, ...] = ()
    deny: tuple[Network, ...] = ()
    hosts: frozenset[str] = field(default_factory=frozenset)


class Refused(Exception):
    """An address or URL that may not be called. `rule`: a word for metrics and logs; the text is for whoever chose it."""

    for_logs = True

    def __init__(self, rule: str, why: str) -> None:
        super().__init__(why)
        self.rule = rule
