"""DTLS-SRTP (RFC 5764), the passive end: a client's datagrams in, ours out, keys once.

All of it happens on the spot, without a task or a queue per client. The datagrams come from the relay, which lets none
pass that STUN has not vouched for, and only so many before keys.
"""

import asyncio
import contextlib
from collections.abc import Callable, Iterator, Sequence
from typing import Final, NamedTuple

from OpenSSL import SSL

from room_server.session.certificate import MAX_DATAGRAM, PROFILES, Certificate, Profile
from room_server.session.sdp import Fingerprint

HANDSHAKE_TIMEOUT: Final = 20.0
"""Seconds from the first datagram. At 30 % loss the worst of eight took 1.1 s, at 50 % 3.3 s; beyond is hopeless."""
FIRST_DATAGRAM_TIMEOUT: Final = 50.0
"""Seconds from the answer: the relay's 30 s for STUN to arrive, and as much again as a handshake may take."""

_EXPORTER: Final = b"EXTRACTOR-dtls_srtp"
_HEADER: Final = 13
"""Bytes of a record before its content; the last two say how long that is (RFC 6347, 4.1)."""
_MOST: Final = 1 << 14
"""Bytes that OpenSSL is asked for at once: what a record may hold, and far more than a flight."""
_ROUNDS: Final = 3
"""Flights either way in a handshake of which nothing is lost, and one to see that nothing is left."""


class Keys(NamedTuple):
    """IANA's name of the SRTP profile, and under which key and salt, joined, each end sends."""

    profile: str
    client: bytes
    server: bytes


class DtlsEndpoint:
    """The server's half of one handshake, and of the alerts after it. Bound to the running loop.

    `on_keys` comes at most once. `on_end(reason)` comes at most once: "handshake" (failed, timed out, wrong
    certificate) or "closed" (the client said good-bye); never after `close`.
    """

    def __init__(
        self,
        certificate: Certificate,
        fingerprints: Sequence[Fingerprint],
        *,
        send: Callable[[bytes], None],
        on_keys: Callable[[Keys], None],
        on_end: Callable[[str], None],
    ) -> None:
        self._certificate = certificate
        self._fingerprints = fingerprints
        self._send = send
        self._on_keys = on_keys
        self._on_end = on_end
        self._connection: SSL.Connection | None = None
        """From the first datagram to the end: a client whose last flight was answered in vain sends it again, and
        says good-bye under the same keys.
        """
        self._shaken = self._keyed = self._over = False
        self._loop = asyncio.get_running_loop()
        self._deadline = self._loop.call_later(FIRST_DATAGRAM_TIMEOUT, self._end, "handshake")
        self._repetition: asyncio.TimerHandle | None = None

    def receive(self, datagram: bytes) -> None:
        """One DTLS datagram of the client's."""
        if self._over or not datagram:
            return
        connection = self._connection or self._begin()
        connection.bio_write(datagram)
        try:
            self._advance(connection)
        except SSL.WantReadError:
            self._flush(connection)
        except SSL.Error:
            self._flush(connection)  # the alert that says why
            self._end("closed" if self._keyed else "handshake")

    def close(self) -> None:
        """Say good-bye where there is somebody to say it to, and stop. Idempotent."""
        if self._over:
            return
        self._over = True
        self._deadline.cancel()
        self._unschedule()
        connection, self._connection = self._connection, None
        if connection is not None and self._shaken:
            with contextlib.suppress(SSL.Error):
                connection.shutdown()
            self._flush(connection)

    def _begin(self) -> SSL.Connection:
        self._deadline.cancel()
        self._deadline = self._loop.call_later(HANDSHAKE_TIMEOUT, self._end, "handshake")
        self._connection = self._certificate.accept()
        return self._connection

    def _advance(self, connection: SSL.Connection) -> None:
        """Take what has come. Ends in an `SSL.Error`: `WantReadError` is the good one."""
        if not self._shaken:
            connection.do_handshake()
            self._shaken = True
            self._take_keys(connection)
        while True:
            connection.recv(_MOST)  # alerts and repeated flights take effect; nobody has agreed on data

    def _take_keys(self, connection: SSL.Connection) -> None:
        keys = _keys(connection)
        if keys is None or not _is_as_announced(connection, self._fingerprints):
            raise SSL.Error("no SRTP profile in common, or another certificate than the offer's")
        self._keyed = True
        self._deadline.cancel()
        self._on_keys(keys)

    def _flush(self, connection: SSL.Connection) -> None:
        for datagram in _datagrams(connection):
            self._send(datagram)
        self._unschedule()
        if not self._keyed and not self._over and (seconds := connection.DTLSv1_get_timeout()) is not None:
            self._repetition = self._loop.call_later(seconds, self._repeat, connection)

    def _repeat(self, connection: SSL.Connection) -> None:
        """Nothing has come for a while: send the last flight again."""
        try:
            connection.DTLSv1_handle_timeout()
        except SSL.Error:
            self._end("handshake")
        else:
            self._flush(connection)

    def _unschedule(self) -> None:
        if self._repetition is not None:
            self._repetition.cancel()
            self._repetition = None

    def _end(self, reason: str) -> None:
        if not self._over:
            self.close()
            self._on_end(reason)


