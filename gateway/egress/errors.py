"""Why a stranger's address gave no answer, in words for metrics, logs and whoever chose it."""

import ssl
from typing import Final

from gateway.upstream import Invalid, Timeout, TooLarge, Unreachable, UpstreamError

# X509_V_ERR_…: OpenSSL's numbers of why a certificate is not accepted.
_CERTIFICATE: Final = {
    10: "tls_expired",
    9: "tls_not_yet_valid",
    62: "tls_wrong_name",
    64: "tls_wrong_name",
    18: "tls_self_signed",
    19: "tls_unknown_authority",
    20: "tls_incomplete_chain",
    21: "tls_incomplete_chain",
    2: "tls_incomplete_chain",
}
_PROTOCOL: Final = ("UNSUPPORTED_PROTOCOL", "PROTOCOL_VERSION", "NO_PROTOCOLS_AVAILABLE", "WRONG_VERSION_NUMBER")


class Undialled(Unreachable):
    """No connection. `kind`: `dns`, `vetted`, `connect`, `timeout`, `proxy`, or `tls_…` with what was wrong with it."""

    def __init__(self, kind: str, reason: str, address: str | None = None) -> None:
        super().__init__(reason)
        self.kind = kind
        self.address = address


def of_tls(error: ssl.SSLError) -> str:
    """Which of the things that can be wrong with TLS it is, in a word for the endpoint's owner."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return _CERTIFICATE.get(error.verify_code, "tls_certificate")
    reason = error.reason or ""
    return "tls_protocol" if any(part in reason for part in _PROTOCOL) else "tls_failed"


def named(fault: UpstreamError) -> str:
    """A word for what went wrong: one of Undialled's, `vetted_…` with the rule, `timeout`, `too_large`, `invalid` or `reset`."""
    if isinstance(fault, Undialled):
        return f"vetted_{fault}" if fault.kind == "vetted" else fault.kind
    if isinstance(fault, Timeout):
        return "timeout"
    if isinstance(fault, Unreachable):
        return "connect"
    if isinstance(fault, TooLarge):
        return "too_large"
    return "invalid" if isinstance(fault, Invalid) else "reset"
