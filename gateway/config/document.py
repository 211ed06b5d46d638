"""Reads config.yaml and variables: strict YAML with the line of every key, so that a fault can say where it is."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from gateway.config.faults import Fault, dotted

Key = tuple[str, ...]

_MOST_REPEATED: Final = 10_000
_TEXT, _NULL, _MERGE = (f"tag:yaml.org,2002:{kind}" for kind in ("str", "null", "merge"))


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


class NotYamlError(Exception):
    """A text that is no YAML, or stands for more than anybody configures; `problem` and `fix` as in a Fault."""

    def __init__(self, problem: str, fix: str) -> None:
        super().__init__(problem)
        self.problem = problem
        self.fix = fix


def read(path: Path) -> Document:
    """The file's content. What cannot be read or parsed becomes a fault, and the values stay empty."""
    document = Document()

    def fault(problem: str, fix: str) -> Document:
        document.faults.append(Fault(str(path), problem, fix))
        return document

    try:
        values = parse(path.read_text(encoding="utf-8"), (), document, f"{path.name}, line {{}}".format)
    except OSError as error:
        return fault(f"cannot be read: {error.strerror}", "Name an existing file that this user can read.")
    except UnicodeDecodeError:
        return fault("is not UTF-8 text", "Save it as UTF-8.")
    except NotYamlError as error:
        return fault(error.problem, error.fix)
    if values is not None and not isinstance(values, dict):
        return fault("does not consist of keys and values", "Start from the config.yaml of the repository.")
    document.values = values or {}
    return document


def parse(text: str, key: Key, document: Document, place: Callable[[int], str]) -> Any:
    """The plain value of a text that stands at `key`; `place` names a line of it, counted from 1.

    A part that cannot be used becomes a fault of `document`, and null. Raises NotYamlError.
    """
    try:
        loader = TextDates(text)
        node = loader.get_single_node()
        if node is None:
            return None
        _Walk(loader, document, place).through(node, key, frozenset())
        return loader.construct_document(node)
    except yaml.MarkedYAMLError as error:
        line = f"line {error.problem_mark.line + 1}: " if error.problem_mark else ""
        raise NotYamlError(f"{line}{error.problem or error.context}", "Correct the YAML; indent with spaces.") from None
    except yaml.YAMLError:
        raise NotYamlError("contains characters that YAML does not allow", "Remove control characters.") from None
    except RecursionError:
        raise NotYamlError("is nested too deeply", "Start from the config.yaml of the repository.") from None


class _Walk:
    """Through all nodes before values are made of them: notes where each stands, and what would fail or get lost then."""

    def __init__(self, loader: TextDates, document: Document, place: Callable[[int], str]) -> None:
        self._loader = loader
        self._document = document
        self._place = place
        self._met: set[int] = set()
        self._repeated = 0

    def through(self, node: Node, key: Key, around: frozenset[int]) -> None:
        """`around`: the ids of the nodes that `node` is in."""
        if id(node) in around:
            raise yaml.MarkedYAMLError(problem="an alias to a value around it", problem_mark=node.start_mark)
        # A few hundred bytes of aliases to lists of aliases can stand for more values than any memory holds.
        self._repeated += id(node) in self._met
        self._met.add(id(node))
        if self._repeated > _MOST_REPEATED:
            raise yaml.MarkedYAMLError(problem="too many values that are aliases", problem_mark=node.start_mark)
        around |= {id(node)}
        if isinstance(node, SequenceNode):
            for index, item in enumerate(node.value):
                self._document.sources[*key, str(index)] = self._place(_line(item))
                self.through(item, (*key, str(index)), around)
        elif isinstance(node, MappingNode):
            node.value = [entry for entry in node.value if self._is_named(entry[0], key)]
            self._tell_twice(node, key)
            for written, value in node.value:
                self._document.sources[*key, written.value] = self._place(_line(written))
                self.through(value, (*key, written.value), around)
        elif not self._is_readable(node):
            kind = node.tag.rpartition(":")[2]
            self._fault(node, key, f"cannot be read as {kind}", "Correct it; text goes in quotes.")
            node.tag, node.value = _NULL, ""

    def _is_named(self, written: Node, key: Key) -> bool:
        """Whether a key is text; YAML takes on, no, 1 and [a] for other things."""
        is_scalar = isinstance(written, ScalarNode)
        # A tag is whatever somebody wrote: !!str [a] is a list all the same.
        if is_scalar and (written.tag == _MERGE or (written.tag == _TEXT and self._is_readable(written))):
            return True
        path = (*key, str(written.value)) if is_scalar else key
        self._fault(written, path, "is a key that is not text", "Put the key in quotes, or correct it.")
        return False

    def _tell_twice(self, node: MappingNode, key: Key) -> None:
        first: dict[str, Node] = {}
        for written, _ in node.value:
            # Not by the node: an alias of the key before is the same one.
            if written.value in first:
                lines = sorted({_line(first[written.value]), _line(written)})
                on = f"lines {lines[0]} and {lines[1]}" if lines[1:] else f"line {lines[0]}"
                self._fault(written, (*key, written.value), f"stands twice, on {on}", "Remove one of them.")
            else:
                first[written.value] = written

    def _is_readable(self, node: Node) -> bool:
        # What the constructors raise depends on the tag; KeyError and AttributeError are among it.
        try:
            value = self._loader.construct_object(ScalarNode(node.tag, node.value))
            # Neither NUL nor half of a surrogate pair, which encode() refuses, can be in a path or go out to anybody.
            return not isinstance(value, str) or b"\0" not in value.encode()
        except (yaml.YAMLError, ValueError, LookupError, AttributeError, TypeError):
            return False

    def _fault(self, node: Node, key: Key, problem: str, fix: str) -> None:
        path = dotted(key).encode(errors="backslashreplace").decode()
        self._document.faults.append(Fault(path or "configuration", problem, fix, self._place(_line(node))))


def _line(node: Node) -> int:
    return int(node.start_mark.line) + 1
