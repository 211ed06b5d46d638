"""File, environment and flags in, Settings out, or every fault at once.

Precedence: flags, environment, file, built-in defaults.
"""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from gateway.config.document import Document, Key, read
from gateway.config.environment import CONFIG, Override, overrides
from gateway.config.explain import explained
from gateway.config.faults import ConfigError, Fault, dotted
from gateway.config.policies import roles_as_written
from gateway.config.secrets import has_password
from gateway.config.services import services_as_written
from gateway.config.settings import Server, Settings

_DATA_DIR = ("server", "data_dir")


def locate(path: Path | None, env: Mapping[str, str]) -> Path | None:
    """The file that `load` reads: the given one, else GATEWAY_CONFIG, else ./config.yaml when there is one."""
    if path is not None:
        return path
    if named := env.get(CONFIG):
        return Path(named)
    here = Path("config.yaml")
    return here if here.exists() else None


def load(path: Path | None, env: Mapping[str, str], overrides: Mapping[str, object] | None = None) -> Settings:
    """The whole configuration, checked.

    path: as for `locate`. env: usually os.environ. overrides: flags by dotted key (`{"server.port": 8081}`);
    None means that the flag was not given. Raises ConfigError with all faults, secrets that cannot be read included.
    """
    file = locate(path, env)
    document = read(file) if file else Document()
    document.faults.extend(_passwords(document))
    flags = [Override(tuple(key.split(".")), value, "command line") for key, value in (overrides or {}).items()]
    for item in [*_environment(env, document), *(flag for flag in flags if flag.value is not None)]:
        if isinstance(item, Fault):
            document.faults.append(item)
        else:
            _apply(document, item)
    folder = (file.parent if file else Path()).absolute()
    try:
        settings = Settings.model_validate(document.values, context={"folder": folder, "env": env})
    except ValidationError as error:
        # A value that could not be read stands as null: what is wrong with that has been said.
        said = {fault.path for fault in document.faults}
        document.faults.extend(fault for fault in explained(error, document) if fault.path not in said)
        raise ConfigError(document.faults) from None
    if document.faults:
        raise ConfigError(document.faults)
    return settings


def data_directory(path: Path | None, env: Mapping[str, str], given: Path | None = None) -> Path:
    """Where `load` finds the data directory, from a configuration that may be full of faults by now. Reads no secret.

    path and env: as for `load`. given: the flag, None when it was not given. What cannot be read counts as not written,
    and the default stands for a directory that is not written anywhere. Raises OSError when the current one has gone.
    """
    file = locate(path, env)
    document = read(file) if file else Document()
    found = [item for item in overrides(env, frozenset()) if isinstance(item, Override)]
    if given is not None:
        found.append(Override(_DATA_DIR, given, "command line"))
    for override in found:
        if override.key == _DATA_DIR[: len(override.key)]:
            document.values["server"] = _server(document)
            _apply(document, override)
    written = _server(document).get("data_dir")
    return (file.parent if file else Path()).absolute() / written if isinstance(written, str) else Server().data_dir


def _server(document: Document) -> dict[str, Any]:
    server = document.values.get("server")
    return server if isinstance(server, dict) else {}


def _environment(env: Mapping[str, str], document: Document) -> Iterator[Override | Fault]:
    # Overrides may bring references of their own, so they are read once for those and once for good.
    named = set(_referenced(document.values))
    for item in overrides(env, frozenset()):
        if isinstance(item, Override):
            named.update(_referenced(item.value))
    return overrides(env, frozenset(named))


def _referenced(value: object) -> Iterator[str]:
    match value:
        case {"env": str(name), **others} if not others:
            yield name
        case dict():
            for part in value.values():
                yield from _referenced(part)


def _apply(document: Document, override: Override) -> None:
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
    from_here = override.key == _DATA_DIR and isinstance(override.value, str | os.PathLike)
    place[last] = str(Path(override.value).absolute()) if from_here else override.value
    document.sources = {at: where for at, where in document.sources.items() if at[: len(override.key)] != override.key}
    document.sources[override.key] = override.source


def _seed(document: Document, key: Key) -> None:
    # A map that is given replaces its default whole. Overriding one entry of a map that the file leaves out is meant
    # as a change to the default, so the default has to be there to be changed.
    defaults = {"services": services_as_written, "roles": roles_as_written}
    if len(key) > 1 and key[0] in defaults and document.values.get(key[0]) is None:
        document.values[key[0]] = defaults[key[0]]()


def _passwords(document: Document) -> Iterator[Fault]:
    stores = document.values.get("stores")
    for name in ("redis", "sql"):
        url = stores.get(name) if isinstance(stores, dict) else None
        if isinstance(url, str) and has_password(url):
            yield Fault(
                f"stores.{name}",
                "carries a password, and a secret may not stand in the configuration itself",
                "Put the whole URL into a variable or a file and write {env: NAME} or {file: PATH}.",
                document.source(("stores", name)),
            )
