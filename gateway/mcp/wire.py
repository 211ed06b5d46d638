"""Messages of the Model Context Protocol over HTTP, in both eras: one JSON-RPC 2.0 message a POST, one JSON body back.

Modern: revision 2026-07-28, stateless; every request says its revision and its client in `params._meta` and mirrors
revision, method and name in headers. Legacy: the revisions with a handshake, which is answered from constants, so that
no session is needed for them either. Source: modelcontextprotocol.io/specification, basic/transports and basic/versioning.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import Any, Final

import msgspec
import orjson

from adapters.core.faults import Malformed
from adapters.core.strict_json import read_json

MODERN: Final = ("2026-07-28",)
LEGACY: Final = ("2025-11-25", "2025-06-18", "2025-03-26")
SPOKEN: Final = (*MODERN, *LEGACY)
"""What clients are told to choose from, wherever they ask."""

PARSE_ERROR: Final = -32700
INVALID_REQUEST: Final = -32600
METHOD_NOT_FOUND: Final = -32601
INVALID_PARAMS: Final = -32602
HEADER_MISMATCH: Final = -32020
UNSUPPORTED_VERSION: Final = -32022

_META: Final = "io.modelcontextprotocol/"
_VERSION_KEY, _CAPABILITIES_KEY = _META + "protocolVersion", _META + "clientCapabilities"
_CLIENT_KEY, _SERVER_KEY = _META + "clientInfo", _META + "serverInfo"
_LONGEST_CLIENT: Final = 64
QUESTION: Final = "confirm"
YES: Final = "yes"

Id = str | int | None


class Refused(Exception):
    """A message that cannot be answered as what it is: a JSON-RPC error. `status` is of HTTP."""

    def __init__(self, code: int, message: str, *, status: int = 400, data: Any = None, to: Id = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status
        self.data = data
        self.to = to


class Elicited(msgspec.Struct, frozen=True):
    """What a person answered to a question of ours. state: as it was given with the question; accepted: whether they said yes."""

    state: str
    accepted: bool


class Message(msgspec.Struct, frozen=True):
    """One request. version: the revision it speaks; client: name and version as the client tells them, never to be trusted;
    elicits: whether the client can ask a person by a form; elicited: what was answered to the question that this repeats.
    """

    id: Id
    method: str
    params: dict[str, Any]
    version: str
    client: str = ""
    elicits: bool = False
    elicited: Elicited | None = None

    @property
    def modern(self) -> bool:
        """Whether it is of the stateless era."""
        return self.version in MODERN


def read(body: bytes, headers: Mapping[bytes, bytes]) -> Message | None:
    """A POST's body and headers → its request, or None for a notification, which nobody waits for. Refused when it is neither."""
    try:
        document = read_json(body)
    except Malformed as error:
        raise Refused(PARSE_ERROR, str(error)) from None
    if (
        not isinstance(document, dict)
        or document.get("jsonrpc") != "2.0"
        or not isinstance(document.get("method"), str)
    ):
        raise Refused(INVALID_REQUEST, "The body must be one JSON-RPC 2.0 request or notification.")
    if "id" not in document:
        return None
    to = document["id"]
    if not isinstance(to, str | int) or isinstance(to, bool):
        raise Refused(INVALID_REQUEST, "The id of a request is a text or an integer.")
    params = document.get("params", {})
    if not isinstance(params, dict):
        raise Refused(INVALID_PARAMS, "params must be an object.", to=to)
    method, told = document["method"], headers.get(b"mcp-protocol-version", b"").decode("latin-1")
    meta = params.get("_meta")
    if told in MODERN or (isinstance(meta, dict) and _VERSION_KEY in meta):
        return _modern(to, method, params, headers)
    if told and told not in LEGACY:
        raise unsupported(told, to)
    info = params.get("clientInfo") if method == "initialize" else None
    return Message(to, method, params, told or LEGACY[-1], _client(info))


