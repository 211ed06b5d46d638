"""URLs of several nodes: a service that Sentinel watches, or a cluster."""

import re
from dataclasses import dataclass, field, replace
from typing import Final
from urllib.parse import parse_qsl, urlencode

from gateway.stores.address import Address

_FORM: Final = re.compile(
    r"(?P<scheme>redis|rediss|valkey|valkeys)\+(?P<kind>sentinel|cluster)://(?P<rest>.*)", re.DOTALL
)
_SENTINEL_PORT: Final = 26379
_NODE_PORT: Final = 6379


def is_several(url: str) -> bool:
    """Whether the URL is one of Sentinel or Cluster."""
    return _FORM.match(url) is not None


@dataclass(frozen=True, slots=True)
class Nodes:
    """Where to ask for the nodes: `asked` are host and port of sentinels, or of any nodes of the cluster.

    `service`: what the sentinels call the primary; None for a cluster. `node`: what holds for every node (login, TLS, database), its
    host and port to be replaced. `sentinel_user`, `sentinel_password`, `sentinel_tls`: how the sentinels themselves are asked.
    """

    asked: tuple[tuple[str, int], ...]
    service: str | None
    node: Address = field(repr=False)
    sentinel_user: str | None = None
    sentinel_password: str | None = field(default=None, repr=False)
    sentinel_tls: bool = False

    @classmethod
    def parse(cls, url: str) -> "Nodes":
        """`redis+sentinel://[user:password@]host[:26379][,host…]/service[/db]`, `redis+cluster://[user:password@]host[:6379][,host…]`.

        `rediss+…` with TLS, `?ca_file=PEM` as for one node. Sentinels that want a login have one of their own, `?sentinel_user=` and
        `sentinel_password=`, percent-encoded; `sentinel_tls=true`, beside `rediss+sentinel`, asks them with TLS and the same authorities.
        ValueError for anything else; it quotes nothing of the URL.
        """
        found = _FORM.fullmatch(url)
        if found is None:
            raise ValueError("the store's URL cannot be read")
        authority, _, behind = found["rest"].partition("/")
        if not behind and "?" in authority:
            authority, _, query = authority.partition("?")
            behind = f"?{query}"
        login, at, hosts = authority.rpartition("@")
        path, question, query = behind.partition("?")
        sentinel = found["kind"] == "sentinel"
        service, _, database = path.strip("/").partition("/")
        if sentinel and not re.fullmatch(r"[A-Za-z0-9._-]+", service):
            raise ValueError("the store's URL names no service: redis+sentinel://host1,host2/service")
        if not sentinel and path.strip("/"):
            raise ValueError(
                "the store's URL names a database, and a cluster has none but 0: redis+cluster://host1,host2"
            )
        query, own = _own(query) if sentinel else (query, {})
        tls = own.get("sentinel_tls", "false")
        if tls not in ("true", "false") or (tls == "true" and found["scheme"] not in ("rediss", "valkeys")):
            raise ValueError("the store's URL: sentinel_tls is true or false, and true needs rediss+sentinel://")
        if "sentinel_user" in own and "sentinel_password" not in own:
            raise ValueError("the store's URL has a sentinel_user without a sentinel_password")
        question = "?" if query else ""
        asked = [Address.parse(f"redis://{each}") for each in hosts.split(",")]
        default = _SENTINEL_PORT if sentinel else _NODE_PORT
        written = [bool(re.search(r":\d+$", each)) for each in hosts.split(",")]
        # Everything that is not a host is read as it is for one node, with its complaints.
        node = Address.parse(f"{found['scheme']}://{login}{at}node/{database}{question}{query}")
        return cls(
            tuple((each.host, each.port if port else default) for each, port in zip(asked, written, strict=True)),
            service if sentinel else None,
            replace(node, member=not sentinel),
            sentinel_user=own.get("sentinel_user") or None,
            sentinel_password=own.get("sentinel_password"),
            sentinel_tls=tls == "true",
        )

    def at(self, host: str, port: int) -> Address:
        """One of the nodes."""
        return replace(self.node, host=host, port=port)

    @property
    def where(self) -> str:
        """For people, without user and password."""
        listed = ",".join(f"{host}:{port}" for host, port in self.asked)
        return f"{listed}/{self.service}" if self.service else listed


def _own(query: str) -> tuple[str, dict[str, str]]:
    """The options of a node, still as a query, and those of the sentinels."""
    pairs = parse_qsl(query, keep_blank_values=True)
    own = {name: value for name, value in pairs if name.startswith("sentinel_")}
    if own.keys() - {"sentinel_user", "sentinel_password", "sentinel_tls"}:
        raise ValueError("the store's URL has an option other than sentinel_user, sentinel_password and sentinel_tls")
    # Untouched where there is nothing of ours in it, so that the complaints of one node stay its own.
    return (urlencode([pair for pair in pairs if pair[0] not in own]), own) if own else (query, own)
