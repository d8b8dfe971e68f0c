"""The seam to aiortc's DTLS 1.2 (RFC 5764): datagrams in, datagrams out, SRTP keys once.

aiortc's private names end here. They are those of its 1.16; `self_test` proves at start-up that they still mean what
they did. The datagrams come from the relay, which lets none pass that STUN has not vouched for.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from typing import Any, Final

from aiortc.rtcdtlstransport import (
    SRTP_AEAD_AES_128_GCM,
    SRTP_AEAD_AES_256_GCM,
    SRTP_AES128_CM_SHA1_80,
    RTCCertificate,
    RTCDtlsFingerprint,
    RTCDtlsParameters,
    RTCDtlsTransport,
    SRTPProtectionProfile,
)
from OpenSSL import SSL

from room_server.session.sdp import Fingerprint

PROFILES: Final[list[SRTPProtectionProfile]] = [
    SRTP_AEAD_AES_256_GCM,
    SRTP_AEAD_AES_128_GCM,
    SRTP_AES128_CM_SHA1_80,
]
"""What the relay speaks, in aiortc's order: every client in use takes the first."""
_IANA_NAMES: Final = {b"SRTP_AES128_CM_SHA1_80": "SRTP_AES128_CM_HMAC_SHA1_80"}
"""Where OpenSSL's name is another."""

HANDSHAKE_TIMEOUT: Final = 20.0
"""Seconds from the first datagram. At 30 % loss the worst of eight took 1.1 s, at 50 % 3.3 s; beyond is hopeless."""
FIRST_DATAGRAM_TIMEOUT: Final = 50.0
"""Seconds from the answer: the relay's 30 s for STUN to arrive, and as much again as a handshake may take."""
_MAX_QUEUED: Final = 32
"""Datagrams. A whole flight is four at most; what is lost beyond is sent again."""
_MAX_DATAGRAM: Final = 1500
_SELF_TEST_TIMEOUT: Final = 5.0
"""Seconds; it takes a few milliseconds."""
_EXPORTER: Final = b"EXTRACTOR-dtls_srtp"

OnKeys = Callable[[str, bytes, bytes], None]
"""(IANA profile name, key + salt we receive with, key + salt we send with)."""

log = logging.getLogger(__name__)


class Certificate(RTCCertificate):
    """One certificate and one OpenSSL context for all handshakes: one each would be half of a handshake's cost."""

    _context: SSL.Context | None = None

    @classmethod
    def generate(cls) -> "Certificate":
        """A new P-256 key: its certificate keeps the server's flight below one datagram."""
        return cls.generateCertificate()

    @property
    def fingerprint(self) -> Fingerprint:
        """For the answer."""
        digest = next(f for f in self.getFingerprints() if f.algorithm == "sha-256")
        return Fingerprint(digest.algorithm, digest.value)

    def _create_ssl_context(self, srtp_profiles: list[SRTPProtectionProfile]) -> SSL.Context:
        if self._context is None:
            self._context = super()._create_ssl_context(srtp_profiles)
            # Nobody resumes a DTLS-SRTP session, so a cache would only grow.
            self._context.set_session_cache_mode(SSL.SESS_CACHE_OFF)
        return self._context


