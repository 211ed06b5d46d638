"""The line of a finished request. All three forms of it stand here: whoever adds a member adds it where the others are.

They are written by hand, since one is made for every request. What is put between quotes as it is has an alphabet in which
nothing needs quoting: methods are the parser's, ids, codes and contracts our own. Everything else goes through `logs.quoted`.
"""

from __future__ import annotations

from typing import Final

from gateway.observe import logs

NOBODY: Final = '"tenant":null,"token":null'
_LONGEST_PATH: Final = 256


def routed(route: str) -> str:
    """The member that says which route it was, made once at start."""
    return f'"route":{logs.quoted(route)}'


def who(tenant_id: str, token_id: str) -> str:
    """The members that say who called, made once for each caller."""
    return f'"tenant":{logs.quoted(tenant_id)},"token":{logs.quoted(token_id)}'


def sent(count: int) -> str:
    """The further member of an answer that was sent while it was made: how many bytes of it."""
    return f',"bytes":{count}'


def call(
    trace_id: str,
    request_id: str,
    method: str,
    routed: str,
    status: int,
    contract: str,
    who: str,
    client: str,
    internal_seconds: float,
    seconds: float,
    code: str,
    more: str,
) -> None:
    """A request under `/v1`. who: the members of its caller, or NOBODY; more: further ones, each behind a comma."""
    named = f',"code":"{code}"' if code else ""
    logs.access(
        f'"trace_id":"{trace_id}","request_id":"{request_id}","method":"{method}",{routed},"status":{status},'
        f'"contract":"{contract}",{who},"client":{logs.quoted(client)},"internal_ms":{internal_seconds * 1000:.2f},'
        f'"total_ms":{seconds * 1000:.2f}{named}{more}'
    )


def page(
    trace_id: str,
    request_id: str | None,
    method: str,
    route: str,
    path: str,
    status: int,
    tenant: str | None,
    client: str,
    seconds: float,
    code: str | None,
) -> None:
    """A request for anything else: pages, the authorization server, documents."""
    asked = f'"request_id":"{request_id}",' if request_id else ""
    whose = logs.quoted(tenant) if tenant else "null"
    named = f',"code":{logs.quoted(code)}' if code else ""
    logs.access(
        f'"trace_id":"{trace_id}",{asked}"method":"{method}",{routed(route)},'
        f'"path":{logs.quoted_once(path[:_LONGEST_PATH])},"status":{status},"tenant":{whose},'
        f'"client":{logs.quoted(client)},"total_ms":{seconds * 1000:.2f}{named}'
    )


def malformed(trace_id: str, request_id: str, client: str, code: str, detail: str) -> None:
    """Bytes that are no request: there is no method, and nobody knows what was meant."""
    logs.access(
        f'"trace_id":"{trace_id}","request_id":"{request_id}",{routed("malformed request")},"status":400,'
        f'"client":{logs.quoted(client)},"code":"{code}","detail":{logs.quoted(detail)}'
    )