def _modern(to: Id, method: str, params: dict[str, Any], headers: Mapping[bytes, bytes]) -> Message:
    meta = params.get("_meta")
    missing = [key for key in (_VERSION_KEY, _CAPABILITIES_KEY) if not isinstance(meta, dict) or key not in meta]
    if not isinstance(meta, dict) or missing:
        raise Refused(INVALID_PARAMS, f"params._meta must have {' and '.join(missing)}.", to=to)
    version = meta[_VERSION_KEY]
    for name, said in (
        (b"mcp-protocol-version", version),
        (b"mcp-method", method),
        (b"mcp-name", _name(method, params)),
    ):
        if said is not None and _decoded(headers.get(name, b"")) != said:
            raise Refused(HEADER_MISMATCH, f"The header {name.decode()} does not say what the body says.", to=to)
    if version not in MODERN:
        raise unsupported(str(version), to)
    can = meta[_CAPABILITIES_KEY]
    elicits = _forms(can.get("elicitation")) if isinstance(can, dict) else False
    return Message(to, method, params, version, _client(meta.get(_CLIENT_KEY)), elicits, _elicited(params))


def _forms(capability: Any) -> bool:
    """Whether a client with this capability shows forms: one that names no mode does."""
    return isinstance(capability, dict) and ("form" in capability or not capability)


def _elicited(params: Mapping[str, Any]) -> Elicited | None:
    state, responses = params.get("requestState"), params.get("inputResponses")
    if not isinstance(state, str):
        return None
    answer = responses.get(QUESTION) if isinstance(responses, dict) else None
    content = answer.get("content") if isinstance(answer, dict) and answer.get("action") == "accept" else None
    return Elicited(state, isinstance(content, dict) and content.get(YES) is True)


def question(message: str, label: str, state: str) -> dict[str, Any]:
    """The result that asks a person to say yes, before the same call is made again with the answer and `state`.

    Source: basic/patterns/mrtr and client/elicitation.
    """
    asked = {
        "mode": "form",
        "message": message,
        "requestedSchema": {
            "type": "object",
            "properties": {YES: {"type": "boolean", "title": label}},
            "required": [YES],
        },
    }
    requests = {QUESTION: {"method": "elicitation/create", "params": asked}}
    return {"resultType": "input_required", "inputRequests": requests, "requestState": state}


def _name(method: str, params: Mapping[str, Any]) -> Any:
    return params.get("name") if method == "tools/call" else None


def _decoded(value: bytes) -> str | None:
    """A header's value; what is not plain ASCII comes in the sentinel `=?base64?…?=`."""
    if not (value.startswith(b"=?base64?") and value.endswith(b"?=")):
        return value.decode("latin-1")
    try:
        return base64.b64decode(value[9:-2], validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return None


def _client(info: Any) -> str:
    if not isinstance(info, dict):
        return ""
    said = "/".join(part for part in (info.get("name"), info.get("version")) if isinstance(part, str))
    return said[:_LONGEST_CLIENT]


def unsupported(requested: str, to: Id) -> Refused:
    """The refusal of a revision that is not spoken here."""
    data = {"supported": SPOKEN, "requested": requested[:_LONGEST_CLIENT]}
    return Refused(UNSUPPORTED_VERSION, "This revision of the protocol is not spoken here.", data=data, to=to)


def unknown_method(message: Message) -> Refused:
    """The refusal of a method that there is not. Clients with a handshake take a 404 for the end of their session."""
    return Refused(METHOD_NOT_FOUND, "There is no such method.", status=404 if message.modern else 200, to=message.id)


def result(message: Message, value: dict[str, Any], server: Mapping[str, str], fresh: int | None = None) -> bytes:
    """The answer to a request. fresh: for how long (ms) it may be kept, of what may be kept at all."""
    if message.modern:
        value = {"resultType": "complete"} | value | {"_meta": {**value.get("_meta", {}), _SERVER_KEY: server}}
        if fresh is not None:
            value |= {"ttlMs": fresh, "cacheScope": "private"}
    return orjson.dumps({"jsonrpc": "2.0", "id": message.id, "result": value})


def error(refused: Refused) -> bytes:
    """The body of a refusal."""
    told: dict[str, Any] = {"code": refused.code, "message": refused.message}
    if refused.data is not None:
        told["data"] = refused.data
    return orjson.dumps({"jsonrpc": "2.0", "id": refused.to, "error": told})
