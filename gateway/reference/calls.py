"""One call of an operation with the values of its examples: what code samples are written from.

Each language has one function, `Call` → text. They are `x-codeSamples` in the documents, and shown on the pages of the
reference.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import quote, urlencode

import orjson

from gateway.reference.documents import Document, resolved

Node = Mapping[str, Any]

_WIDE: Final = 72
_JSON: Final = "application/json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """`operation`: its operationId, `contacts_create`; `group`: its tag. `path`: the template, filled by `parameters`.

    `query`: the parameters that cannot be left out. `body`: decoded JSON, or text of another `media` type; None for none.
    `produces`: the media type of the answer, nothing where it has no body. `repeatable`: it takes an Idempotency-Key.
    """

    operation: str
    group: str
    method: str
    origin: str
    path: str
    contract: str
    parameters: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, Any] = field(default_factory=dict)
    media: str = ""
    body: Any = None
    produces: str = _JSON
    repeatable: bool = False

    @property
    def address(self) -> str:
        """The path with its parameters in it, and the query."""
        path = self.path
        for name, value in self.parameters.items():
            path = path.replace(f"{{{name}}}", quote(value, safe="~"))
        return f"{path}?{urlencode(self.query)}" if self.query else path


@dataclass(frozen=True, slots=True)
class Writer:
    """`name`: as renderers of `x-codeSamples` know it; `label`: as people do. `write` gives None where it has no sample."""

    name: str
    label: str
    write: Callable[[Call], str | None]


def curl(call: Call) -> str:
    """For a POSIX shell, with the token in `TOKEN`. Text is sent from, or written to, a file named for the group."""
    file = f"{call.group}.csv"
    method = [] if call.method == "GET" or (call.method == "POST" and call.body is not None) else ["-X", call.method]
    lines = [
        " ".join(["curl", *method, shlex.quote(call.origin + call.address)]),
        '-H "Authorization: Bearer $TOKEN"',
        f'-H "Version: {call.contract}"',
    ]
    if call.repeatable:
        lines.append('-H "Idempotency-Key: $(uuidgen)"')
    if call.body is not None:
        lines.append(f'-H "Content-Type: {call.media}"')
        text = isinstance(call.body, str)
        lines.append(f"--data-binary @{file}" if text else f"-d {shlex.quote(written(call.body))}")
    if call.produces not in (_JSON, ""):
        lines.append(f"-o {file}")
    return " \\\n  ".join(lines)


def written(value: Any) -> str:
    """JSON on one line where that can be read, indented where not."""
    line = orjson.dumps(value).decode()
    return line if len(line) <= _WIDE else orjson.dumps(value, option=orjson.OPT_INDENT_2).decode()


CURL: Final = Writer("curl", "curl", curl)


def call_of(document: Document, path: str, method: str, item: Node) -> Call:
    """The call that an operation of the document shows: its parameters' examples, and the first of its bodies that has one."""
    components = document["components"]
    parameters = [resolved(components, each) for each in item["parameters"]]
    # What a file is sent as is easier to show than a form around it: that has no example.
    contents = item.get("requestBody", {}).get("content", {})
    media, values = next(((media, values) for media, each in contents.items() if (values := examples(each))), ("", {}))
    answered = next(response for status, response in item["responses"].items() if status.startswith("2"))
    return Call(
        operation=item["operationId"],
        group=item["tags"][0],
        method=method.upper(),
        origin=document["servers"][0]["url"],
        path=path,
        contract=document["info"]["version"],
        parameters={each["name"]: str(each["example"]) for each in parameters if each["in"] == "path"},
        query={each["name"]: each["example"] for each in parameters if each["in"] == "query" and each.get("required")},
        media=media,
        # One that says something, where there is one.
        body=next((each for each in values.values() if each), next(iter(values.values()), None)),
        produces=next(iter(answered.get("content", {})), ""),
        repeatable=any(each["name"] == "Idempotency-Key" for each in parameters),
    )


def examples(content: Node) -> dict[str, Any]:
    """What each example of a media type shows → its value."""
    if "example" in content:
        return {"Example": content["example"]}
    return {shown.get("summary", name): shown["value"] for name, shown in content.get("examples", {}).items()}


def sampled(document: Document, writers: Sequence[Writer]) -> Document:
    """The document with `x-codeSamples` at each operation."""
    paths = {
        path: {
            method: {**item, "x-codeSamples": _samples(call_of(document, path, method, item), writers)}
            for method, item in methods.items()
        }
        for path, methods in document["paths"].items()
    }
    return {**document, "paths": paths}


def _samples(call: Call, writers: Sequence[Writer]) -> list[dict[str, str]]:
    told = [(writer, writer.write(call)) for writer in writers]
    return [{"lang": each.name, "label": each.label, "source": text} for each, text in told if text is not None]
