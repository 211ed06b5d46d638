"""Which URLs may be called, before any name is resolved. Pure: the same at creation and at every attempt.

What two parsers could read differently is refused: the URL that was judged must be the URL that is called.
"""

import re
import unicodedata
from dataclasses import dataclass
from ipaddress import AddressValueError, IPv4Address, IPv6Address
from typing import Final

from gateway.egress import addresses
from gateway.egress.rules import Address, Refused, Rules

LONGEST: Final = 2_048

_URL: Final = re.compile(r"(?P<scheme>[A-Za-z][A-Za-z0-9+.\-]*)://(?P<authority>[^/?#]*)(?P<rest>[^#]*)")
_AUTHORITY: Final = re.compile(r"(?P<host>\[[^\[\]]*\]|[^:\[\]]*)(?::(?P<port>[0-9]*))?")
_REST: Final = re.compile(
    r"(?:/(?:[A-Za-z0-9\-._~!$&'()*+,;=:@/]|%[0-9A-Fa-f]{2})*)?(?:\?(?:[A-Za-z0-9\-._~!$&'()*+,;=:@/?\[\]|]|%[0-9A-Fa-f]{2})*)?"
)
_LABEL: Final = re.compile(r"[a-z0-9](?:[a-z0-9\-]{0,61}[a-z0-9])?")
_NUMBER: Final = re.compile(r"[0-9]+|0x[0-9a-f]*")
_DOTS: Final = re.compile(r"(?i)/(?:\.|%2e){1,2}(?:[/?]|\Z)")
_INTERNAL: Final = ("localhost", "local", "internal", "svc", "home.arpa")


@dataclass(frozen=True, slots=True)
class Destination:
    """A URL that may be called, as far as can be told without resolving.

    address    when the host is one, not a name
    internal   the name is one that only private networks have: it must lead into an allow-listed one
    path       with its query, never empty
    """

    secure: bool
    host: str
    port: int
    path: str
    address: Address | None = None
    internal: bool = False

    @property
    def authority(self) -> str:
        """For the Host header."""
        host = f"[{self.host}]" if isinstance(self.address, IPv6Address) else self.host
        return host if self.port == (443 if self.secure else 80) else f"{host}:{self.port}"


def parse(url: str, rules: Rules) -> Destination:
    """Raises Refused for a URL that may not be called, or that can be read in more than one way."""
    if len(url) > LONGEST:
        raise Refused("too_long", f"it is longer than {LONGEST} characters")
    if not all("!" <= character <= "~" for character in url) or "\\" in url:
        raise Refused(
            "characters", "only printable ASCII may be in it: write other names as xn--… and other paths as %…"
        )
    parts = _URL.fullmatch(url)
    if parts is None:
        raise Refused("fragment" if "#" in url else "not_a_url", "it must be https://host/path, without a fragment")
    scheme = parts["scheme"].lower()
    if scheme not in {"http", "https"}:
        raise Refused("scheme", "only https is called")
    if scheme == "http" and not rules.http and not any(each.http for each in rules.allow):
        raise Refused("http", "only https is called")
    if "@" in parts["authority"]:
        raise Refused("userinfo", "it must not carry a user or password")
    authority = _AUTHORITY.fullmatch(parts["authority"])
    if authority is None or not authority["host"]:
        raise Refused("host", "it names no host")
    if not _REST.fullmatch(parts["rest"]) or _DOTS.search(parts["rest"].partition("?")[0]):
        raise Refused("path", "the path must be percent-encoded and without dot segments")
    secure = scheme == "https"
    port = _port(authority["port"], secure, rules)
    path = parts["rest"] if parts["rest"].startswith("/") else "/" + parts["rest"]
    return _hosted(authority["host"].lower(), secure, port, path, rules)


def _port(text: str | None, secure: bool, rules: Rules) -> int:
    if text is None:
        port = 443 if secure else 80
    elif text == "" or len(text) > 5 or not 1 <= int(text) <= 65_535:
        raise Refused("port", "the port is none")
    else:
        port = int(text)
    public = port in rules.ports or (port == 80 and not secure and rules.http)
    if not public and not any(each.admits(port) for each in rules.allow):
        raise Refused("port", f"port {port} may not be called")
    return port


def _hosted(host: str, secure: bool, port: int, path: str, rules: Rules) -> Destination:
    literal = _literal(host)
    if literal is not None:
        if not any(literal in each.network for each in rules.allow if each.network.version == literal.version):
            raise Refused("literal", "an address is no host: give it a name")
        addresses.judge(literal, port, secure=secure, rules=rules)
        return Destination(secure, str(literal), port, path, literal)
    labels = host.split(".")
    if len(host) > 253 or not all(_LABEL.fullmatch(label) for label in labels):
        raise Refused("host", "the host is no name, or ends with a dot")
    for label in labels:
        _one_script(label)
    internal = len(labels) == 1 or any(host == name or host.endswith("." + name) for name in _INTERNAL)
    if internal and not rules.allow:
        raise Refused("internal_name", "the name is one that only private networks have")
    if host in rules.hosts and not internal:
        raise Refused("own_host", "the host is this gateway's own")
    return Destination(secure, host, port, path, internal=internal)


def _literal(host: str) -> Address | None:
    """The address that a host is, in the one spelling that is read alike everywhere; Refused for all others."""
    try:
        if host.startswith("["):
            return IPv6Address(host[1:-1])
        if not _NUMBER.fullmatch(host.rpartition(".")[2]):
            return None
        return IPv4Address(host)
    except AddressValueError:
        raise Refused("literal", "an address is no host: give it a name") from None


def _one_script(label: str) -> None:
    """Letters of several alphabets in one label are how one name is made to look like another."""
    if not label.startswith("xn--"):
        return
    try:
        text = label[4:].encode().decode("punycode")
    except (UnicodeError, ValueError):
        raise Refused("host", f"{label} is no encoded name") from None
    scripts = {unicodedata.name(letter, "UNKNOWN").partition(" ")[0] for letter in text if letter.isalpha()}
    japanese = {"CJK", "HIRAGANA", "KATAKANA"}
    if len(scripts) > 1 and not scripts <= japanese | {"LATIN"} and not scripts <= {"CJK", "HANGUL", "LATIN"}:
        raise Refused("mixed_script", f"{label} mixes alphabets")
