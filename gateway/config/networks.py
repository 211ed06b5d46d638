"""Networks, as address and length."""

from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Annotated

from pydantic import PlainValidator

from gateway.config.faults import refuse


def _network(value: object) -> IPv4Network | IPv6Network:
    if isinstance(value, IPv4Network | IPv6Network):
        return value
    try:
        return ip_network(str(value))
    except ValueError:
        raise refuse("is not a network", "Write address/length with no bits after the length: 10.0.0.0/8.") from None


Network = Annotated[IPv4Network | IPv6Network, PlainValidator(_network)]
