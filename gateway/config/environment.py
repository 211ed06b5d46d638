"""`GATEWAY_…` variables as overrides: `GATEWAY_SERVER__PORT=8081` is `server.port: 8081`, `GATEWAY_BRANDS=[…]` all of it."""

import difflib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from gateway.config.document import Document, Key, NotYamlError, parse
from gateway.config.faults import Fault, dotted
from gateway.config.settings import Settings

PREFIX = "GATEWAY_"
CONFIG = "GATEWAY_CONFIG"
SHORT: Mapping[str, Key] = {
    "GATEWAY_HOST": ("server", "host"),
    "GATEWAY_PORT": ("server", "port"),
    "GATEWAY_ADMIN_PORT": ("server", "admin_port"),
    "GATEWAY_DATA_DIR": ("server", "data_dir"),
    "GATEWAY_WORKERS": ("server", "workers"),
}


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
        if not all(key) or (len(key) == 1 and key[0] not in Settings.model_fields):
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
