"""Certificates that are not accepted, over real TLS: each for a reason that its owner can read (events.md §7, case 16)."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address, ip_network
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from gateway.egress import urls
from gateway.egress.dialling import Dialler
from gateway.egress.errors import Undialled
from gateway.egress.resolving import Resolver
from gateway.egress.rules import Address, Allowed, Rules

LOCAL = Rules(allow=(Allowed(ip_network("127.0.0.0/8"), ((1, 65_535),)),))
HOST = "hooks.example.com"
DAY = timedelta(days=1)


class Here(Resolver):
    """Every name leads to this machine."""

    async def addresses(self, host: str, port: int) -> list[Address]:
        return [ip_address("127.0.0.1")]


@dataclass
class Certified:
    """A certificate with its key."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    @property
    def pem(self) -> bytes:
        return self.certificate.public_bytes(serialization.Encoding.PEM)


def certified(
    name: str, by: Certified | None = None, *, authority: bool = False, host: str = HOST, ends: timedelta = DAY
) -> Certified:
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    issuer = by.certificate.subject if by is not None else subject
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - 3 * DAY)
        .not_valid_after(now + ends)
        .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
        .sign((by.key if by is not None else key), hashes.SHA256())
    )
    return Certified(made, key)


ROOT = certified("root", authority=True)
MIDDLE = certified("middle", ROOT, authority=True)
STRANGE = certified("strange root", authority=True)
GOOD = certified("good", MIDDLE)

CHAINS: dict[str, list[Certified]] = {
    "": [GOOD, MIDDLE],
    "tls_expired": [certified("old", MIDDLE, ends=-DAY), MIDDLE],
    "tls_wrong_name": [certified("other", MIDDLE, host="other.example.com"), MIDDLE],
    "tls_incomplete_chain": [GOOD],
    "tls_unknown_authority": [certified("strange", STRANGE), STRANGE],
    "tls_self_signed": [certified("alone")],
}


class Server:
    """What it was sent behind the handshake, and with which name it was greeted."""

    def __init__(self) -> None:
        self.sent = b""
        self.greeted: list[str | None] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            self.sent += await reader.read(1_000)
        except (ConnectionError, ssl.SSLError):
            pass
        finally:
            writer.close()

    def greet(self, _: object, name: str | None, __: object) -> None:
        self.greeted.append(name)


@asynccontextmanager
async def serving(chain: list[Certified], folder: Path, *, old: bool = False) -> AsyncIterator[tuple[Server, int]]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    key = chain[0].key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (folder / "chain.pem").write_bytes(key + b"".join(each.pem for each in chain))
    context.load_cert_chain(folder / "chain.pem")
    if old:
        context.set_ciphers("ALL:@SECLEVEL=0")
        context.minimum_version = ssl.TLSVersion.TLSv1
        context.maximum_version = ssl.TLSVersion.TLSv1_1
    made = Server()
    context.sni_callback = made.greet
    server = await asyncio.start_server(made.serve, "127.0.0.1", 0, ssl=context)
    try:
        yield made, server.sockets[0].getsockname()[1]
    finally:
        server.close()


async def dialled(port: int, folder: Path) -> str:
    """The kind of what went wrong; empty when nothing did."""
    (folder / "root.pem").write_bytes(ROOT.pem)
    dialler = Dialler(LOCAL, Here(1), ca_file=str(folder / "root.pem"))
    try:
        await dialler.dial(urls.parse(f"https://{HOST}:{port}/", LOCAL), asyncio.Protocol)
    except Undialled as refused:
        return refused.kind
    return ""


@pytest.mark.parametrize("kind", CHAINS)
async def test_case_16_a_certificate_is_accepted_or_told_apart_and_nothing_is_sent(kind: str, tmp_path: Path) -> None:
    async with serving(CHAINS[kind], tmp_path) as (server, port):
        assert await dialled(port, tmp_path) == kind
        assert server.sent == b""
        assert server.greeted == [HOST], "the name is asked for, not the address"


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
async def test_case_16_tls_before_1_2_is_not_spoken(tmp_path: Path) -> None:
    async with serving(CHAINS[""], tmp_path, old=True) as (server, port):
        # A server that hangs up instead of saying why leaves nothing better to tell.
        assert await dialled(port, tmp_path) in {"tls_protocol", "tls_failed"}
        assert server.sent == b""
