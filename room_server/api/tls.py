"""The certificate of HTTPS: yours by configuration, else a self-signed one made on first run."""

import datetime
import hashlib
import ipaddress
import os
import socket
import ssl
from pathlib import Path

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from room_server.addresses import own_addresses
from room_server.config import Http

# Browsers refuse certificates that live longer than 825 days, self-signed or not (Apple's rule of 2019).
_LIFETIME = datetime.timedelta(days=397)
_RENEW_BEFORE = datetime.timedelta(days=30)
_BACKDATED = datetime.timedelta(days=1)


class Certificate(msgspec.Struct, frozen=True):
    """Files in PEM, and the SHA-256 fingerprint as browsers show it. `fresh`: made just now."""

    chain: Path
    key: Path
    fingerprint: str
    fresh: bool = False

    def context(self) -> ssl.SSLContext:
        """TLS 1.2 or newer, HTTP/1.1. `OSError` or `ssl.SSLError` if the files do not fit."""
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.set_alpn_protocols(["http/1.1"])
        context.load_cert_chain(self.chain, self.key)
        return context


def certificate(http: Http, var_dir: Path, now: datetime.datetime) -> Certificate:
    """The configured certificate, else the self-signed one in `var_dir`, made or renewed where needed.

    `OSError` or `ValueError` if a configured one cannot be read.
    """
    if http.certificate:
        chain = Path(http.certificate).expanduser()
        loaded = x509.load_pem_x509_certificate(chain.read_bytes())
        return Certificate(chain, Path(http.key).expanduser(), _fingerprint_of(loaded))
    chain, key = var_dir / "certificate.pem", var_dir / "certificate.key"
    names = own_names()
    known = _usable(chain, key, names, now)
    if known is not None:
        return Certificate(chain, key, _fingerprint_of(known))
    made = _make(chain, key, names, now)
    return Certificate(chain, key, _fingerprint_of(made), fresh=True)


def fingerprint(certificate_der: bytes) -> str:
    """The SHA-256 of a certificate as browsers show it."""
    return hashlib.sha256(certificate_der).digest().hex(":").upper()


def own_names() -> list[x509.GeneralName]:
    """What this machine is called by those who reach it: localhost, its host name, its addresses."""
    hostname = socket.gethostname()
    dns = dict.fromkeys(name for name in ("localhost", hostname, f"{hostname}.local") if _is_dns_name(name))
    addresses = [ipaddress.ip_address("127.0.0.1"), ipaddress.ip_address("::1"), *own_addresses()]
    return [*map(x509.DNSName, dns), *map(x509.IPAddress, dict.fromkeys(addresses))]


def _usable(chain: Path, key: Path, names: list[x509.GeneralName], now: datetime.datetime) -> x509.Certificate | None:
    """The stored certificate if it is intact, lasts a while and names this machine as it is now."""
    try:
        loaded = x509.load_pem_x509_certificate(chain.read_bytes())
        known = loaded.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        private = serialization.load_pem_private_key(key.read_bytes(), None)
    except (OSError, ValueError, x509.ExtensionNotFound):
        return None
    lasts = loaded.not_valid_after_utc - _RENEW_BEFORE > now
    return loaded if lasts and set(names) <= set(known) and private.public_key() == loaded.public_key() else None


def _make(chain: Path, key: Path, names: list[x509.GeneralName], now: datetime.datetime) -> x509.Certificate:
    private = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "room-server (self-signed)")])
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(private.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _BACKDATED)
        .not_valid_after(now + _LIFETIME)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .sign(private, hashes.SHA256())
    )
    pem = private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    chain.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    key.unlink(missing_ok=True)
    with open(os.open(key, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(pem)
    chain.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    return made


def _fingerprint_of(loaded: x509.Certificate) -> str:
    return fingerprint(loaded.public_bytes(serialization.Encoding.DER))


def _is_dns_name(name: str) -> bool:
    return name.isascii() and 0 < len(name) <= 253
