import asyncio
import datetime as dt
import ipaddress
import ssl
from dataclasses import dataclass
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from gateway.upstream import Broken, Pool, Response, Target, Unreachable
from tests.upstream.conftest import MakePool
from tests.upstream.service import OK, Peer, answers, serving, then_closes

NOW = dt.datetime.now(dt.UTC)
DAY = dt.timedelta(days=1)
CERTIFICATE_SIGNING = x509.KeyUsage(
    digital_signature=False,
    content_commitment=False,
    key_encipherment=False,
    data_encipherment=False,
    key_agreement=False,
    key_cert_sign=True,
    crl_sign=True,
    encipher_only=False,
    decipher_only=False,
)


@dataclass(frozen=True)
class Authority:
    folder: Path
    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate

    @property
    def file(self) -> str:
        path = self.folder / "ca.pem"
        path.write_bytes(self.certificate.public_bytes(serialization.Encoding.PEM))
        return str(path)

    def server(self, name: str, *, until: dt.datetime = NOW + DAY) -> ssl.SSLContext:
        """A server context with a certificate for `name`, an address or a DNS name."""
        key = ec.generate_private_key(ec.SECP256R1())
        try:
            alternative: x509.GeneralName = x509.IPAddress(ipaddress.ip_address(name))
        except ValueError:
            alternative = x509.DNSName(name)
        certificate = (
            _builder("server", self.certificate.subject, key.public_key(), until)
            .add_extension(x509.SubjectAlternativeName([alternative]), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key()), critical=False)
            .sign(self.key, hashes.SHA256())
        )
        path = self.folder / "server.pem"
        path.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
            + certificate.public_bytes(serialization.Encoding.PEM)
        )
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(path)
        return context


def _builder(
    name: str, issuer: x509.Name | None, key: ec.EllipticCurvePublicKey, until: dt.datetime
) -> x509.CertificateBuilder:
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer or subject)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW - 2 * DAY)
        .not_valid_after(until)
    )


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    key = ec.generate_private_key(ec.SECP256R1())
    certificate = (
        _builder("test authority", None, key.public_key(), NOW + DAY)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(CERTIFICATE_SIGNING, critical=True)
        .sign(key, hashes.SHA256())
    )
    return Authority(tmp_path, key, certificate)


async def call(pool: Pool) -> Response:
    return await pool.request(b"GET", b"/x", b"", idempotent=False)


async def test_a_trusted_certificate_for_the_right_name_carries_calls_and_the_name_is_announced(
    make_pool: MakePool, authority: Authority
) -> None:
    context = authority.server("localhost")
    announced: list[str | None] = []
    context.sni_callback = lambda _socket, name, _context: announced.append(name)
    async with serving(answers(OK), tls=context) as service:
        pool = make_pool(service.url, ca_file=authority.file)
        for _ in range(3):
            assert (await call(pool)).body == b"ok"
        assert service.connections == 1
        assert announced == ["localhost"]


async def test_a_certificate_for_an_address_is_accepted_for_that_address(
    make_pool: MakePool, authority: Authority
) -> None:
    async with serving(answers(OK), tls=authority.server("127.0.0.1")) as service:
        pool = make_pool(f"https://127.0.0.1:{service.port}", ca_file=authority.file)
        assert (await call(pool)).body == b"ok"


async def test_large_bodies_pass_both_ways(make_pool: MakePool, authority: Authority) -> None:
    body = bytes(range(256)) * 4000
    wire = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body
    async with serving(answers(wire), tls=authority.server("localhost")) as service:
        pool = make_pool(service.url, ca_file=authority.file)
        assert (await pool.request(b"PUT", b"/x", b"", body, idempotent=True)).body == body
        assert service.seen[0].body == body


@pytest.mark.parametrize("fault", ["wrong name", "unknown authority", "expired"])
async def test_a_certificate_that_proves_nothing_is_unreachable_and_nothing_is_sent(
    make_pool: MakePool, authority: Authority, fault: str
) -> None:
    context = authority.server(
        "example.com" if fault == "wrong name" else "localhost", until=NOW - DAY if fault == "expired" else NOW + DAY
    )
    async with serving(answers(OK), tls=context) as service:
        pool = make_pool(service.url, ca_file=None if fault == "unknown authority" else authority.file)
        with pytest.raises(Unreachable) as caught:
            await call(pool)
        assert not caught.value.sent
        assert service.seen == []


async def test_a_service_that_speaks_no_tls_is_unreachable(make_pool: MakePool, authority: Authority) -> None:
    async def plain(peer: Peer) -> None:
        await peer.send(OK)

    async with serving(plain) as service:
        with pytest.raises(Unreachable):
            await call(make_pool(f"https://127.0.0.1:{service.port}", ca_file=authority.file))


async def test_a_handshake_that_never_ends_is_unreachable_within_the_connect_timeout(
    make_pool: MakePool, authority: Authority
) -> None:
    async def mute(peer: Peer) -> None:
        await peer.hold()

    async with serving(mute) as service:
        pool = make_pool(f"https://127.0.0.1:{service.port}", ca_file=authority.file, connect_timeout=0.1)
        with pytest.raises(Unreachable):
            await call(pool)
        await asyncio.wait_for(service.peers[0].ended.wait(), 1)


async def test_over_tls_the_end_of_the_connection_does_not_make_an_answer_complete(
    make_pool: MakePool, authority: Authority
) -> None:
    async with serving(then_closes(b"HTTP/1.1 200 OK\r\n\r\nhalf"), tls=authority.server("localhost")) as service:
        with pytest.raises(Broken):
            await call(make_pool(service.url, ca_file=authority.file))


async def test_a_connection_closed_while_idle_is_not_used_again(make_pool: MakePool, authority: Authority) -> None:
    async with serving(then_closes(OK), answers(OK), tls=authority.server("localhost")) as service:
        pool = make_pool(service.url, ca_file=authority.file)
        await call(pool)
        await asyncio.wait_for(service.peers[0].ended.wait(), 1)
        assert (await call(pool)).body == b"ok"
        assert [seen.connection for seen in service.seen] == [0, 1]


def test_a_trust_file_that_cannot_be_read_is_refused_at_start(tmp_path: Path) -> None:
    (tmp_path / "empty.pem").write_text("nothing here")
    for name in ("missing.pem", "empty.pem"):
        with pytest.raises(ValueError, match="ca_file"):
            Pool(Target("https://a", 1, 1, 1, 1, ca_file=str(tmp_path / name)))
