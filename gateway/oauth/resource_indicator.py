"""The two protected resources that there are, by the names they have at a brand (RFC 8707, RFC 9728; docs/decisions/0016)."""

from collections.abc import Iterable

from gateway.keys.token_format import Audience
from gateway.oauth.errors import InvalidTargetError

MCP = "/mcp"


def audience_of(resources: Iterable[str], issuer: str) -> Audience | None:
    """Which of them the `resource` parameters name; None when there are none. InvalidTargetError for anything else, or both."""
    api = {issuer, f"{issuer}/", f"{issuer}/v1", f"{issuer}/v1/"}
    agents = {issuer + MCP, f"{issuer}{MCP}/", f"{issuer}{MCP}/readonly"}
    named: set[Audience | None] = {"api" if each in api else "mcp" if each in agents else None for each in resources}
    if None in named or len(named) > 1:
        raise InvalidTargetError
    return named.pop() if named else None
