"""A request for a host that no brand has: refused before there is an operation, a caller or a page."""

from __future__ import annotations

from adapters.core.calls import Answer
from gateway import problems
from gateway.brands import Brands
from gateway.observe import logs, metrics, trace


def misdirected(brands: Brands, method: str, path: str) -> Answer:
    """The refusal, in the first brand's words, logged and counted; it closes the connection."""
    trace_id, request_id = trace.started().trace_id, "req_" + trace.digits(24)
    headers = (
        (b"connection", b"close"),
        (b"vary", b"Authorization, Version"),
        (b"cache-control", b"no-store"),
        (b"x-request-id", request_id.encode("ascii")),
    )
    problem = problems.BadRequest("host_unknown", "This host does not serve the API.", headers=headers)
    logs.access(f'"trace_id":"{trace_id}","request_id":"{request_id}","status":400,"code":"{problem.code}"')
    metrics.request("unknown host", method, 400, "", 0.0)
    return problems.render(problem, base=brands.first.problem_base, instance=path, trace_id=trace_id)
