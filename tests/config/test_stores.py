"""Addresses of stores: what is taken, and what is said of the rest."""

from typing import Any

import pytest
from sqlalchemy import make_url

from gateway.config import load
from gateway.stores.address import Address
from gateway.stores.sql import urls
from tests.config.reading import Write, faults


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://h/d",
        "postgres://h/d",
        "postgresql+psycopg://h/d",
        "postgresql://h1:5432,h2:5433/d",
        "postgresql:///d?host=h1:5432&host=h2:5432",
    ],
)
def test_every_spelling_of_a_postgresql_is_taken(write: Write, url: str) -> None:
    assert load(write(f"stores: {{sql: {url!r}}}"), {}).stores.sql == url
    assert urls.parsed(url).get_backend_name() == "postgresql"


@pytest.mark.parametrize(
    ("url", "tls"), [("redis://h", False), ("rediss://h", True), ("valkey://h", False), ("valkeys://h", True)]
)
def test_both_names_of_the_store_are_taken(write: Write, url: str, tls: bool) -> None:
    load(write(f"stores: {{redis: {url!r}}}"), {})
    assert Address.parse(url).tls is tls


def test_several_hosts_of_postgresql_are_tried_until_one_takes_writes() -> None:
    both = urls.parsed("postgresql://u:p@h1,h2:5433/d?connect_timeout=2")
    assert (both.query["host"], both.query["port"]) == ("h1,h2", "5432,5433")
    assert both.query["target_session_attrs"] == "read-write"
    assert (both.username, both.password, both.database) == ("u", "p", "d")
    assert urls.where(both) == "h1:5432,h2:5433/d"
    reading = urls.parsed("postgresql://h1,h2/d?target_session_attrs=any")
    assert reading.query["target_session_attrs"] == "any"
    assert "target_session_attrs" not in urls.parsed("postgresql://h1/d").query
    assert urls.parsed("sqlite:////x/y.db") == make_url("sqlite:////x/y.db")


@pytest.mark.parametrize(
    ("name", "url", "said"),
    [
        ("redis", "redis://h1,h2", "names several hosts"),
        ("redis", "redis://h1:6379,h2:6379/0", "names several hosts"),
        ("redis", "redis+sentinel://h1,h2", "names no service"),
        ("redis", "sentinel://h1", "not a store this gateway speaks to"),
        ("redis", "redis+cluster://h1,h2/1", "names a database"),
        ("sql", "postgresql://h1:99999,h2/d", "port that is not from 1"),
        ("sql", "postgresql://h1,/d", "host without a name"),
        ("sql", "postgresql:///d?host=h1:0&host=h2", "port that is not from 1"),
        ("sql", "postgresql:///d?host=h1,h2&port=1,2,3", "another number of ports"),
    ],
)
def test_an_address_that_cannot_be_used_is_told_as_what_it_is(write: Write, name: str, url: str, said: str) -> None:
    fault = faults(write(f"stores: {{{name}: {url!r}}}"))[f"stores.{name}"]
    assert said in fault.problem and "65535" not in (fault.problem if "h2" in url and name == "redis" else "")
    assert fault.fix


@pytest.mark.parametrize("url", ["redis+sentinel://h1,h2:26380/main", "valkeys+cluster://h1,h2"])
def test_a_store_of_several_nodes_is_one(write: Write, url: str) -> None:
    assert load(write(f"stores: {{redis: {url!r}}}"), {}).stores.redis == url


@pytest.mark.parametrize("url", ["postgresql://h/d?user=u&password=hunter2", "postgresql://u:hunter2@h1,h2/d"])
def test_a_password_is_a_secret_wherever_it_stands_in_a_url(write: Write, url: str) -> None:
    fault = faults(write(f"stores: {{sql: {url!r}}}"))["stores.sql"]
    assert "carries a password" in fault.problem and "hunter2" not in str(fault)


def test_what_is_left_out_of_auth_keeps_its_default(write: Write) -> None:
    text = "services: {auth: {base_url: 'https://auth.internal', service_key: {env: K}}}"
    assert load(write(text), {"K": "k"}).services["auth"].credentials == "service_key"
    assert load(write("services: {auth: }"), {}).services["auth"].credentials == "service_key"


def test_two_brands_of_one_name_are_refused(write: Write) -> None:
    for name in ("Alpha", "alpha", "\uff21lpha"):
        brands = f"brands: [{{name: Alpha, hosts: [a.example]}}, {{name: {name!r}, hosts: [b.example]}}]"
        assert "name of two brands" in faults(write(brands))["brands"].problem


WRONG: tuple[Any, ...] = ("7", "x y", "[]", "{}", "[7]", "[{}]", "[x y]", "true", "null")


def test_no_message_names_what_checks_a_value_instead_of_where_it_stands(write: Write) -> None:
    places = set(faults(write("cors: {origins: ['https://a.example', '*', 'https://b.example', 'b.example/x']}")))
    assert places == {"cors.origins[3]"}
    for section in (
        "cors: {origins: %s}",
        "server: {trusted_proxies: %s}",
        "brands: %s",
        "roles: {owner: {allow: %s}}",
    ):
        for wrong in WRONG:
            try:
                load(write(section % wrong), {})
            except Exception as error:  # noqa: BLE001 - whichever it is, it is looked into
                text = str(error)
                assert not any(word in text for word in ("function-", "literal[", "constrained", "tuple[", "()")), text
