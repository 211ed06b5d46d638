"""One running gateway, several faces: the Host header chooses a brand from an allowlist, and nothing else ever does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv6Address

from gateway.config.settings import Brand as Declared

_REMEMBERED = 1000
_LONGEST = 300


@dataclass(frozen=True, slots=True)
class Brand:
    """A brand as requests see it. `origin` is the scheme and host that links, issuer and metadata are built from;
    `initial_scope`: what clients are told to ask for that have asked for nothing yet; `door`: the path of the protected
    resource that is asked, `/mcp`, or nothing for `/v1`.
    """

    name: str
    origin: str
    problem_base: str
    logo: str | None
    colour: str = "#1d4ed8"
    signup_url: str | None = None
    forgot_password_url: str | None = None
    initial_scope: str = ""
    door: str = ""

    @property
    def secure(self) -> bool:
        """Whether people reach it by https; plain http is for development on loopback."""
        return self.origin.startswith("https://")

    @property
    def resource_metadata(self) -> str:
        """The address of the protected-resource metadata (RFC 9728)."""
        return f"{self.origin}/.well-known/oauth-protected-resource{self.door}"


class Brands:
    """Host header → brand."""

    def __init__(self, declared: Sequence[Declared], port: int, initial_scope: str = "") -> None:
        self._hosts: dict[bytes, Brand] = {}
        self._addresses: dict[IPv6Address, Brand] = {}
        for each in declared:
            brand = Brand(
                name=each.name,
                origin=each.origin(port),
                problem_base=each.problems(port),
                logo=each.logo,
                colour=each.colour,
                signup_url=each.signup_url,
                forgot_password_url=each.forgot_password_url,
                initial_scope=initial_scope,
            )
            for host in each.hosts:
                self._hosts[host.encode("ascii")] = brand
                if ":" in host:
                    self._addresses[IPv6Address(host)] = brand
        self.first = next(iter(self._hosts.values()))
        self._known: dict[bytes, Brand] = {}

    @property
    def all(self) -> tuple[Brand, ...]:
        """Every brand, once."""
        return tuple(dict.fromkeys(self._hosts.values()))

    @property
    def hosts(self) -> tuple[str, ...]:
        """Every host that has a brand, as configured."""
        return tuple(host.decode("ascii") for host in self._hosts)

    def of(self, host: bytes) -> Brand | None:
        """The brand a Host header names, with or without port; None for any other host."""
        brand = self._known.get(host)
        if brand is None:
            brand = self._named(host)
            # Bounded: a client may write one host in many ways, and with a port of any number of digits.
            if brand is not None and len(self._known) < _REMEMBERED and len(host) <= _LONGEST:
                self._known[host] = brand
        return brand

    def _named(self, host: bytes) -> Brand | None:
        name, _, port = host.rpartition(b":") if not host.endswith(b"]") and b":" in host else (host, b"", b"")
        if port and not port.isdigit():
            return None
        if not name.startswith(b"["):
            # With a dot at its end a name is the same one, said to be whole (RFC 1034 § 3.1); an address has no such form.
            numeric = name[-2:-1].isdigit()
            return self._hosts.get(name.lower() if numeric else name.lower().removesuffix(b"."))
        # Brackets are for addresses of IPv6, which have more than one spelling (RFC 3986 § 3.2.2, RFC 5952).
        try:
            address = IPv6Address(name.removeprefix(b"[").removesuffix(b"]").decode("ascii"))
        except ValueError:
            return None
        return self._addresses.get(address) if name.endswith(b"]") else None
