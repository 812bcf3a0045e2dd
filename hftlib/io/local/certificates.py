"""A certificate authority of this machine's own, for clients that insist on https.

Its private key is thrown away once it has signed the one certificate for loopback, and its name
constraints allow nothing else: whoever trusts it trusts nobody but the local market.
"""

import datetime
import ipaddress
import os
import ssl
from pathlib import Path
from typing import Final, NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

FOLDER: Final = "market-tls"
_AUTHORITY: Final = "authority.pem"
_CHAIN: Final = "server.pem"
_KEY: Final = "server.key"
_LIFE: Final = datetime.timedelta(days=365)
_SPARE: Final = datetime.timedelta(days=7)
_ADDRESSES: Final = ("127.0.0.1", "::1")
_NETWORKS: Final = ("127.0.0.0/8", "::1/128")


class Certificates(NamedTuple):
    """Name the files: what clients trust, and what the server shows."""

    authority: Path
    chain: Path
    key: Path


def certificates(data_dir: Path) -> Certificates:
    """Return the certificates of a data folder, made anew where they are missing or run out."""
    folder = data_dir / FOLDER
    files = Certificates(folder / _AUTHORITY, folder / _CHAIN, folder / _KEY)
    if not _are_good(files):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        _make(files)
    return files


def server_context(files: Certificates) -> ssl.SSLContext:
    """Return the context with which the front shows its certificate."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(files.chain, files.key)
    return context


def _are_good(files: Certificates) -> bool:
    if not all(path.is_file() for path in files):
        return False
    try:
        shown = x509.load_pem_x509_certificate(files.chain.read_bytes())
    except ValueError:
        return False
    return shown.not_valid_after_utc - _now() > _SPARE


def _make(files: Certificates) -> None:
    authority_key = ec.generate_private_key(ec.SECP256R1())
    server_key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "hftlib local market authority")])
    authority = _authority(name, authority_key)
    server = _server(name, authority_key, server_key.public_key())
    pem = serialization.Encoding.PEM
    _write(files.authority, authority.public_bytes(pem), 0o644)
    _write(files.chain, server.public_bytes(pem), 0o644)
    plain, kind = serialization.NoEncryption(), serialization.PrivateFormat.PKCS8
    _write(files.key, server_key.private_bytes(pem, kind, plain), 0o600)


def _authority(name: x509.Name, key: ec.EllipticCurvePrivateKey) -> x509.Certificate:
    permitted: list[x509.GeneralName] = [x509.DNSName("localhost")]
    permitted += [x509.IPAddress(ipaddress.ip_network(text)) for text in _NETWORKS]
    usage = x509.KeyUsage(False, False, False, False, False, True, True, False, False)
    return (
        _begun(name, name, key.public_key())
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(x509.NameConstraints(permitted, None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )


def _server(
    issuer: x509.Name, key: ec.EllipticCurvePrivateKey, public: ec.EllipticCurvePublicKey
) -> x509.Certificate:
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    names: list[x509.GeneralName] = [x509.DNSName("localhost")]
    names += [x509.IPAddress(ipaddress.ip_address(text)) for text in _ADDRESSES]
    identifier = x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key())
    return (
        _begun(subject, issuer, public)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(identifier, critical=False)
        .sign(key, hashes.SHA256())
    )


def _begun(
    subject: x509.Name, issuer: x509.Name, public: ec.EllipticCurvePublicKey
) -> x509.CertificateBuilder:
    now = _now()
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + _LIFE)
    )


def _now() -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC)


def _write(path: Path, content: bytes, mode: int) -> None:
    """Write a file whole or not at all, with no moment in which it is more open than `mode`."""
    fresh = path.with_name(f"{path.name}.{os.getpid()}")
    handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    with os.fdopen(handle, "wb") as out:
        out.write(content)
    fresh.replace(path)
