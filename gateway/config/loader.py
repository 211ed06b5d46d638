"""File, environment and flags in, Settings out, or every fault at once.

Precedence: flags, environment, file, built-in defaults.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path

from pydantic import ValidationError

from gateway.config.document import Document, read
from gateway.config.environment import Override, apply, overrides
from gateway.config.explain import explained
from gateway.config.faults import ConfigError, Fault
from gateway.config.places import locate
from gateway.config.secrets import has_password
from gateway.config.settings import Settings


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
            apply(document, item)
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
