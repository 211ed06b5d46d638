"""A request for a host that no brand has: refused before there is an operation, a caller or a page."""

from __future__ import annotations

from adapters.core.calls import Answer
from gateway import problems
from gateway.brands import Brands
from gateway.downstream.header_lines import uniform
from gateway.observe import trace
from gateway.observe.access import Entry
from gateway.stores import addresses


def _hint(brands: Brands, entry: Entry) -> str:
    """To whoever sits at the machine itself, what to change; to a stranger nothing of how it is configured."""
    try:
        local = addresses.parsed(entry.client).is_loopback
    except ValueError:
        local = False
    return f" It is served at {', '.join(brands.hosts)}; `brands[].hosts` in config.yaml says so." if local else ""


def misdirected(brands: Brands, path: str, entry: Entry) -> Answer:
    """The refusal, in the first brand's words, logged and counted; it closes the connection. `path` is as it was sent."""
    entry.request_id = "req_" + trace.digits(24)
    headers = ((b"connection", b"close"), *uniform(entry.request_id))
    problem = problems.BadRequest(
        "host_unknown", "This host does not serve the API." + _hint(brands, entry), headers=headers
    )
    entry.code = problem.code
    entry.end("unknown host", problem.status)
    return problems.render(problem, base=brands.first.problem_base, instance=path, trace_id=entry.trace.trace_id)
