"""Which addresses and URLs may be called (events.md §7, cases 18, 20 and 21)."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.egress import addresses, urls
from gateway.egress.rules import Allowed, Refused, Rules

NONE = Rules()
LOCAL = Rules(http=True, allow=(Allowed(ip_network("127.0.0.0/8"), ((1, 65535),), http=True),))
INSIDE = Rules(allow=(Allowed(ip_network("10.4.0.0/16"), ((443, 443), (8000, 8999))),))


def rule(address: str, rules: Rules = NONE, port: int = 443, *, secure: bool = True, internal: bool = False) -> str:
    try:
        addresses.judge(ip_address(address), port, secure=secure, rules=rules, internal=internal)
    except Refused as refused:
        return refused.rule
    return "called"


def verdict(url: str, rules: Rules = NONE) -> str:
    try:
        urls.parse(url, rules)
    except Refused as refused:
        return refused.rule
    return "called"


@pytest.mark.parametrize(
    ("address", "refused"),
    [
        ("127.0.0.1", "loopback"),
        ("::1", "loopback"),
        ("0.0.0.0", "unspecified"),
        ("::", "unspecified"),
        ("10.0.0.1", "private"),
        ("172.31.255.255", "private"),
        ("192.168.1.1", "private"),
        ("fd12::1", "private"),
        ("fec0::1", "private"),
        ("169.254.1.1", "link_local"),
        ("fe80::1", "link_local"),
        ("fe80::1%2", "scoped"),
        ("100.64.0.1", "shared"),
        ("169.254.169.254", "metadata"),
        ("fd00:ec2::254", "metadata"),
        ("100.100.100.200", "metadata"),
        ("224.0.0.1", "multicast"),
        ("ff02::1", "multicast"),
        ("255.255.255.255", "special"),
        ("240.0.0.1", "special"),
        ("192.0.0.8", "special"),
        ("198.18.0.1", "special"),
        ("5f00::1", "special"),
        ("100::1", "special"),
        ("100:0:0:1::1", "special"),
        ("203.0.113.9", "documentation"),
        ("3fff::1", "documentation"),
        ("::ffff:127.0.0.1", "loopback"),
        ("::127.0.0.1", "loopback"),
        ("64:ff9b::7f00:1", "loopback"),
        ("64:ff9b:1::7f00:1", "special"),
        ("64:ff9b:1:7f00:0:100::", "special"),
        ("64:ff9b:1:a9fe:a9:fe00::", "metadata"),
        ("2002:7f00:1::", "loopback"),
        ("2001:0:808:808::80ff:fffe", "loopback"),
        ("2001:0:7f00:1::f7f7:f7f7", "loopback"),
        ("::ffff:169.254.169.254", "metadata"),
    ],
)
def test_case_18_an_address_of_no_internet_is_refused_by_name_however_it_is_wrapped(address: str, refused: str) -> None:
    assert rule(address) == refused


@pytest.mark.parametrize("address", ["1.1.1.1", "93.184.216.34", "2606:4700:4700::1111", "64:ff9b::101:101"])
def test_addresses_of_the_internet_may_be_called_at_the_ports_for_it(address: str) -> None:
    assert rule(address) == rule(address, port=8443) == "called"
    assert rule(address, port=22) == rule(address, port=80) == "port"
    assert rule(address, port=80, secure=False) == "http"
    assert rule(address, Rules(http=True), port=80, secure=False) == "called"
    assert rule(address, internal=True) == "internal_name"


def test_case_21_an_allow_list_admits_its_networks_at_its_ports_and_no_metadata() -> None:
    assert rule("10.4.200.1", INSIDE, 8080) == rule("10.4.200.1", INSIDE, 443, internal=True) == "called"
    assert rule("10.5.0.1", INSIDE) == "private"
    assert rule("10.4.200.1", INSIDE, 22) == "port"
    assert rule("10.4.200.1", INSIDE, 8080, secure=False) == "http"
    whole = Rules(allow=(Allowed(ip_network("100.0.0.0/8"), ((443, 443),)),))
    assert rule("100.100.100.200", whole) == "metadata"
    assert rule("100.100.100.201", whole) == "called"
    assert rule("::ffff:10.4.0.1", INSIDE) == "called"
    assert rule("1.1.1.1", Rules(deny=(ip_network("1.1.1.0/24"),))) == "denied"
    assert rule("::ffff:1.1.1.1", Rules(deny=(ip_network("1.1.1.0/24"),))) == "denied"


@given(st.integers(0, 2**32 - 1))
def test_what_carries_an_address_is_judged_as_that_address(number: int) -> None:
    inner = IPv4Address(number)
    plain = rule(str(inner))
    for network in ("::ffff:0:0", "64:ff9b::"):
        assert rule(str(IPv6Address(int(IPv6Address(network)) | number))) == plain
    assert rule(str(IPv6Address(int(IPv6Address("2002::")) | number << 80))) == plain


@given(st.integers(0, 2**128 - 1))
def test_no_address_that_python_knows_to_be_of_no_internet_is_called(number: int) -> None:
    address = IPv6Address(number)
    if rule(str(address)) == "called":
        assert address.is_global or [*addresses.carried(address)]
        assert not (address.is_private and not [*addresses.carried(address)])


@pytest.mark.parametrize(
    ("url", "refused"),
    [
        ("https://2130706433/", "literal"),
        ("https://0x7f.1/", "literal"),
        ("https://0x7f000001/", "literal"),
        ("https://0177.0.0.1/", "literal"),
        ("https://127.1/", "literal"),
        ("https://1.1.1.1/", "literal"),
        ("https://[::1]/", "literal"),
        ("https://[::ffff:1.1.1.1]/", "literal"),
        ("https://[fe80::1%25eth0]/", "literal"),
        ("https://user@hooks.example.com/", "userinfo"),
        ("https://user:password@hooks.example.com/", "userinfo"),
        ("https://hooks.example.com./", "host"),
        ("https://hooks..example.com/", "host"),
        ("https://-hooks.example.com/", "host"),
        ("https://hooks_.example.com/", "host"),
        ("https:///path", "host"),
        ("https://:443/", "host"),
        ("https://hooks.example.com/#part", "fragment"),
        ("https://hooks.example.com#", "fragment"),
        ("https://hooks.example.com/\r\nX-Evil: 1", "characters"),
        ("https://hooks.example.com/a b", "characters"),
        ("https://hooks.example.com\\@evil.com/", "characters"),
        ("https://bücher.example/", "characters"),
        ("https://xn--pypal-4ve.com/", "mixed_script"),
        ("https://hooks.example.com/../admin", "path"),
        ("https://hooks.example.com/%2e%2e/admin", "path"),
        ("https://hooks.example.com/%zz", "path"),
        ("https://hooks.example.com:22/", "port"),
        ("https://hooks.example.com:/", "port"),
        ("https://hooks.example.com:99999999999/", "port"),
        ("https://hooks.example.com:0/", "port"),
        ("http://hooks.example.com/", "http"),
        ("ftp://hooks.example.com/", "scheme"),
        ("javascript://hooks.example.com/", "scheme"),
        ("hooks.example.com/path", "not_a_url"),
        ("", "not_a_url"),
        ("https://localhost/", "internal_name"),
        ("https://printer/", "internal_name"),
        ("https://hooks.local/", "internal_name"),
        ("https://hooks.internal/", "internal_name"),
        ("https://hooks.default.svc/", "internal_name"),
        ("https://hooks.svc.cluster.local/", "internal_name"),
        ("https://router.home.arpa/", "internal_name"),
        ("https://hooks.example.com/" + "a" * 2_048, "too_long"),
    ],
)
def test_case_20_a_url_that_could_be_read_in_two_ways_or_leads_inside_is_refused(url: str, refused: str) -> None:
    assert verdict(url) == refused


def test_case_20_the_gateways_own_hosts_are_refused() -> None:
    assert verdict("https://API.example.com/", Rules(hosts=frozenset({"api.example.com"}))) == "own_host"


def test_a_plain_url_is_taken_apart() -> None:
    found = urls.parse("HTTPS://Hooks.Example.com:8443?token=a%20b", NONE)
    assert (found.secure, found.host, found.port, found.path) == (True, "hooks.example.com", 8443, "/?token=a%20b")
    assert found.authority == "hooks.example.com:8443"
    assert urls.parse("https://xn--bcher-kva.example/a/b;c?x=1&y[]=2", NONE).authority == "xn--bcher-kva.example"


def test_names_and_addresses_of_a_private_network_are_for_those_who_allowed_it() -> None:
    assert urls.parse("http://127.0.0.1:9000/hook", LOCAL).address == ip_address("127.0.0.1")
    assert urls.parse("http://localhost:9000/hook", LOCAL).internal
    assert verdict("http://10.0.0.1:9000/", LOCAL) == "literal"
    assert verdict("https://hooks.example.com:9000/", NONE) == "port"


@given(st.text(max_size=60))
def test_any_text_is_a_url_or_refused(text: str) -> None:
    assert verdict(text)
    assert verdict(f"https://{text}/")