class DtlsEndpoint:
    """The server's half of one handshake, and of the alerts after it.

    `on_end(reason)` comes at most once: "handshake" (failed, timed out, wrong certificate) or "closed" (the client said
    good-bye); never after `close`.
    """

    def __init__(
        self,
        certificate: Certificate,
        fingerprints: Sequence[Fingerprint],
        *,
        send: Callable[[bytes], None],
        on_keys: OnKeys,
        on_end: Callable[[str], None],
    ) -> None:
        self._certificate = certificate
        self._fingerprints = fingerprints
        self._wire = _Wire(send)
        self._on_keys = on_keys
        self._on_end = on_end
        self._dtls: _KeyDtls | None = None
        self._task: asyncio.Task[None] | None = None
        self._over = False
        self._deadline: asyncio.TimerHandle | None = None
        self._arm(FIRST_DATAGRAM_TIMEOUT)

    def receive(self, datagram: bytes) -> None:
        """One DTLS datagram of the client's. More than a few at a time are dropped; DTLS repeats."""
        if self._over or not datagram or self._wire.inbox.qsize() >= _MAX_QUEUED:
            return
        if self._task is None:
            self._arm(HANDSHAKE_TIMEOUT)
            self._dtls = _KeyDtls(self._wire, self._certificate, role="server", on_keys=self._keyed)
            self._task = asyncio.get_running_loop().create_task(self._run(self._dtls))
        self._wire.inbox.put_nowait(datagram)

    def close(self) -> asyncio.Task[None] | None:
        """Say good-bye where keys are agreed, and stop. The task returned, if any, ends within a few loop turns."""
        if not self._over:
            if self._dtls is not None and (alert := self._dtls.close_notify()):
                self._wire.send(alert)
            self._stop()
        return self._task

    async def _run(self, dtls: "_KeyDtls") -> None:
        try:
            await dtls.start(_parameters(self._fingerprints))
            keyed = dtls.state == "connected"
            await dtls.ended.wait()
        except Exception:
            log.exception("dtls: the handshake broke")
            keyed = False
        self._end("closed" if keyed else "handshake")

    def _keyed(self, profile: str, rx: bytes, tx: bytes) -> None:
        if not self._over:
            self._disarm()
            self._on_keys(profile, rx, tx)

    def _expired(self) -> None:
        self._end("handshake")

    def _end(self, reason: str) -> None:
        if not self._over:
            self._stop()
            self._on_end(reason)

    def _stop(self) -> None:
        self._over = True
        self._disarm()
        self._wire.inbox.put_nowait(None)
        self._dtls = None

    def _arm(self, seconds: float) -> None:
        self._disarm()
        self._deadline = asyncio.get_running_loop().call_later(seconds, self._expired)

    def _disarm(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None


async def self_test(certificate: Certificate) -> None:
    """A handshake in memory. `RuntimeError` if both sides do not come to the same keys: aiortc has changed."""
    keys: dict[str, tuple[str, bytes, bytes]] = {}
    wires = _Wire(), _Wire()
    wires[0].send, wires[1].send = wires[1].inbox.put_nowait, wires[0].inbox.put_nowait
    server = _KeyDtls(wires[0], certificate, role="server", on_keys=lambda *k: keys.__setitem__("server", k))
    client = _KeyDtls(wires[1], Certificate.generate(), role="client", on_keys=lambda *k: keys.__setitem__("client", k))
    handshake = asyncio.gather(server.start(client.getLocalParameters()), client.start(server.getLocalParameters()))
    try:
        await asyncio.wait_for(handshake, timeout=_SELF_TEST_TIMEOUT)
        profile, rx, tx = keys["server"]
        if keys["client"] != (profile, tx, rx) or len(rx) != PROFILES[0].key_length + PROFILES[0].salt_length:
            raise RuntimeError("DTLS self-test: the two sides hold different keys; install the pinned aiortc")
    except (AttributeError, KeyError, TypeError, AssertionError, TimeoutError) as error:
        raise RuntimeError(f"DTLS self-test: {error!r}; install the pinned aiortc") from error
    finally:
        for wire, end in zip(wires, (server, client), strict=True):
            wire.inbox.put_nowait(None)
            if end.state == "connected":
                await end.ended.wait()


class _Wire:
    """What RTCDtlsTransport uses of an ICE transport: a role, and two coroutines."""

    role = "controlled"

    def __init__(self, send: Callable[[bytes], None] = lambda _datagram: None) -> None:
        self.send = send
        self.inbox: asyncio.Queue[bytes | None] = asyncio.Queue()

    async def _send(self, datagram: bytes) -> None:
        self.send(datagram)

    async def _recv(self) -> bytes:
        datagram = await self.inbox.get()
        if datagram is None:
            self.inbox.put_nowait(None)  # whoever asks again hears the same
            raise ConnectionError
        return datagram


class _KeyDtls(RTCDtlsTransport):
    """Hands the SRTP keys out instead of building SRTP sessions of its own; so it never touches media."""

    def __init__(self, wire: Any, certificate: Certificate, *, role: str, on_keys: OnKeys) -> None:
        super().__init__(wire, [certificate])
        self._srtp_profiles = PROFILES
        self._set_role(role)
        self._hand_out = on_keys
        self.ended = asyncio.Event()
        self.on("statechange", self._changed)

    def close_notify(self) -> bytes:
        """The alert that ends the association; empty before keys."""
        if self.state != "connected" or self._ssl is None:
            return b""
        try:
            self._ssl.shutdown()
            return bytes(self._ssl.bio_read(_MAX_DATAGRAM))
        except SSL.Error:
            return b""

    def _changed(self) -> None:
        if self.state in {"closed", "failed"}:
            self.ended.set()

    def _setup_srtp(self) -> None:
        assert self._ssl is not None
        name = self._ssl.get_selected_srtp_profile()
        profile = next((p for p in self._srtp_profiles if p.openssl_profile == name), None)
        if profile is None:
            super()._setup_srtp()  # it fails the transport in its own way
            return
        # RFC 5764, 4.2: client key, server key, client salt, server salt.
        material = self._ssl.export_keying_material(_EXPORTER, 2 * (profile.key_length + profile.salt_length))
        client, server = (profile.get_key_and_salt(material, side) for side in (0, 1))
        rx, tx = (client, server) if self._role == "server" else (server, client)
        self._hand_out(_IANA_NAMES.get(name, name.decode()), rx, tx)


def _parameters(fingerprints: Sequence[Fingerprint]) -> RTCDtlsParameters:
    return RTCDtlsParameters(
        fingerprints=[RTCDtlsFingerprint(algorithm=f.algorithm, value=f.value) for f in fingerprints], role="client"
    )
