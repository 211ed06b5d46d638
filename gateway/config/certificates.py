"""PEM files that the configuration names: whom to trust, and what to show. Looked at when it is read, and whenever they change."""

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pydantic import ValidationInfo

from gateway.config.faults import refuse
from gateway.config.secrets import anchored


def trusted(value: object, info: ValidationInfo) -> Path | None:
    """The file of authorities that a setting names, from which certificates can be read; null stays."""
    if value is None:
        return None
    path = anchored(str(value), info)
    check_trusted(path)
    return path


def check_trusted(path: Path) -> None:
    """Refuse a file from which no certificates can be read."""
    if not path.is_file():
        raise refuse(f"there is no file {path}", "Name a PEM file with the certificates to trust, or null.")
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(path)
    except OSError:
        raise refuse(f"no certificate can be read from {path}", "Name a PEM file with certificates, or null.") from None


def check_shown(certificate: Path, key: Path, client_ca: Path | None) -> None:
    """Refuse a certificate and a key that do not fit each other, and authorities that are none."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    # A key with a passphrase would be asked for at the terminal.
    with _readable("certificate and key", "Name the PEM files of one certificate and its key, without a passphrase."):
        context.load_cert_chain(certificate, key, password=lambda: "")
    if client_ca is not None:
        with _readable("client_ca", "Name a PEM file with certificates."):
            context.load_verify_locations(client_ca)


@contextmanager
def _readable(what: str, hint: str) -> Iterator[None]:
    try:
        yield
    except (OSError, ValueError) as error:
        reason = getattr(error, "reason", None) or getattr(error, "strerror", None) or type(error).__name__
        raise refuse(f"{what} cannot be used ({reason})", hint) from None
