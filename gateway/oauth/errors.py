"""Errors that Authlib has no class for, or none that comes without the reading of signatures, which takes a tenth of a second to load."""

from collections.abc import Sequence

from authlib.oauth2 import OAuth2Error


class InvalidTargetError(OAuth2Error):  # type: ignore[misc] # shipped without annotations
    """RFC 8707 § 2: the requested resource is not this API."""

    error = "invalid_target"
    description = "The requested resource is not served here."


class InvalidRedirectURIError(OAuth2Error):  # type: ignore[misc] # shipped without annotations
    """RFC 7591 § 3.2.2."""

    error = "invalid_redirect_uri"


class InvalidClientMetadataError(OAuth2Error):  # type: ignore[misc] # shipped without annotations
    """RFC 7591 § 3.2.2."""

    error = "invalid_client_metadata"


class OtherGrantError(OAuth2Error):  # type: ignore[misc] # shipped without annotations
    """RFC 6749 § 5.2. Authlib's own tells nobody what would do instead."""

    error = "unsupported_grant_type"

    def __init__(self, known: Sequence[str]) -> None:
        super().__init__(description=f"There is no such grant_type here: send {' or '.join(known)}.")


class UnusableError(Exception):
    """An authorization request that must not be answered by a redirect: a page tells the person what is wrong with it."""


class InvalidTokenError(OAuth2Error):  # type: ignore[misc] # shipped without annotations
    """RFC 6750 § 3.1, for the tokens of registration."""

    error = "invalid_token"
    description = "The registration needs a valid token."
    status_code = 401

    def get_headers(self) -> list[tuple[str, str]]:
        return [("WWW-Authenticate", 'Bearer error="invalid_token"')]


class SlowDownError(OAuth2Error):  # type: ignore[misc] # shipped without annotations
    """Too many registrations from one address; `wait` in seconds."""

    error = "temporarily_unavailable"
    description = "Too many attempts from this address."
    status_code = 429

    def __init__(self, wait: int) -> None:
        super().__init__()
        self.wait = wait

    def get_headers(self) -> list[tuple[str, str]]:
        return [("Retry-After", str(self.wait))]
