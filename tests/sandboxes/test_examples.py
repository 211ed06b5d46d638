"""Every example of the operations of test mode is sent to a sandbox, and every answer is what the document promised."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.openapi.generated import GENERATED
from tests.openapi.test_examples import bodies, promised, resolved
from tests.sandboxes.apart import Apart, apart

ALL = [
    (date, method, path)
    for date, document in GENERATED.items()
    for path, methods in document["paths"].items()
    if path.startswith("/v1/test/")
    for method in methods
]


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Apart]:
    with apart(tmp_path_factory.mktemp("examples")) as running:
        yield running


@pytest.mark.parametrize(("date", "method", "path"), ALL, ids=[" ".join(each) for each in ALL])
def test_the_example_works_as_it_says(both: Apart, date: str, method: str, path: str) -> None:
    document = GENERATED[date]
    operation = document["paths"][path][method]
    success = next(status for status in operation["responses"] if status.startswith("2"))
    for media, text in bodies(operation):
        token, address = both.another(seed="small")["token"], path
        if "{id}" in path:
            made = _id_below(both, token, path.partition("/{")[0])
            address = path.replace("{id}", made)
        for parameter in (resolved(document, each) for each in operation["parameters"]):
            if parameter["in"] == "path":
                address = address.replace("{" + parameter["name"] + "}", str(parameter["example"]))
        headers = {"Content-Type": media} if media else {}
        content = text.encode() or None
        answer = both.live.call(method.upper(), address, content=content, headers=headers, token=token, version=date)
        assert str(answer.status_code) == success, answer.text
        promised(date, operation["responses"][success], answer)


def _id_below(both: Apart, token: str, collection: str) -> str:
    """The id of what the collection's own POST makes."""
    answer = both.ask("POST", collection, token, {} if collection.endswith("sandboxes") else {"name": "mine"})
    assert answer.status_code == 201, answer.text
    data: dict[str, str] = answer.json()["data"]
    return data.get("sandbox") or data["id"]
