"""A document in parts, as it is committed: one file a resource, one for what resources share, one for the contract itself.

What is sent to subscribers has one of its own: each names its contract, and would make every resource a different one.

An older contract has those files only that differ from the next newer one's, so a contract costs what it changes.
`gateway.reference.documents` puts the parts together again.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from gateway.reference.documents import CONTRACT, EMPTY, SHARED, WEBHOOKS, merged, reached

Document = dict[str, Any]

_WIDTH = 118


def split(document: Document) -> dict[str, Document]:
    """Name of a part → the part: names of tags, `shared`, `webhooks` and `contract`."""
    by_tag: dict[str, Document] = {tag["name"]: {} for tag in document["tags"]}
    for path, methods in document["paths"].items():
        tags = {operation["tags"][0] for operation in methods.values()}
        if len(tags) != 1:
            raise ValueError(f"{path} belongs to more than one resource")
        by_tag[tags.pop()][path] = methods
    components = document["components"]
    sent: dict[str, Document] = {tag: {} for tag in by_tag}
    for name, item in document["webhooks"].items():
        sent[item["post"]["tags"][0]][name] = item
    owners = _owners(components, {tag: paths | sent[tag] for tag, paths in by_tag.items()})
    parts: dict[str, Document] = {
        tag: {
            "paths": paths,
            "components": {"schemas": {n: s for n, s in components["schemas"].items() if owners.get(n) == tag}},
        }
        for tag, paths in by_tag.items()
    }
    rest = {name: schema for name, schema in components["schemas"].items() if name not in owners}
    version = {"Version": components["parameters"]["Version"]}
    others = {name: value for name, value in components["parameters"].items() if name not in version}
    parts[WEBHOOKS] = {"webhooks": document["webhooks"]}
    parts[CONTRACT] = {"info": document["info"], "components": {"parameters": version}}
    parts[SHARED] = {
        **{name: value for name, value in document.items() if name not in {"info", "paths", "webhooks", "components"}},
        "components": {**components, "schemas": rest, "parameters": others},
    }
    return parts


def files(documents: Mapping[str, Document]) -> dict[str, bytes]:
    """`{date}/{part}.json` → its text, of the files there have to be. `documents`: by date, newest first."""
    found: dict[str, bytes] = {}
    newer: dict[str, bytes] = {}
    for date, document in documents.items():
        texts = {name: _text(part) for name, part in split(document).items()}
        # A resource that only newer contracts have.
        texts |= {name: _text(EMPTY) for name in newer if name not in texts}
        found |= {f"{date}/{name}.json": text for name, text in texts.items() if newer.get(name) != text}
        newer = texts
    return found


def read(folder: Path) -> dict[str, Document]:
    """The documents whose parts are in `folder`, newest first."""
    return merged({f"{path.parent.name}/{path.name}": path.read_bytes() for path in folder.glob("*/*.json")})


def _owners(components: Document, by_tag: Mapping[str, Document]) -> dict[str, str]:
    """Schema → the one resource that it belongs to: the only one that refers to it, or the only one whose own paths do.

    A contact is a contact also where a company lists it.
    """
    owners: dict[str, str] = {}
    for own in (False, True):
        users: dict[str, list[str]] = {}
        for tag, paths in by_tag.items():
            kept = {path: item for path, item in paths.items() if not own or path.count("/") <= 3}
            for reference in reached(components, kept):
                group, _, name = reference.partition("/")
                if group == "schemas":
                    users.setdefault(name, []).append(tag)
        owners |= {name: tags[0] for name, tags in users.items() if len(tags) == 1 and name not in owners}
    return owners


def _text(part: Document) -> bytes:
    return (_written(part, 0) + "\n").encode()


def _written(node: Any, indent: int) -> str:
    """JSON in which everything that fits on a line has one: what belongs together is read together."""
    line = json.dumps(node, ensure_ascii=False)
    if len(line) + indent <= _WIDTH or not node or not isinstance(node, dict | list):
        return line
    margin = " " * (indent + 2)
    if isinstance(node, dict):
        inner = [f"{json.dumps(name)}: {_written(value, indent + 2)}" for name, value in node.items()]
    else:
        inner = [_written(value, indent + 2) for value in node]
    first, last = "{}" if isinstance(node, dict) else "[]"
    return f"{first}\n{margin}" + f",\n{margin}".join(inner) + f"\n{' ' * indent}{last}"
