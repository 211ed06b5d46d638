"""The declarations compiled four times: as the service should offer them, by its lists, as the findings suggest, and that with
the lists of the other services.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from adapters.core.compile.builder import Override
from adapters.core.compile.catalogue import Catalogue
from adapters.core.declare.resource import Resource
from adapters.core.operation import Face, Operation
from adapters.core.shapes import Shape, shape_of
from gateway.config.services import Operation as Configured
from gateway.probing.findings import UNSERVED, Finding, Verdict

Config = dict[str, dict[str, Any]]
_BY_LIST = ("get", "search")


class Declared:
    """The operations of one service in the newest contract. catalogue: what there is; configured: what config.yaml says of
    them now; alphabets: its `ids`.
    """

    def __init__(
        self, service: str, catalogue: Catalogue, configured: Mapping[str, Configured], alphabets: Mapping[str, str]
    ) -> None:
        own_ids = (replace(each, id=each.id.of(alphabets)) for each in catalogue.resources)
        self._service, self._catalogue = service, catalogue
        self.resources = [each for each in own_ids if each.upstream.service == service]
        self._alphabets = alphabets
        self._configured = configured
        # A path beside `via` is the list's; the call of its own is then asked where it is declared.
        own = {name: Override(path=each.path) for name, each in configured.items() if each.via is None}
        self.own = self._compiled(own)
        self.listed = self._compiled(own | {name: self._by_list(name) for name in self._listable()})

    def shape(self, resource: Resource) -> Shape:
        """The resource's newest shape."""
        return shape_of(resource.model, resource.rename, alphabets=self._alphabets)

    def operations(self, resource: Resource) -> list[Operation]:
        """The resource's operations, in the order of the declaration."""
        return [each for each in self.own.values() if each.first == resource.path]

    def suggested(self, findings: Sequence[Finding]) -> dict[str, Operation]:
        """Every operation as it would be with the configuration that the findings suggest."""
        return self._suggested(findings, {})

    def _suggested(self, findings: Sequence[Finding], others: Mapping[str, Override]) -> dict[str, Operation]:
        via = {each.operation: self._by_list(each.operation) for each in findings if each.verdict is Verdict.VIA_LIST}
        paths = {name: Override(path=each.path) for name, each in self._configured.items() if each.via is None}
        return self._compiled(paths | via | dict(others))

    def by_lists_of_others(self, findings: Sequence[Finding]) -> dict[str, Operation]:
        """The same where what other services have is found in their lists, as the probe of those may suggest."""
        others = [each for each in self._catalogue.resources if each.upstream.service != self._service]
        listing = {f"{each.path}.search": Override(via="list") for each in others if each.upstream.lists}
        return self._suggested(findings, listing)

    def config(self, findings: Sequence[Finding]) -> Config:
        """What belongs under the service's `operations`; what was not found out stays as it is configured."""
        said: Config = {}
        for finding in findings:
            name, now = finding.operation, self._configured.get(finding.operation, Configured())
            entry: dict[str, Any]
            if finding.verdict in UNSERVED:
                entry = {"enabled": False}
            elif finding.verdict is Verdict.VIA_LIST:
                entry = {"via": "list"} | ({"path": now.path} if now.via and now.path else {})
            elif finding.verdict is Verdict.LIMITED:
                entry = ({"path": now.path} if now.path else {}) | {"fields": list(finding.fields)}
            elif finding.verdict is Verdict.ANSWERS:
                entry = {"path": now.path} if now.path and now.via is None else {}
            else:
                entry = now.model_dump(exclude_defaults=True)
            if entry:
                said[name] = entry
        return said

    def _compiled(self, overrides: Mapping[str, Override]) -> dict[str, Operation]:
        return {each.name: each for each in self._catalogue.operations(overrides, self._alphabets)}

    def _listable(self) -> list[str]:
        return [f"{each.path}.{name}" for each in self.resources if each.upstream.lists for name in _BY_LIST]

    def _by_list(self, name: str) -> Override:
        now = self._configured.get(name, Configured())
        return Override(path=now.path if now.via else None, via="list")


def face_of(operation: Operation) -> Face:
    """The operation's face in the newest contract."""
    face = next(iter(operation.faces.values()))
    assert face is not None
    return face


def sample_id(resource: Resource) -> Any:
    """The internal form of an id that is well-formed, and nobody's: as long as may be."""
    return resource.id.decode(resource.id.sample())
