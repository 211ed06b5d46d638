"""Access tokens of other authorization servers: JWTs by RFC 9068, checked with the keys that their issuers publish."""
