"""Reads config.yaml: strict YAML with the line of every key, so that a fault can say where it is."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from yaml.nodes import MappingNode, Node, SequenceNode

from gateway.config.faults import Fault

Key = tuple[str, ...]


class TextDates(yaml.SafeLoader):
    """SafeLoader that leaves dates as text: they are keys here, and a fault must repeat them as they were written."""


TextDates.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


@dataclass(slots=True)
class Document:
    """A configuration as plain values, with where each came from and what is wrong with it already."""

    values: dict[str, Any] = field(default_factory=dict)
    sources: dict[Key, str] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)

    def source(self, key: Key) -> str:
        """Where the value at `key` came from, or else what is in it, or else the section around it."""
        within = (where for place, where in self.sources.items() if place[: len(key)] == key)
        if key and key not in self.sources and (where := next(within, None)):
            return where
        while key and key not in self.sources:
            key = key[:-1]
        return self.sources.get(key, "")


def read(path: Path) -> Document:
    """The file's content. What cannot be read or parsed becomes a fault, and the values stay empty."""
    document = Document()

    def fault(problem: str, fix: str) -> Document:
        document.faults.append(Fault(str(path), problem, fix))
        return document

    try:
        loader = TextDates(path.read_text(encoding="utf-8"))
        node = loader.get_single_node()
        if node is None:
            return document
        if not isinstance(node, MappingNode):
            return fault("does not consist of keys and values", "Start from the config.yaml of the repository.")
        _note(node, (), path.name, document, set())
        document.values = loader.construct_document(node)
    except OSError as error:
        return fault(f"cannot be read: {error.strerror}", "Name an existing file that this user can read.")
    except UnicodeDecodeError:
        return fault("is not UTF-8 text", "Save it as UTF-8.")
    except yaml.MarkedYAMLError as error:
        line = f"line {error.problem_mark.line + 1}: " if error.problem_mark else ""
        return fault(f"{line}{error.problem or error.context}", "Correct the YAML; indent with spaces.")
    except yaml.YAMLError:
        return fault("contains characters that YAML does not allow", "Remove control characters.")
    return document


def _note(node: Node, key: Key, name: str, document: Document, seen: set[int]) -> None:
    if id(node) in seen:
        raise yaml.MarkedYAMLError(problem="an alias to a value around it", problem_mark=node.start_mark)
    seen = seen | {id(node)}
    if isinstance(node, SequenceNode):
        for index, item in enumerate(node.value):
            document.sources[*key, str(index)] = f"{name}, line {item.start_mark.line + 1}"
            _note(item, (*key, str(index)), name, document, seen)
    elif isinstance(node, MappingNode):
        lines: dict[str, int] = {}
        for written, value in node.value:
            line = written.start_mark.line + 1
            if (first := lines.setdefault(str(written.value), line)) != line:
                path = ".".join((*key, str(written.value)))
                document.faults.append(
                    Fault(path, f"stands twice, on lines {first} and {line}", "Remove one of them.", name)
                )
            document.sources[*key, str(written.value)] = f"{name}, line {line}"
            _note(value, (*key, str(written.value)), name, document, seen)
