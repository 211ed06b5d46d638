"""Which brand a Host header names."""

from __future__ import annotations

import pytest

from gateway.brands import Brands
from gateway.config.settings import Brand

BRANDS = Brands((Brand(name="Six", hosts=("0:0::1", "api.example.com")), Brand(name="Four", hosts=("127.0.0.1",))), 80)


@pytest.mark.parametrize(
    ("host", "name"),
    [
        (b"[::1]", "Six"),
        (b"[::1]:8080", "Six"),
        (b"[0:0:0:0:0:0:0:1]", "Six"),
        (b"API.example.com.", "Six"),
        (b"api.example.com.:443", "Six"),
        (b"127.0.0.1:80", "Four"),
    ],
)
def test_a_host_has_more_than_one_spelling(host: bytes, name: str) -> None:
    brand = BRANDS.of(host)
    assert brand is not None and brand.name == name


@pytest.mark.parametrize(
    "host", [b"", b".", b"::1", b"[::1", b"[::1]x", b"[[::1]]", b"[127.0.0.1]", b"127.0.0.1.", b"api.example.com.."]
)
def test_what_is_no_host_of_ours_has_no_brand(host: bytes) -> None:
    assert BRANDS.of(host) is None
