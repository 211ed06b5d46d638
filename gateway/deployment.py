"""What this deployment offers, from its settings: its catalogue of resources, and the operations of its services.

Here a configuration is held against what there is: contracts, scopes, operations, packages with resources of its own.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from importlib import import_module

from adapters import ANNOUNCED, OWN, REPORTS, RESOURCES, RESTRICTED_FAMILIES
from adapters.core.compile.builder import Override, Unfit
from adapters.core.compile.catalogue import Catalogue, prefixes
from adapters.core.extension import Extension
from adapters.core.operation import Operation
from adapters.core.request.json_body import nearest
from gateway.auth.scopes import EVERYTHING, family_of, matching
from gateway.config import SANDBOX, ConfigError, Fault
from gateway.config.explain import suggestion
from gateway.config.services import SERVICES
from gateway.config.settings import Settings
from gateway.versions import CONTRACTS

ATTRIBUTE = "EXTENSION"
"""What a package of `resources` calls its `Extension`."""


def built_in() -> Catalogue:
    """What every deployment has."""
    return Catalogue(RESOURCES, CONTRACTS, REPORTS, ANNOUNCED, OWN, RESTRICTED_FAMILIES)


def catalogue(settings: Settings) -> Catalogue:
    """What this deployment has: the built-in resources and those of its packages. Made once a process, at start.

    ConfigError when a package cannot be used.
    """
    return with_packages(settings.resources)


def with_packages(packages: Sequence[str]) -> Catalogue:
    """The built-in catalogue and what these packages add to it. ConfigError for the first that cannot be used."""
    whole = built_in()
    for at, package in enumerate(packages):
        try:
            extension = getattr(import_module(package), ATTRIBUTE)
            if not isinstance(extension, Extension):
                raise TypeError(f"{ATTRIBUTE} is no Extension")
            whole = whole.extended(extension)
            # What is wrong with a declaration shows here, with the package's name, and not at the first request.
            whole.operations()
            whole.events()
        except Exception as error:  # whatever somebody else's code raises is told as a fault of it
            raise ConfigError([Fault(f"resources[{at}]", *_told(package, error))]) from error
    return whole


def _told(package: str, error: Exception) -> tuple[str, str]:
    """What is wrong with a package, and what to do about it."""
    if isinstance(error, ModuleNotFoundError) and error.name and f"{package}.".startswith(f"{error.name}."):
        fix = "Install it where the gateway is installed, or name the folder that it lies in in PYTHONPATH."
        return f"there is no package {error.name}", fix
    if isinstance(error, AttributeError) and error.name == ATTRIBUTE and getattr(error.obj, "__name__", "") == package:
        return (
            f"{package} has no {ATTRIBUTE}",
            f"Set {ATTRIBUTE} = Extension(resources=(…,)) in it; see docs/extending.md.",
        )
    return f"{package} cannot be used: {type(error).__name__}: {error}", "Correct the package; see docs/extending.md."


@dataclass(frozen=True, slots=True)
class Offer:
    """A deployment's catalogue and its operations, compiled: what takes longest of a worker's start, and needs settings alone.

    basis: what of the settings they were compiled from.
    """

    catalogue: Catalogue
    operations: Sequence[Operation]
    basis: object

    def fits(self, settings: Settings) -> bool:
        """Whether these settings offer the same."""
        return self.basis == _basis(settings)


def _basis(settings: Settings) -> object:
    changed = {name: service.operations for name, service in settings.services.items()}
    return settings.resources, settings.ids, changed


def offer(settings: Settings) -> Offer:
    """What settings that have been checked offer. ConfigError as `catalogue` and `operations` raise it."""
    known = catalogue(settings)
    known.events(settings.ids)
    return Offer(known, operations(settings, known), _basis(settings))


def check(settings: Settings) -> Catalogue:
    """The deployment's catalogue; ConfigError as `checked` raises it."""
    return checked(settings).catalogue


def checked(settings: Settings, former: Offer | None = None) -> Offer:
    """What this deployment offers. ConfigError with every fault when the configuration speaks of a package, contract, scope,
    service or operation that does not exist.

    former: what was offered until now, which is not compiled again when it fits.
    """
    kept = former if former is not None and former.fits(settings) else None
    known = kept.catalogue if kept else catalogue(settings)
    faults = [
        *_contracts(settings, known),
        *_patterns(settings, known),
        *_ids(settings, known),
        *_services(settings, known),
        *_issuers(settings),
    ]
    offered: Sequence[Operation] = kept.operations if kept else ()
    if kept is None:
        try:
            offered = operations(settings, known)
        except ConfigError as error:
            faults += error.faults
    if faults:
        raise ConfigError(faults)
    return kept or Offer(known, offered, _basis(settings))


def operations(settings: Settings, known: Catalogue) -> list[Operation]:
    """Every operation of the catalogue. One whose service is not configured, or that is switched off, is not enabled.

    ConfigError when the configuration speaks of an operation that does not exist.
    """
    overrides = {
        name: Override(declared.enabled, declared.path, declared.via, declared.fields)
        for service in settings.services.values()
        for name, declared in service.operations.items()
    }
    compiled, faults = _compiled(known, overrides, settings)
    faults += _unknown(settings, {operation.name: operation.service for operation in compiled})
    if faults:
        raise ConfigError(faults)
    offered = set(settings.services)
    return [
        operation if operation.service in offered else dataclasses.replace(operation, enabled=False)
        for operation in compiled
    ]


