"""What clients discover (RFC 8414, RFC 9728): only what works, at the brand's own origin, whatever the Host header says."""

from __future__ import annotations

from typing import Any, Final

from adapters.core.compile.scopes import Scopes
from gateway.brands import Brand
from gateway.config.oauth import OAuth
from gateway.oauth.clients import GRANT_TYPES, METHODS
from gateway.oauth.resource_indicator import MCP

AUTHORIZE: Final = "/oauth/authorize"
TOKEN: Final = "/oauth/token"  # noqa: S105 - a path
REVOKE: Final = "/oauth/revoke"
INTROSPECT: Final = "/oauth/introspect"
REGISTER: Final = "/oauth/register"
SERVER: Final = "/.well-known/oauth-authorization-server"
RESOURCE: Final = "/.well-known/oauth-protected-resource"
AGENTS: Final = RESOURCE + MCP
# What scripts of other origins may call, where the configuration allows any (never the pages of people).
SCRIPTED: Final = (TOKEN, REVOKE, REGISTER, SERVER, RESOURCE, AGENTS)
# Beginnings of the paths whose endpoints count strangers themselves, once they know whether a secret was sent.
COUNTED_APART: Final = (TOKEN, REVOKE, INTROSPECT, REGISTER, "/leaks")


def urls(origin: str) -> dict[str, str]:
    """What a form asks for in which somebody connects an app by hand: `issuer`, `authorize`, `token`."""
    return {"issuer": origin, "authorize": origin + AUTHORIZE, "token": origin + TOKEN}


def server(brand: Brand, oauth: OAuth, offered: Scopes) -> dict[str, Any]:
    """The authorization server's metadata."""
    at = brand.origin
    document = {
        "issuer": at,
        "authorization_endpoint": at + AUTHORIZE,
        "token_endpoint": at + TOKEN,
        "token_endpoint_auth_methods_supported": list(METHODS),
        "revocation_endpoint": at + REVOKE,
        "revocation_endpoint_auth_methods_supported": list(METHODS),
        "introspection_endpoint": at + INTROSPECT,
        "introspection_endpoint_auth_methods_supported": [method for method in METHODS if method != "none"],
        "scopes_supported": sorted(offered.single),
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": list(GRANT_TYPES),
        "code_challenge_methods_supported": ["S256"],
        "authorization_response_iss_parameter_supported": True,
    }
    if oauth.client_documents:
        document["client_id_metadata_document_supported"] = True
    if oauth.registration != "closed":
        document["registration_endpoint"] = at + REGISTER
    return document


def agents(brand: Brand, offered: Scopes) -> dict[str, Any]:
    """The same of the door for agents. What a client asks for first is to read; the rest it is told when it needs it."""
    return resource(brand, offered) | {
        "resource": brand.origin + MCP,
        "resource_name": f"{brand.name} for agents",
        "scopes_supported": list(offered.reading),
    }


def resource(brand: Brand, offered: Scopes) -> dict[str, Any]:
    """The protected resource's metadata: the API of this brand."""
    return {
        "resource": brand.origin,
        "resource_name": brand.name,
        "authorization_servers": [brand.origin],
        "scopes_supported": sorted(offered.single),
        "bearer_methods_supported": ["header"],
    }
