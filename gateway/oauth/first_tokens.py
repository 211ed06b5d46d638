"""What an app is given first for a grant: later, each refresh gives the next."""

from __future__ import annotations

from typing import Any

from adapters.core.compile.scopes import Scopes
from gateway.oauth import syntax, token_families
from gateway.oauth.clients import App
from gateway.stores.sql.grants import Grant


def issued(issuer: token_families.Issuer, grant: Grant, app: App, offered: Scopes) -> dict[str, Any]:
    """The first tokens of a grant. The app may have been narrowed since the user agreed."""
    answer = issuer.access(grant, app.record.name, syntax.within(grant.scopes, app.record.scopes, offered))
    if app.check_grant_type("refresh_token"):
        answer["refresh_token"], _ = issuer.refresh(grant)
    return answer
