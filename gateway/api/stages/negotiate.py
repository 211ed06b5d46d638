"""The dated `Version` header → the contract that answers: the newest one not after the date. Never falls forward."""

from __future__ import annotations

from collections.abc import Awaitable

from adapters.core.calls import Answer, Input, Plan
from adapters.core.declare.timestamps import day
from adapters.core.operation import Face, Operation
from adapters.core.request.acceptors import path_only
from gateway.api.changes_met import changes_met
from gateway.api.dependencies import Dependencies
from gateway.api.exchange import Contracted, Exchange, Identified
from gateway.api.lifecycle import notice, retired, today
from gateway.auth.caller import Caller
from gateway.downstream.header_lines import lines
from gateway.problems import BadRequest, Gone, NotSupported

_TOLD = {
    "version_missing": "Send the date of the contract you were built for as `Version: {newest}`.",
    "version_invalid": "The Version header is not a date such as {newest}.",
    "version_future": "The Version header names a day that has not come yet.",
    "version_too_old": "The Version header names a day before the first contract, {oldest}.",
    "version_retired": "The contract of that date has been retired.",
}
_TWICE = "The Version header is given twice. Send it once, as `Version: {newest}`."


def negotiate(operation: Operation, dependencies: Dependencies, proceed: Contracted) -> Identified:
    """Fills `exchange.version` and finds the face of that contract; raises 400 with the list of contracts, 410, or 501."""
    resolve, met = _Contracts(dependencies), changes_met(operation, dependencies.catalogue)
    faces = operation.faces or dict.fromkeys([contract.date for contract in dependencies.catalogue.contracts], _OWN)

    def negotiated(exchange: Exchange, caller: Caller) -> Awaitable[Answer]:
        version = exchange.version = resolve(exchange.headers.get(b"version"), caller.ahead)
        exchange.lines += resolve.lines[version]
        if not operation.enabled:
            raise NotSupported("not_supported", "This deployment's services do not offer this operation.")
        face = faces[version]
        if face is None:
            raise Gone("operation_gone", f"This operation is not part of the contract of {version}.")
        if met and version in met:
            exchange.marks += met[version]
        return proceed(exchange, caller, face)

    return negotiated


def _unplanned(_: Input) -> Plan:
    raise AssertionError("the gateway answers this operation itself")


_OWN = Face(path_only, _unplanned)


class _Contracts:
    """Header → contract date, remembered; raises BadRequest with the list of contracts.

    lines: by date, the header lines of its answers: which contract it is, and where it has one, of its end.
    """

    def __init__(self, dependencies: Dependencies) -> None:
        self._dates = tuple(contract.date for contract in dependencies.catalogue.contracts)
        self._cycles = {date.isoformat(): cycle for date, cycle in dependencies.settings.versions.items()}
        self.lines = {date: b"version: %b\r\n" % date.encode("ascii") for date in self._dates}
        for date, cycle in self._cycles.items():
            self.lines[date] += lines(notice(cycle))
        self._resolved: dict[bytes, str] = {}

    def __call__(self, header: bytes | None, ahead: float) -> str:
        """ahead: how many seconds the caller's clock is ahead, by which contracts are retired and days have come."""
        if header is None:
            raise self._refused("version_missing", ahead)
        version = self._resolved.get(header)
        if version is None:
            version = self._resolve(header, ahead)
            # Bounded: any past date is legal, and clients choose it. A day that has come in a sandbox has not elsewhere.
            if len(self._resolved) < 1000 and not ahead:
                self._resolved[header] = version
        if self._cycles and self._retired(version, ahead):
            raise self._refused("version_retired", ahead)
        return version

    def _resolve(self, header: bytes, ahead: float) -> str:
        if b"," in header:
            raise self._refused("version_invalid", ahead, _TWICE)
        try:
            text = header.decode("ascii")
            asked = day(text)
        except ValueError:
            raise self._refused("version_invalid", ahead) from None
        if asked > today(ahead):
            raise self._refused("version_future", ahead)
        found = next((date for date in self._dates if date <= text), None)
        if found is None:
            raise self._refused("version_too_old", ahead)
        return found

    def _refused(self, code: str, ahead: float, told: str | None = None) -> BadRequest:
        detail = (told or _TOLD[code]).format(newest=self._dates[0], oldest=self._dates[-1])
        offered = [date for date in self._dates if not self._retired(date, ahead)]
        return BadRequest(code, detail, members={"contracts": offered})

    def _retired(self, date: str, ahead: float) -> bool:
        return retired(self._cycles.get(date), ahead)
