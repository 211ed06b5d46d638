"""Where a deployment keeps its data, from the configuration as it is written: nothing is checked here, and little is loaded."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from gateway.config.document import Document, read
from gateway.config.embedded import DATABASE, EMBEDDED
from gateway.config.environment import CONFIG, DATA_DIR, Override, apply, overrides


def locate(path: Path | None, env: Mapping[str, str]) -> Path | None:
    """The file that `load` reads: the given one, else GATEWAY_CONFIG, else ./config.yaml when there is one."""
    if path is not None:
        return path
    if named := env.get(CONFIG):
        return Path(named)
    here = Path("config.yaml")
    return here if here.exists() else None


def data_directory(path: Path | None, env: Mapping[str, str], given: Path | None = None) -> Path:
    """Where `load` finds the data directory, from a configuration that may be full of faults by now. Reads no secret.

    path and env: as for `load`. given: the flag, None when it was not given. What cannot be read counts as not written,
    and the default stands for a directory that is not written anywhere. Raises OSError when the current one has gone.
    """
    return _directory(_written(path, env, given), path, env)


def embedded_database(path: Path | None, env: Mapping[str, str], given: Path | None = None) -> Path | None:
    """The file of the embedded database; None where another one is configured, or something is wrong at first sight."""
    document = _written(path, env, given)
    stores = document.values.get("stores", {})
    if document.faults or not isinstance(stores, dict) or stores.get("sql", EMBEDDED) != EMBEDDED:
        return None
    return _directory(document, path, env) / DATABASE


def _written(path: Path | None, env: Mapping[str, str], given: Path | None) -> Document:
    """The file with what the environment and the flag say of data directory and stores."""
    file = locate(path, env)
    document = read(file) if file else Document()
    found: list[Override] = []
    for item in overrides(env, frozenset()):
        if isinstance(item, Override):
            found.append(item)
        else:
            document.faults.append(item)
    if given is not None:
        found.append(Override(DATA_DIR, given, "command line"))
    for override in found:
        if override.key == DATA_DIR[: len(override.key)]:
            document.values["server"] = _server(document)
        if override.key[0] in {"server", "stores"}:
            apply(document, override)
    return document


def _directory(document: Document, path: Path | None, env: Mapping[str, str]) -> Path:
    file = locate(path, env)
    written = _server(document).get("data_dir")
    return (file.parent if file else Path()).absolute() / written if isinstance(written, str) else Path.cwd() / "data"


def _server(document: Document) -> dict[str, Any]:
    server = document.values.get("server")
    return server if isinstance(server, dict) else {}
