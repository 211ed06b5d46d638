"""URLs of stores of several nodes: what they name, and what they cannot."""

from __future__ import annotations

import pytest

from gateway.stores.topology import Nodes


@pytest.mark.parametrize(
    ("url", "asked", "service"),
    [
        ("redis+sentinel://h1,h2:5,h3/main", (("h1", 26379), ("h2", 5), ("h3", 26379)), "main"),
        ("rediss+sentinel://u:p%40ss@h1/main/2?ca_file=x.pem", (("h1", 26379),), "main"),
        ("valkey+cluster://:pw@h1,h2:7001", (("h1", 6379), ("h2", 7001)), None),
        ("valkeys+cluster://h1?ca_file=x.pem", (("h1", 6379),), None),
    ],
)
def test_urls_of_several_nodes(url: str, asked: object, service: str | None) -> None:
    nodes = Nodes.parse(url)
    assert (nodes.asked, nodes.service) == (asked, service)
    assert nodes.node.member is (service is None)
    assert nodes.node.password in (None, "p@ss", "pw") and "pw" not in repr(nodes) and "pw" not in nodes.where
    assert nodes.node.ca_file == ("x.pem" if "ca_file" in url else None)


def test_sentinels_have_a_login_and_a_transport_of_their_own() -> None:
    nodes = Nodes.parse(
        "rediss+sentinel://app:pw@h1/main/2?sentinel_user=w&sentinel_password=s%40%26&sentinel_tls=true&ca_file=x.pem"
    )
    assert (nodes.sentinel_user, nodes.sentinel_password, nodes.sentinel_tls) == ("w", "s@&", True)
    assert (nodes.node.username, nodes.node.password, nodes.node.ca_file) == ("app", "pw", "x.pem")
    assert "s@&" not in repr(nodes) and nodes.node.database == 2


@pytest.mark.parametrize(
    "url",
    [
        "redis+sentinel://h1",
        "redis+sentinel:///main",
        "redis+cluster://h1/1",
        "redis+cluster://",
        "redis+cluster://h:x",
        "redis+sentinel://h1/main?sentinel_tls=true",
        "rediss+sentinel://h1/main?sentinel_tls=perhaps",
        "rediss+sentinel://h1/main?sentinel_user=u",
        "redis+sentinel://h1/main?sentinel_pass=u",
        "redis+cluster://h1?sentinel_password=u",
    ],
)
def test_urls_of_several_nodes_that_cannot_be(url: str) -> None:
    with pytest.raises(ValueError, match="store"):
        Nodes.parse(url)
