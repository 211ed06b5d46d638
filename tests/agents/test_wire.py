"""What is a message and what is not, in both eras."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from gateway.mcp import wire

META = {"io.modelcontextprotocol/protocolVersion": "2026-07-28", "io.modelcontextprotocol/clientCapabilities": {}}
CALL = {"name": "get", "arguments": {}, "_meta": META}
HEADERS = {b"mcp-protocol-version": b"2026-07-28", b"mcp-method": b"tools/call", b"mcp-name": b"get"}


def body(method: str = "tools/call", params: Any = CALL, **more: Any) -> bytes:
    return orjson.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params, **more})


def refused(raw: bytes, headers: dict[bytes, bytes]) -> wire.Refused:
    with pytest.raises(wire.Refused) as caught:
        wire.read(raw, headers)
    return caught.value


def test_a_modern_request_says_in_headers_what_it_says_in_its_body() -> None:
    message = wire.read(body(), HEADERS)
    assert message is not None and message.modern and message.params["name"] == "get"
    for name in HEADERS:
        for other in ({**HEADERS, name: b"other"}, {key: value for key, value in HEADERS.items() if key != name}):
            assert refused(body(), other).code == wire.HEADER_MISMATCH
    encoded = {**HEADERS, b"mcp-name": b"=?base64?Z2V0?="}
    assert wire.read(body(), encoded) == message
    assert refused(body(), {**HEADERS, b"mcp-name": b"=?base64?!?="}).code == wire.HEADER_MISMATCH


def test_a_modern_request_says_its_revision_and_what_its_client_can_do() -> None:
    for missing in META:
        meta = {key: value for key, value in META.items() if key != missing}
        said = refused(body(params={**CALL, "_meta": meta}), HEADERS)
        assert (said.code, said.status, said.to) == (wire.INVALID_PARAMS, 400, 1) and missing in said.message


def test_a_revision_that_is_not_spoken_is_told_those_that_are() -> None:
    meta = {**META, "io.modelcontextprotocol/protocolVersion": "2099-01-01"}
    said = refused(body(params={**CALL, "_meta": meta}), {**HEADERS, b"mcp-protocol-version": b"2099-01-01"})
    legacy = refused(body(params={}), {b"mcp-protocol-version": b"1999-01-01"})
    assert said.code == legacy.code == wire.UNSUPPORTED_VERSION
    assert said.data == {"supported": wire.SPOKEN, "requested": "2099-01-01"}


def test_who_shakes_hands_is_answered_in_the_revision_that_it_names() -> None:
    info = {"clientInfo": {"name": "x" * 100, "version": "1"}}
    first = wire.read(body("initialize", info), {})
    assert first is not None and not first.modern and first.client == "x" * 64
    after = wire.read(body("tools/list", {}), {b"mcp-protocol-version": b"2025-11-25"})
    assert after is not None and after.version == "2025-11-25"


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b"", wire.PARSE_ERROR),
        (b"{", wire.PARSE_ERROR),
        (b"\xff", wire.PARSE_ERROR),
        (b"[]", wire.INVALID_REQUEST),
        (b"null", wire.INVALID_REQUEST),
        (b'{"jsonrpc":"1.0","id":1,"method":"ping"}', wire.INVALID_REQUEST),
        (b'{"jsonrpc":"2.0","id":1,"method":5}', wire.INVALID_REQUEST),
        (b'{"jsonrpc":"2.0","id":null,"method":"ping"}', wire.INVALID_REQUEST),
        (b'{"jsonrpc":"2.0","id":true,"method":"ping"}', wire.INVALID_REQUEST),
        (b'{"jsonrpc":"2.0","id":1.5,"method":"ping"}', wire.INVALID_REQUEST),
        (b'{"jsonrpc":"2.0","id":1,"method":"ping","params":[]}', wire.INVALID_PARAMS),
    ],
)
def test_what_is_no_message_is_refused_in_the_words_of_json_rpc(raw: bytes, code: int) -> None:
    said = refused(raw, {})
    assert said.code == code
    assert orjson.loads(wire.error(said))["error"]["code"] == code


def test_nobody_waits_for_the_answer_to_a_notification() -> None:
    assert wire.read(b'{"jsonrpc":"2.0","method":"notifications/initialized"}', {}) is None


def test_results_carry_what_their_era_asks_for() -> None:
    server = {"name": "API", "version": "1"}
    modern, legacy = wire.read(body(), HEADERS), wire.read(body("ping", {}), {})
    assert modern is not None and legacy is not None
    told = orjson.loads(wire.result(modern, {"tools": []}, server, 60_000))["result"]
    assert told["resultType"] == "complete" and (told["ttlMs"], told["cacheScope"]) == (60_000, "private")
    assert told["_meta"]["io.modelcontextprotocol/serverInfo"] == server
    assert orjson.loads(wire.result(legacy, {}, server, 60_000))["result"] == {}


def test_a_client_can_ask_a_person_by_a_form_when_it_says_so_or_names_no_mode() -> None:
    for capability, elicits in (({}, True), ({"form": {}}, True), ({"url": {}}, False), (None, False), ("form", False)):
        able: dict[str, Any] = {"elicitation": capability} if capability is not None else {}
        meta = META | {"io.modelcontextprotocol/clientCapabilities": able}
        message = wire.read(body(params={**CALL, "_meta": meta}), HEADERS)
        assert message is not None and message.elicits is elicits


@pytest.mark.parametrize(
    "raw",
    [
        b'{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"arguments":' + b'{"a":' * 200 + b"1" + b"}" * 202,
        b'{"jsonrpc":"2.0","id":1,"method":"ping","method":"tools/list"}',
        b'{"jsonrpc":"2.0","id":1,"method":"\\ud800"}',
        b'{"jsonrpc":"2.0","id":123456789012345678901234567890,"method":"ping"}',
        b'{"jsonrpc":"2.0","id":1,"method":"ping","params":{"n":NaN}}',
    ],
    ids=["deep", "twice", "surrogate", "huge", "NaN"],
)
def test_what_two_readers_might_read_differently_is_no_message(raw: bytes) -> None:
    assert refused(raw, {}).code == wire.PARSE_ERROR
