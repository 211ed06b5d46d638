"""Valid requests of every operation, found by sending the examples of the documents: what the hostile ones are made of."""

from __future__ import annotations

import json
import re
from collections.abc import Awaitable, Callable, Iterator
from typing import Any
from urllib.parse import quote

from adapters import RESOURCES
from adapters.core.declare.resource import Op
from tests.attacks.fuzzing.asked import Asked
from tests.attacks.fuzzing.inside import Said
from tests.conformance.declared import least
from tests.live import NEWEST
from tests.openapi.generated import GENERATED

# With a digit: names of fields are written much the same.
_ID = re.compile(r"\b([a-z]{2,8})_(?=[a-zA-Z.-]*[0-9])[0-9a-zA-Z.-]{4,}\b")
_BOUNDARY = "3f9a"
Ask = Callable[[Asked], Awaitable[Said]]


class Seeds:
    """`requests`: of every operation at least one. ids: by prefix, of records that are there; cursors: by path, valid ones; test: the
    header that makes a request one of test mode.
    """

    def __init__(self, host: str, token: str, test_token: str) -> None:
        self.requests: list[Asked] = []
        self.worked: set[str] = set()  # names of operations of which one was done
        self.refused: dict[str, bytes] = {}  # by name, the end of what one of them was told
        self.cursors: list[Asked] = []
        self._host = host
        self._token = token
        self.test = "Authorization", f"Bearer {test_token}".encode()
        self._ids: dict[str, str] = {}  # by prefix
        self._first: dict[str, str] = {}  # by the path of the collection

    def headers(self, version: str = NEWEST) -> list[tuple[str, bytes]]:
        """Those of a client as it should be."""
        lines = {"Host": self._host, "Authorization": f"Bearer {self._token}", "Version": version}
        return [(name, each.encode()) for name, each in lines.items()]

    async def learn(self, ask: Ask) -> None:
        """Ask for what there is, and then for each operation as its example does."""
        for resource in RESOURCES:
            if Op.SEARCH in resource.operations:
                path = f"/v1/{resource.path}"
                found = await self._told(ask, self._json("seek", "POST", f"{path}/search", least(resource, limit=2)))
                for record in (found or {}).get("data", []):
                    self._there(path, record)
        for asked in list(self._every()):
            # What is looked for nowhere is made.
            if asked.method == "POST" and asked.path not in self._first and asked.path.count("/") == 2:
                made = await ask(asked)
                if made.status == 201:
                    self._there(asked.path, json.loads(made.body)["data"])
        # What is read is there as long as nothing has been done to it.
        for asked in sorted(self._every(), key=_harm):
            await self._try(ask, asked)

    def _there(self, path: str, record: dict[str, Any]) -> None:
        self._first.setdefault(path, record["id"])
        for found in _ID.finditer(json.dumps(record)):
            self._ids.setdefault(found[1], found[0])

    def _every(self) -> Iterator[Asked]:
        for date, document in GENERATED.items():
            for path, methods in document["paths"].items():
                for method, operation in methods.items():
                    if not path.startswith("/v1/test/"):
                        yield from self._examples(document, date, method.upper(), path, operation)

    async def _try(self, ask: Ask, asked: Asked) -> None:
        said = await ask(asked)
        if 200 <= said.status < 300:
            self.worked.add(asked.name)
        else:
            self.refused[asked.name] = said.body[-300:]
        if asked not in self.requests:
            self.requests.append(asked)
        if said.header(b"content-type") != b"application/json" or said.status >= 300:
            return
        document = json.loads(said.body)
        following = document.get("meta", {}).get("cursor", {}).get("next")
        if following:
            again = self.copied(asked)
            if asked.method == "GET":
                again.query = [each for each in again.query if each[0] != "cursor"] + [("cursor", quote(following))]
            else:
                again.document = {**(again.document or {}), "cursor": following}
            self.cursors.append(again)

    def _examples(self, document: Any, date: str, method: str, path: str, operation: dict[str, Any]) -> Iterator[Asked]:
        parameters = [_resolved(document, each) for each in operation["parameters"]]
        collection, address = path.partition("/{")[0], path
        for each in parameters:
            if each["in"] == "path":
                # A trial waits for a courier, and there is none.
                known = each["name"] == "id" and not path.endswith("/test")
                value = self._first.get(collection) if known else None
                value = value or self._real(str(each.get("example", "x")))
                address = address.replace("{" + each["name"] + "}", quote(value))
        query = [
            (each["name"], quote(str(each["example"]), safe=","))
            for each in parameters
            if each["in"] == "query" and "example" in each
        ]
        bare = Asked(operation["operationId"], method, address, query, self.headers(date))
        if any(each.get("name") == "Idempotency-Key" for each in parameters):
            bare.headers.append(("Idempotency-Key", b"%d" % len(self.requests)))
        contents = operation.get("requestBody", {}).get("content", {})
        for media, content in contents.items():
            examples = (
                [content["example"]]
                if "example" in content
                else [e["value"] for e in content.get("examples", {}).values()]
            )
            for example in examples or [""]:
                yield self._with_body(bare, media, example)
        if not contents or not operation["requestBody"].get("required"):
            yield bare
        if method == "GET" and any(each["name"] == "limit" for each in parameters):
            one = self.copied(bare)
            one.query = [("limit", "1")]
            yield one
        if path.endswith("/search"):
            yield self._with_body(bare, "application/json", {"limit": 1})

    def _with_body(self, bare: Asked, media: str, example: Any) -> Asked:
        made = self.copied(bare)
        if media == "multipart/form-data":
            csv = example or "first_name,last_name\r\nAda,Lovelace\r\n"
            part = 'Content-Disposition: form-data; name="file"; filename="a.csv"\r\nContent-Type: text/csv'
            made.body = f"--{_BOUNDARY}\r\n{part}\r\n\r\n{csv}\r\n--{_BOUNDARY}--\r\n".encode()
            media = f"{media}; boundary={_BOUNDARY}"
        elif isinstance(example, str):
            made.body = example.encode()
        else:
            made.document = json.loads(self._real(json.dumps(example)))
        made.headers.append(("Content-Type", media.encode()))
        return made

    def _json(self, name: str, method: str, path: str, document: Any) -> Asked:
        headers = [*self.headers(), ("Content-Type", b"application/json")]
        return Asked(name, method, path, headers=headers, document=document)

    def _real(self, text: str) -> str:
        """With ids of records that are there, for the invented ones of examples."""
        return _ID.sub(lambda found: self._ids.get(found[1], found[0]), text)

    async def _told(self, ask: Ask, asked: Asked) -> Any:
        said = await ask(asked)
        return json.loads(said.body) if said.status == 200 else None

    @staticmethod
    def copied(asked: Asked) -> Asked:
        """One that may be changed."""
        document = json.loads(json.dumps(asked.document)) if asked.document is not None else None
        return Asked(asked.name, asked.method, asked.path, list(asked.query), list(asked.headers), asked.body, document)


def _resolved(document: Any, node: dict[str, Any]) -> dict[str, Any]:
    if "$ref" not in node:
        return node
    found = document
    for step in node["$ref"].removeprefix("#/").split("/"):
        found = found[step]
    return dict(found)


def _harm(asked: Asked) -> int:
    """How much may be gone when it has been asked."""
    if asked.method == "GET" or asked.path.endswith(("/search", "/get")):
        return 0
    return 2 if asked.method == "DELETE" else 1
