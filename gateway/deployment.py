"""What this deployment offers, from its settings: the operations of its services.

Here a configuration is held against what this release has: contracts, scopes, operations.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping

from adapters import REPORTS, RESOURCES, RESTRICTED_FAMILIES, SCOPE_FAMILIES
from adapters.core.compile.builder import Override
from adapters.core.compile.catalogue import compile_all, prefixes
from adapters.core.operation import Operation
from adapters.core.request.json_body import nearest
from gateway.auth.scopes import EVERYTHING, SINGLE_SCOPES, family_of, matching
from gateway.config import ConfigError, Fault
from gateway.config.settings import Settings
from gateway.versions import CONTRACTS


def check(settings: Settings) -> None:
    """ConfigError with every fault when the configuration speaks of a contract, scope or operation that does not exist."""
    faults = [*_contracts(settings), *_patterns(settings), *_ids(settings)]
    try:
        operations(settings)
    except ConfigError as error:
        faults += error.faults
    if faults:
        raise ConfigError(faults)


def operations(settings: Settings) -> list[Operation]:
    """Every operation of every resource and report. One whose service is not configured, or that is switched off, is not enabled.

    ConfigError when the configuration speaks of an operation that does not exist.
    """
    overrides = {
        name: Override(declared.enabled, declared.path, declared.via)
        for service in settings.services.values()
        for name, declared in service.operations.items()
    }
    compiled = compile_all(RESOURCES, CONTRACTS, overrides, settings.ids, REPORTS)
    if faults := list(_unknown(settings, {operation.name: operation.service for operation in compiled})):
        raise ConfigError(faults)
    offered: set[str] = set(settings.services)
    return [
        operation if operation.service in offered else dataclasses.replace(operation, enabled=False)
        for operation in compiled
    ]


def _contracts(settings: Settings) -> Iterator[Fault]:
    known = [contract.date for contract in CONTRACTS]
    for date in settings.versions:
        if date.isoformat() not in known:
            hint = f"Remove it, or name one of {', '.join(known)}."
            yield Fault(f"versions.{date}", "is not the date of a contract", hint)


def _patterns(settings: Settings) -> Iterator[Fault]:
    for name, role in settings.roles.items():
        for field, patterns in (("allow", role.allow), ("deny", role.deny)):
            for at, pattern in enumerate(patterns):
                if not matching((pattern,)):
                    hint = nearest(pattern, SINGLE_SCOPES).strip() or f"Scopes begin with {', '.join(SCOPE_FAMILIES)}."
                    yield Fault(f"roles.{name}.{field}[{at}]", f'"{pattern}" matches no scope', hint)


def warnings(settings: Settings, restricted: frozenset[str] = RESTRICTED_FAMILIES) -> Iterator[Fault]:
    """What is allowed in a configuration, and may be meant otherwise: `*` stands for fewer scopes than it looks."""
    for name, role in settings.roles.items():
        named = {family_of(pattern) for pattern in (*role.allow, *role.deny)}
        if "*" in role.allow and EVERYTHING not in role.allow and restricted and not restricted & named:
            families = ", ".join(sorted(restricted))
            yield Fault(
                f"roles.{name}.allow",
                f'"*" grants none of the restricted families: {families}',
                'Name those that the role may use, write "**" for everything, or deny one of them to say that it is meant so.',
            )


def _ids(settings: Settings) -> Iterator[Fault]:
    known = prefixes(RESOURCES)
    for prefix in settings.ids:
        if prefix not in known:
            hint = nearest(prefix, known).strip() or f"Ids begin with {', '.join(sorted(known))}."
            yield Fault(f"ids.{prefix}", "begins no id", hint)


def _unknown(settings: Settings, known: Mapping[str, str]) -> Iterator[Fault]:
    for service, section in settings.services.items():
        own = [name for name, of in known.items() if of == service]
        for name in section.operations:
            if name not in own:
                hint = nearest(name, own).strip() or "`gateway probe` lists the operations of each service."
                path = f"services.{service}.operations.{name}"
                yield Fault(path, f"the service {service} has no such operation", hint)