def _compiled(
    known: Catalogue, overrides: dict[str, Override], settings: Settings
) -> tuple[list[Operation], list[Fault]]:
    """The operations without the overrides that do not fit, and the fault of each of those."""
    faults: list[Fault] = []
    while True:
        try:
            return known.operations(overrides, settings.ids), faults
        except Unfit as unfit:
            del overrides[unfit.operation]
            of = next(name for name, each in settings.services.items() if unfit.operation in each.operations)
            path = f"services.{of}.operations.{unfit.operation}.{unfit.key}"
            faults.append(Fault(path, unfit.problem, "Remove it, or write what `gateway probe` prints."))


def _sunsets(settings: Settings) -> Iterator[Fault]:
    for day, cycle in settings.versions.items():
        if cycle.sunset is None:
            continue
        days = round(cycle.notice / 86_400)
        if cycle.deprecated is None:
            hint = f"Say since when callers have been told, {days} days before it or more."
            yield Fault(f"versions.{day}.sunset", "has no `deprecated` day before it", hint)
        elif (cycle.sunset - cycle.deprecated).total_seconds() < cycle.notice:
            earliest = cycle.deprecated + timedelta(seconds=cycle.notice)
            yield Fault(
                f"versions.{day}.sunset",
                f"is sooner than {days} days after `deprecated`, which versions.notice promises",
                f"Write {earliest} or later, or lower the notice.",
            )


def _contracts(settings: Settings, known: Catalogue) -> Iterator[Fault]:
    dates = [contract.date for contract in known.contracts]
    for date in settings.versions:
        if date.isoformat() not in dates:
            hint = f"Remove it, or name one of {', '.join(dates)}."
            yield Fault(f"versions.{date}", "is not the date of a contract", hint)
    yield from _sunsets(settings)
    agents = settings.mcp.contract
    if agents is not None and agents.isoformat() not in dates:
        yield Fault(
            "mcp.contract", "is not the date of a contract", f"Name one of {', '.join(dates)}, or null for the newest."
        )


def _patterns(settings: Settings, known: Catalogue) -> Iterator[Fault]:
    scopes = known.scopes
    for name, role in settings.roles.items():
        for field, patterns in (("allow", role.allow), ("deny", role.deny)):
            for at, pattern in enumerate(patterns):
                if not matching(scopes, (pattern,)):
                    hint = nearest(pattern, scopes.single).strip() or f"Scopes begin with {', '.join(scopes.families)}."
                    yield Fault(f"roles.{name}.{field}[{at}]", f'"{pattern}" matches no scope', hint)


def warnings(settings: Settings, restricted: frozenset[str]) -> Iterator[Fault]:
    """What is allowed in a configuration, and may be meant otherwise."""
    if settings.server.replicas > 1 and settings.test.enabled and settings.test.sandbox_url is None:
        yield Fault(
            "test.sandbox_url",
            f"is null with {settings.server.replicas} instances: each has sandboxes that the others cannot reach",
            "Run the sandbox program once and name it here, or write `test: off`.",
        )
    for name, role in settings.roles.items():
        named = {family_of(pattern) for pattern in (*role.allow, *role.deny)}
        if "*" in role.allow and EVERYTHING not in role.allow and restricted and not restricted & named:
            families = ", ".join(sorted(restricted))
            yield Fault(
                f"roles.{name}.allow",
                f'"*" grants none of the restricted families: {families}',
                'Name those that the role may use, write "**" for everything, or deny one of them to say that it is meant so.',
            )


def _ids(settings: Settings, known: Catalogue) -> Iterator[Fault]:
    there = prefixes(known.resources)
    for prefix in settings.ids:
        if prefix not in there:
            hint = nearest(prefix, there).strip() or f"Ids begin with {', '.join(sorted(there))}."
            yield Fault(f"ids.{prefix}", "begins no id", hint)


def _services(settings: Settings, known: Catalogue) -> Iterator[Fault]:
    needed = {resource.upstream.service for resource in known.every}
    needed |= {report.service for report in known.reports} | {each.service for each in known.announced}
    there = sorted(needed.union(SERVICES))
    for name, service in settings.services.items():
        if name not in there:
            yield Fault(f"services.{name}", "is a service that no resource needs", suggestion(name, there))
        elif name not in SERVICES and service.base_url == SANDBOX:
            yield Fault(f"services.{name}.base_url", "is the sandbox, which has no such service", "Write its address.")


def _issuers(settings: Settings) -> Iterator[Fault]:
    egress = settings.webhooks.egress
    for name, issuer in settings.issuers.items():
        if issuer.jwks_url.startswith("http://") and not egress.http and not any(each.http for each in egress.allow):
            hint = "Write https://…, or allow the network that it is in: webhooks.egress.allow with http: true."
            yield Fault(f"issuers.{name}.jwks_url", "is plain http, which webhooks.egress does not let be called", hint)


def _unknown(settings: Settings, known: Mapping[str, str]) -> Iterator[Fault]:
    for service, section in settings.services.items():
        own = [name for name, of in known.items() if of == service]
        for name in section.operations:
            if name not in own:
                hint = nearest(name, own).strip() or "`gateway probe` lists the operations of each service."
                path = f"services.{service}.operations.{name}"
                yield Fault(path, f"the service {service} has no such operation", hint)
