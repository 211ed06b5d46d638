"""Errors that Authlib has no class for."""

from authlib.oauth2 import OAuth2Error


class InvalidTargetError(OAuth2Error):  # type: ignore[misc] # shipped without annotations
    """RFC 8707 § 2: the requested resource is not this API."""

    error = "invalid_target"
    description = "The requested resource is not served here."


class UnusableError(Exception):
    """An authorization request that must not be answered by a redirect: a page tells the person what is wrong with it."""
