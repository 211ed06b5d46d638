"""`GATEWAY_…` variables as overrides: `GATEWAY_SERVER__PORT=8081` is `server.port: 8081`, `GATEWAY_BRANDS=[…]` all of it."""

import difflib
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from gateway.config.document import Document, Key, NotYamlError, parse
from gateway.config.faults import Fault, dotted

PREFIX = "GATEWAY_"
CONFIG = "GATEWAY_CONFIG"
SHORT: Mapping[str, Key] = {
    "GATEWAY_HOST": ("server", "host"),
    "GATEWAY_PORT": ("server", "port"),
    "GATEWAY_ADMIN_PORT": ("server", "admin_port"),
    "GATEWAY_DATA_DIR": ("server", "data_dir"),
    "GATEWAY_WORKERS": ("server", "workers"),
}
DATA_DIR: Final = ("server", "data_dir")


@dataclass(frozen=True, slots=True)
class Override:
    """One value that stands above the file."""

    key: Key
    value: Any
    source: str


def overrides(env: Mapping[str, str], exempt: frozenset[str]) -> Iterator[Override | Fault]:
    """What the environment sets, the short names last: of two names for one key the short one wins.

    exempt: variables that secrets refer to. They may well start with GATEWAY_, and are nobody's override.
    An empty variable counts as not set: that is how compose files and CI systems leave one out.
    """
    for name in sorted(env, key=lambda name: (name in SHORT, name)):
        if not name.startswith(PREFIX) or name == CONFIG or name in exempt or not env[name]:
            continue
        key = SHORT.get(name) or tuple(name.removeprefix(PREFIX).lower().split("__"))
        if not all(key) or (len(key) == 1 and not _is_section(key[0])):
            yield Fault(name, "is not a variable that the gateway knows", _advice(name), "environment")
        elif name in SHORT and env[name].startswith("tcp://"):
            yield Fault(
                name,
                "was set by Kubernetes for a Service named gateway",
                "Set enableServiceLinks: false in the pod, or name the Service otherwise.",
                "environment",
            )
        else:
            yield from _parsed(name, key, env[name])


def variables(env: Mapping[str, str]) -> list[str]:
    """The names of those that may decide what instances have in common: set, and not about where this one listens and keeps its files."""
    return sorted(name for name, value in env.items() if name.startswith(PREFIX) and name not in SHORT and value)


def apart(theirs: Iterable[str], ours: Iterable[str]) -> str | None:
    """How the environment that a gateway was started in differs from this one, by `variables`; None where it does not."""
    there, here = ", ".join(sorted({*theirs} - {*ours})), ", ".join(sorted({*ours} - {*theirs}))
    said = [f"with {there}" if there else "", f"without {here}" if here else ""]
    return f"it was started {' and '.join(filter(None, said))}; here it is otherwise" if there or here else None


def apply(document: Document, override: Override) -> None:
    """Put an override into the document, above what is written there; what there is no place for becomes a fault of it."""
    *sections, last = override.key
    place: Any = document.values
    _seed(document, override.key)
    for section in sections:
        if place.get(section) is None:
            place[section] = {}
        place = place[section]
        if not isinstance(place, dict):
            fix = f"Set {section} as a whole: the value may be YAML such as [a, b] or {{key: value}}."
            document.faults.append(Fault(dotted(override.key), "is inside a value without keys", fix, override.source))
            return
    # A relative folder in a flag or a variable means relative to where the command is called, as for any command.
    from_here = override.key == DATA_DIR and isinstance(override.value, str | os.PathLike)
    place[last] = str(Path(override.value).absolute()) if from_here else override.value
    document.sources = {at: where for at, where in document.sources.items() if at[: len(override.key)] != override.key}
    document.sources[override.key] = override.source


def _seed(document: Document, key: Key) -> None:
    # A map that is given replaces its default whole. Overriding one entry of a map that the file leaves out is meant
    # as a change to the default, so the default has to be there to be changed.
    if len(key) == 1 or key[0] not in {"services", "roles"} or document.values.get(key[0]) is not None:
        return
    # Late: of no use to who only asks where the data is.
    from gateway.config.policies import roles_as_written
    from gateway.config.services import services_as_written

    document.values[key[0]] = services_as_written() if key[0] == "services" else roles_as_written()


def _is_section(name: str) -> bool:
    from gateway.config.settings import Settings

    return name in Settings.model_fields


def _parsed(name: str, key: Key, text: str) -> Iterator[Override | Fault]:
    read = Document()
    try:
        value = parse(text, key, read, lambda _: name)
    except NotYamlError as error:
        yield Fault(dotted(key), f"is not valid YAML: {error.problem}", "Quote it: VARIABLE='\"text\"'.", name)
        return
    yield from read.faults
    yield Override(key, value, name)


def _advice(name: str) -> str:
    known = [short.removeprefix(PREFIX) for short in (*SHORT, CONFIG)]
    close = difflib.get_close_matches(name.removeprefix(PREFIX), known, n=1)
    if close:
        return f"Did you mean {PREFIX}{close[0]}?"
    return f"Write GATEWAY_SECTION__KEY with two underscores, or one of {', '.join([*SHORT, CONFIG])}; or unset it."
