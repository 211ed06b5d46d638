"""The whole of a probe: one service after the other, its resources in the order of their declaration."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from adapters.core.calls import Call
from adapters.core.compile.catalogue import Catalogue
from adapters.core.declare.resource import Resource
from adapters.core.operation import Operation
from adapters.ids import USER
from gateway.config.services import Operation as Configured
from gateway.probing.declared import Declared, sample_id
from gateway.probing.findings import UNSERVED, Finding, Report, Verdict
from gateway.probing.reading import Reader
from gateway.probing.service import Named, Service
from gateway.probing.writing import Writer
from gateway.upstream import UpstreamError


class Unanswered(Exception):
    """The service cannot be probed at all; the text says why, in one sentence."""


async def probe(
    service: Service,
    name: str,
    catalogue: Catalogue,
    configured: Mapping[str, Configured],
    alphabets: Mapping[str, str],
    *,
    writes: bool,
    acting: Named | None = None,
) -> Report:
    """Everything that a service answers of what the catalogue declares for it. `writes`: make, change and delete records of its own;
    acting: the user on whose behalf it is asked.
    """
    declared, report = Declared(name, catalogue, configured, alphabets), Report(name)
    await _reachable(service, declared.resources[0])
    reader, writer = Reader(service, declared, acting), Writer(service)
    for resource in declared.resources:
        findings, sight = await reader.resource(resource)
        report.findings += findings
        report.sights.append(sight)
    await _reread(service, reader, declared, report)
    suggested, by_lists = declared.suggested(report.findings), declared.by_lists_of_others(report.findings)
    writing: dict[str, list[Operation]] = {}
    if writes:
        for resource in declared.resources:
            one = reader.known[resource.path]
            changing = [each for each in declared.operations(resource) if not each.reads]
            if one.exists:
                await writer.learn(changing, one, Named(sample_id(resource), exists=False))
    for resource in declared.resources:
        known = {each.operation for each in report.findings}
        rest = [suggested[each.name] for each in declared.operations(resource) if each.name not in known]
        for operation in rest:
            if operation.reads:
                found = await reader.beneath(resource, operation, suggested)
                if found.verdict in UNSERVED and operation.by is not None:
                    # Another service may have no search, but a list: then its own probe suggests that.
                    again = await reader.beneath(resource, operation, by_lists)
                    found = again if again.verdict is Verdict.ANSWERS else found
                report.findings.append(found)
        writing[resource.path] = [operation for operation in rest if not operation.reads]
    for resource in declared.resources:
        if writes:
            report.findings += await _written(resource, writer, reader, writing[resource.path])
        else:
            report.findings += [writer.unasked(each, reader.known[resource.path].id) for each in writing[resource.path]]
    if writes and service.tells_apart:
        # The same once more for what only a write could show.
        for resource in declared.resources:
            names = {each.name for each in writing[resource.path]}
            if any(each.verdict is Verdict.UNCLEAR for each in report.findings if each.operation in names):
                report.findings = [each for each in report.findings if each.operation not in names]
                report.findings += await _written(resource, writer, reader, writing[resource.path])
        await _reread(service, reader, declared, report)
    report.findings = _settled(report.findings)
    order = list(suggested)
    report.findings.sort(key=lambda finding: order.index(finding.operation))
    report.config = declared.config(report.findings)
    report.left = writer.left
    users = any(resource.id.prefix == USER.prefix for resource in declared.resources)
    _said_anything(report, of_nobody=users and acting is None)
    return report


async def _written(resource: Resource, writer: Writer, reader: Reader, writing: Sequence[Operation]) -> list[Finding]:
    one = reader.known[resource.path]
    return await writer.resource(resource, writing, one if one.exists else None, reader.above(resource))


async def _reread(service: Service, reader: Reader, declared: Declared, report: Report) -> None:
    """Ask once more what was unclear before the service had shown how it answers for a missing record."""
    if not service.tells_apart:
        return
    for place, resource in enumerate(declared.resources):
        known = [each for each in report.findings if _of(each, resource)]
        found = [each for each in known if each.operation in (f"{resource.path}.search", f"{resource.path}.get")]
        if any(each.verdict is Verdict.UNCLEAR for each in found):
            again, report.sights[place] = await reader.resource(resource)
            report.findings = [each for each in report.findings if each not in found] + again


def _settled(findings: list[Finding]) -> list[Finding]:
    """What is unclear for want of a record is missing where none can be found or made, or where another asked by the same call."""
    lacking = {each.call for each in findings if each.verdict is Verdict.MISSING}
    barren = set()
    for resource in {each.operation.partition(".")[0] for each in findings}:
        sources = [each.verdict for each in findings if each.operation in (f"{resource}.search", f"{resource}.create")]
        if sources and all(verdict is Verdict.MISSING for verdict in sources):
            barren.add(resource)
    unclear = {each for each in findings if each.verdict is Verdict.UNCLEAR}
    return [
        replace(each, verdict=Verdict.MISSING, note="no record of it can be found or made")
        if each in unclear and (each.call in lacking or each.operation.partition(".")[0] in barren)
        else each
        for each in findings
    ]


def _of(finding: Finding, resource: Resource) -> bool:
    return finding.operation.startswith(f"{resource.path}.")


async def _reachable(service: Service, resource: Resource) -> None:
    """One call before all others, so that a dead service is one line and not a table of them."""
    call = Call(resource.upstream.service, b"GET", resource.upstream.path.encode("ascii") + b"?limit=1")
    try:
        answer = await service.ask(call)
    except UpstreamError as error:
        raise Unanswered(f"does not answer: {error}") from None
    if answer.status in (401, 403):
        raise Unanswered(f"refuses these credentials with {answer.status}")


def _said_anything(report: Report, *, of_nobody: bool) -> None:
    """Of a service that has not one declared call, the address is wrong and not the declarations. of_nobody: it may be that it was
    asked for users, of whom none is known.
    """
    asked = {each.verdict for each in report.findings} - {Verdict.NOT_ASKED}
    if Verdict.MISSING in asked and asked <= {Verdict.MISSING, Verdict.UNCLEAR}:
        if of_nobody:
            raise Unanswered(
                "lists no users, and no user of this tenant has a token: make one, or name another with --tenant"
            )
        raise Unanswered("answers, but has none of the declared calls: is the path in its base_url right?")
