"""The server's DTLS identity: a key, its certificate, and the one OpenSSL context of all handshakes."""

import datetime
import hashlib
from collections.abc import Sequence
from typing import Final, NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from OpenSSL import SSL

from room_server.session.sdp import Fingerprint


class Profile(NamedTuple):
    """An SRTP protection profile: IANA's name, OpenSSL's, and how long keys and salts are."""

    name: str
    openssl: bytes
    key_bytes: int
    salt_bytes: int


PROFILES: Final = (
    Profile("SRTP_AEAD_AES_256_GCM", b"SRTP_AEAD_AES_256_GCM", 32, 12),
    Profile("SRTP_AEAD_AES_128_GCM", b"SRTP_AEAD_AES_128_GCM", 16, 12),
    Profile("SRTP_AES128_CM_HMAC_SHA1_80", b"SRTP_AES128_CM_SHA1_80", 16, 14),
)
"""What the relay speaks, the best first: of what a client has too, that is taken. All browsers take the first."""
_BY_NAME: Final = {profile.name: profile for profile in PROFILES}

MAX_DATAGRAM: Final = 1200
"""Bytes of UDP payload that every path of the Internet carries (RFC 9000, 14)."""

_DTLS_1_2: Final = 0xFEFD
_CIPHERS: Final = b"ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-CHACHA20-POLY1305"
"""All browsers have both (RFC 8827, 6.5 asks for the first)."""
_BACKDATED: Final = datetime.timedelta(days=1)
_LIFETIME: Final = datetime.timedelta(days=3650)
"""Longer than any process: a client goes by the fingerprint that it got over signalling."""


class Certificate:
    """Made once for all: a context for each handshake would be half of its cost."""

    def __init__(
        self, key: ec.EllipticCurvePrivateKey, certificate: x509.Certificate, profiles: Sequence[Profile]
    ) -> None:
        self.profiles = profiles
        self._context = _context(key, certificate, profiles)
        digest = hashlib.sha256(certificate.public_bytes(Encoding.DER)).digest()
        self.fingerprint = Fingerprint("sha-256", digest.hex(":").upper())
        """For the answer."""

    @classmethod
    def generate(cls, profiles: Sequence[str] = ()) -> "Certificate":
        """A new P-256 key: its certificate keeps the server's flight below one datagram.

        `profiles`: which of `PROFILES` are spoken, by name, the preferred first; none: all of them.
        """
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "WebRTC")])
        now = datetime.datetime.now(datetime.UTC)
        made = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - _BACKDATED)
            .not_valid_after(now + _LIFETIME)
            .sign(key, hashes.SHA256())
        )
        chosen = [_BY_NAME[name] for name in profiles]
        return cls(key, made, chosen or PROFILES)

    def accept(self) -> SSL.Connection:
        """The passive end of a new association, on memory instead of a socket."""
        connection = self._connection()
        connection.set_accept_state()
        return connection

    def connect(self) -> SSL.Connection:
        """The active end of a new association, on memory instead of a socket."""
        connection = self._connection()
        connection.set_connect_state()
        return connection

    def _connection(self) -> SSL.Connection:
        connection = SSL.Connection(self._context, None)
        connection.set_ciphertext_mtu(MAX_DATAGRAM)
        return connection


def _context(
    key: ec.EllipticCurvePrivateKey, certificate: x509.Certificate, profiles: Sequence[Profile]
) -> SSL.Context:
    context = SSL.Context(SSL.DTLS_METHOD)
    context.set_min_proto_version(_DTLS_1_2)
    context.set_max_proto_version(_DTLS_1_2)
    # Nobody resumes a DTLS-SRTP session, so a cache would only grow. Memory cannot be asked how much the path carries.
    context.set_session_cache_mode(SSL.SESS_CACHE_OFF)
    context.set_options(SSL.OP_NO_TICKET | SSL.OP_NO_QUERY_MTU)
    # After the handshake almost nothing comes: a thousand listeners need not hold two buffers each.
    context.set_mode(SSL.MODE_RELEASE_BUFFERS)
    # Certificates are self-signed; whose it is, its fingerprint says. OpenSSL checks that the client has its key.
    context.set_verify(SSL.VERIFY_PEER | SSL.VERIFY_FAIL_IF_NO_PEER_CERT, lambda *_: True)
    context.set_cipher_list(_CIPHERS)
    context.set_tlsext_use_srtp(b":".join(profile.openssl for profile in profiles))
    context.use_certificate(certificate)
    context.use_privatekey(key)
    return context
