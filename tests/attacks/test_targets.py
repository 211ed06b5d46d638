"""Request targets that mean one thing to whoever stands in front and another to the gateway."""

from __future__ import annotations

import pytest

from tests.attacks.wire import exchange, head
from tests.live import Live

RECORD = "con_" + "0" * 24


@pytest.mark.usefixtures("untouched")
@pytest.mark.parametrize(
    "target",
    [
        "//v1/me",
        "/v1//me",
        "/v1/me/",
        "/v1/",
        "/v1",
        "/V1/me",
        "/v1/ME",
        "/v1/../v1/me",
        "/v1/./me",
        "/v1/%2e%2e/v1/me",
        "/v1/%2e/me",
        "/./v1/me",
        "/x/../v1/me",
        "/v1%2Fme",
        "/v1%2Fx/me",
        "/v1%2f..%2f/me",
        "/%2Fv1/me",
        "/v1/me%00",
        "/v1/me%0d%0aX-Injected:1",
        "/v1/me;a=1",
        "/v1/me%3Fa",
        "/v1/me%20",
        "/v1/me.json",
        "/v1/contacts%2F" + RECORD,
        "/v1/contacts/%ff",
        "/v1/contacts/%C0%AF",
        "/v1/contacts/%ED%A0%80",
        "/v1/contacts/../../api/crm/contacts",
        "/v1/contacts/..%2f..%2fapi%2fcrm%2fcontacts",
        "/v1/contacts/%zz",
        "/v1/contacts/%",
        "/v1/contacts/" + RECORD + "%2Fnotes",
        "/v1/contacts/" + RECORD + "%00",
        "/v1/contacts/" + RECORD + "%0a",
        "/v1/contacts/" + RECORD + "/notes/x",
        "/v1/contacts/con_" + "%EF%BC%90" * 24,
        "/api/crm/contacts",
        "/_control/counts",
        "/metrics",
        "/readyz",
        "/v1/contacts/" + "a" * 8000,
    ],
)
def test_a_path_that_is_not_exactly_an_operation_is_nothing(live: Live, target: str) -> None:
    refused = exchange(live, head(live, target=target))
    assert refused.status == 404
    assert refused.code in ("route_unknown", "record_not_found")
    assert refused.headers["content-type"] == "application/problem+json"
    assert "x-injected" not in refused.headers


@pytest.mark.usefixtures("untouched")
@pytest.mark.parametrize(
    "target",
    [
        "http://other.example.com/v1/me",
        "127.0.0.1:80",
        "v1/me",
        "*",
        "\\v1\\me",
        "/v1/me#part",
        "/v1/me\x00",
        "/v1/m\xe9",
        "/v1/me?\x80",
        "/v1/me?a=\x7f",
        "/v1/me?" + "a" * 9000,
        "/v1/" + "a" * 20_000,
    ],
)
def test_a_target_that_is_no_path_is_refused(live: Live, target: str) -> None:
    refused = exchange(live, head(live, target=target))
    assert (refused.status, refused.code, refused.closed) == (400, "request_malformed", True)


@pytest.mark.usefixtures("untouched")
@pytest.mark.parametrize(
    "query",
    [
        "business_id=clx",
        "limit=1&limit=2",
        "limit=0",
        "limit=-1",
        "limit=101",
        "limit=1e2",
        "limit=%31%30%30%30",
        "limit=0100000",
        "limit=0001" + "9" * 5000,
        "limit=%D9%A1",
        "limit=",
        "limit[]=1",
        "LIMIT=1",
        "a=%ff",
        "a=%00",
        "%0d%0aX-Injected:1=1",
        "cursor=",
        "cursor=%00",
        "&".join(f"p{number}=1" for number in range(60)),
        "filter[email]=x",
        "__proto__=1",
        ";limit=1",
    ],
    ids=lambda query: query[:24],
)
def test_a_query_that_is_not_the_operation_s_is_refused(live: Live, query: str) -> None:
    refused = exchange(live, head(live, target=f"/v1/contacts/{RECORD}/notes?{query}"))
    assert refused.status == 400
    assert refused.code in ("parameter_unknown", "parameter_invalid", "cursor_invalid")
    assert "x-injected" not in refused.headers


def test_an_encoded_label_stays_one_segment_all_the_way(live: Live) -> None:
    made = live.call("POST", "/v1/contacts", {"first_name": "Ada", "tags": ["a/b?c=d&e", "..", "ü%"]})
    location = made.headers["location"]
    for tag, left in (("a%2Fb%3Fc%3Dd%26e", ["..", "ü%"]), ("%2E%2E", ["ü%"]), ("%C3%BC%25", [])):
        assert live.call("DELETE", f"{location}/tags/{tag}").status_code == 204
        assert live.call("GET", f"{location}/tags").json()["data"] == left
    before = live.counted()
    for tag in ("%00", "%0a", "a%0d%0aX: 1", "%7f", "a" * 101):
        assert live.call("DELETE", f"{location}/tags/{tag}").status_code == 404
    assert live.counted() == before
