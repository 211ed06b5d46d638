"""The one protected resource there is: the API, by the name it has at a brand (RFC 8707, RFC 9728; docs/decisions/0016)."""


def is_ours(resource: str, issuer: str) -> bool:
    """Whether a `resource` parameter names the API at this origin."""
    return resource in {issuer, f"{issuer}/", f"{issuer}/v1", f"{issuer}/v1/"}