def self_test(certificate: Certificate) -> None:
    """A handshake in memory. `RuntimeError` if the two ends do not come to the same keys of the best profile."""
    client, server = Certificate.generate().connect(), certificate.accept()
    try:
        for _ in range(_ROUNDS):
            for one, other in ((client, server), (server, client)):
                with contextlib.suppress(SSL.WantReadError):
                    one.do_handshake()
                for datagram in _datagrams(one):
                    other.bio_write(datagram)
        keys = _keys(server)
        agreed = keys is not None and keys == _keys(client) and keys.profile == certificate.profiles[0].name
    except SSL.Error as error:
        raise RuntimeError(f"DTLS self-test: {error!r}; install the pinned pyOpenSSL") from error
    if not agreed:
        raise RuntimeError("DTLS self-test: the two ends hold different keys; install the pinned pyOpenSSL")


def _datagrams(connection: SSL.Connection) -> Iterator[bytes]:
    """What OpenSSL has written, as many whole records to a datagram as fit (RFC 6347, 4.1.1)."""
    try:
        flight = connection.bio_read(_MOST)
    except SSL.WantReadError:
        return
    start = end = 0
    while end < len(flight):
        record = _HEADER + int.from_bytes(flight[end + _HEADER - 2 : end + _HEADER], "big")
        if end + record - start > MAX_DATAGRAM and end > start:
            yield flight[start:end]
            start = end
        end += record
    yield flight[start:]


def _is_as_announced(connection: SSL.Connection, fingerprints: Sequence[Fingerprint]) -> bool:
    """Whether all that the offer says of the client's certificate is true (RFC 8122, 5: one match would do)."""
    certificate = connection.get_peer_certificate()
    return certificate is not None and all(
        certificate.digest(fingerprint.algorithm.replace("-", "")).decode() == fingerprint.value
        for fingerprint in fingerprints
    )


def _keys(connection: SSL.Connection) -> Keys | None:
    """What both ends derive from the handshake; None where they have no SRTP profile in common."""
    profile: Profile | None = _BY_NAME.get(connection.get_selected_srtp_profile())
    if profile is None:
        return None
    key, salt = profile.key_bytes, profile.salt_bytes
    # RFC 5764, 4.2: client key, server key, client salt, server salt.
    material = connection.export_keying_material(_EXPORTER, 2 * (key + salt))
    keys, salts = material[: 2 * key], material[2 * key :]
    return Keys(profile.name, keys[:key] + salts[:salt], keys[key:] + salts[salt:])


_BY_NAME: Final = {profile.openssl: profile for profile in PROFILES}
