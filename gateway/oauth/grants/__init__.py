"""The grants of the token endpoint, one file each."""

from gateway.oauth.grants.authorization_code import AuthorizationCode
from gateway.oauth.grants.refresh_token import RefreshToken

GRANTS = (AuthorizationCode, RefreshToken)

__all__ = ["GRANTS", "AuthorizationCode", "RefreshToken"]
