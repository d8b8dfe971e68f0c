"""The DTLS seam against aiortc's own client over an in-memory wire; the keys are proved by an independent SRTP."""

import asyncio
from collections.abc import Callable

import pylibsrtp
import pytest
from aiortc.rtcdtlstransport import (
    SRTP_AES128_CM_SHA1_80,
    RTCCertificate,
    RTCDtlsParameters,
    RTCDtlsTransport,
    SRTPProtectionProfile,
)

from room_server.session import dtls
from room_server.session.dtls import Certificate, DtlsEndpoint, self_test
from room_server.session.sdp import Fingerprint

RTP = b"\x80\x60\x00\x01\x00\x00\x00\x00\x00\x00\x30\x39hello"


class ClientWire:
    """The client's side of the wire; `lose` says which datagrams, counted from 0 in both directions, are lost."""

    role = "controlling"

    def __init__(self, lose: Callable[[int], bool] = lambda _n: False) -> None:
        self.inbox: asyncio.Queue[bytes | None] = asyncio.Queue()
        self.endpoint: DtlsEndpoint | None = None
        self.answered = asyncio.Event()
        self._lose = lose
        self._count = 0

    def lost(self) -> bool:
        self._count += 1
        return self._lose(self._count - 1)

    def from_server(self, datagram: bytes) -> None:
        self.answered.set()
        if not self.lost():
            self.inbox.put_nowait(datagram)

    async def _send(self, datagram: bytes) -> None:
        if not self.lost() and self.endpoint is not None:
            self.endpoint.receive(datagram)

    async def _recv(self) -> bytes:
        datagram = await self.inbox.get()
        if datagram is None:
            raise ConnectionError
        return datagram


class Pair:
    """A client and our endpoint, wired up."""

    def __init__(self, *, claimed: Fingerprint | None = None, wire: ClientWire | None = None) -> None:
        self.wire = wire or ClientWire()
        client_certificate = RTCCertificate.generateCertificate()
        self.client = RTCDtlsTransport(self.wire, [client_certificate])  # type: ignore[arg-type]
        self.client._set_role("client")
        self.certificate = Certificate.generate()
        self.keys: asyncio.Future[tuple[str, bytes, bytes]] = asyncio.get_running_loop().create_future()
        self.ended: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        digest = client_certificate.getFingerprints()[0]
        self.endpoint = DtlsEndpoint(
            self.certificate,
            [claimed or Fingerprint(digest.algorithm, digest.value)],
            send=self.wire.from_server,
            on_keys=lambda *keys: self.keys.set_result(keys),
            on_end=self.ended.set_result,
        )
        self.wire.endpoint = self.endpoint

    async def connect(self) -> None:
        await self.client.start(RTCDtlsParameters(self.certificate.getFingerprints(), "server"))

    async def finish(self) -> None:
        if (task := self.endpoint.close()) is not None:
            await task
        await self.client.stop()
        self.wire.inbox.put_nowait(None)


async def test_the_keys_handed_out_are_the_clients() -> None:
    pair = Pair()
    await pair.connect()
    profile, rx, tx = await pair.keys
    assert profile == "SRTP_AEAD_AES_256_GCM"
    assert (len(rx), len(tx)) == (44, 44)
    policy = pylibsrtp.Policy(
        key=rx, ssrc_type=pylibsrtp.Policy.SSRC_ANY_INBOUND, srtp_profile=pylibsrtp.Policy.SRTP_PROFILE_AEAD_AES_256_GCM
    )
    protected = pair.client._tx_srtp.protect(RTP)
    assert pylibsrtp.Session(policy).unprotect(protected) == RTP
    await pair.finish()


async def test_a_client_that_says_good_bye_is_noticed_and_one_that_is_sent_away_notices() -> None:
    pair = Pair()
    await pair.connect()
    await pair.client.stop()
    assert await pair.ended == "closed"
    await pair.finish()

    other = Pair()
    await other.connect()
    closed = asyncio.Event()
    other.client.on("statechange", lambda: closed.set() if other.client.state == "closed" else None)
    await other.finish()
    await closed.wait()
    assert not other.ended.done()


async def test_a_certificate_other_than_the_offers_is_refused() -> None:
    pair = Pair(claimed=Fingerprint("sha-256", ":".join(["AB"] * 32)))
    await pair.connect()
    assert await pair.ended == "handshake"
    assert not pair.keys.done()
    await pair.finish()


async def test_profiles_go_by_their_iana_names() -> None:
    pair = Pair()
    pair.client._srtp_profiles = [SRTP_AES128_CM_SHA1_80]
    await pair.connect()
    profile, rx, tx = await pair.keys
    assert (profile, len(rx), len(tx)) == ("SRTP_AES128_CM_HMAC_SHA1_80", 30, 30)
    await pair.finish()


async def test_an_srtp_profile_the_relay_lacks_is_refused() -> None:
    pair = Pair()
    pair.client._srtp_profiles = [SRTPProtectionProfile(2, b"SRTP_AES128_CM_SHA1_32", 16, 14)]
    await pair.connect()
    assert await pair.ended == "handshake"
    assert not pair.keys.done()
    await pair.finish()


async def test_lost_datagrams_are_sent_again() -> None:
    pair = Pair(wire=ClientWire(lose=lambda n: n in {0, 3}))
    await pair.connect()
    assert (await pair.keys)[0] == "SRTP_AEAD_AES_256_GCM"
    await pair.finish()


@pytest.mark.parametrize("first", [None, b"\x16\xfe\xff" + bytes(60)])
async def test_a_handshake_that_never_ends_is_given_up(monkeypatch: pytest.MonkeyPatch, first: bytes | None) -> None:
    monkeypatch.setattr(dtls, "FIRST_DATAGRAM_TIMEOUT", 0.02)
    monkeypatch.setattr(dtls, "HANDSHAKE_TIMEOUT", 0.02)
    pair = Pair()
    if first is not None:
        pair.endpoint.receive(first)
    assert await pair.ended == "handshake"
    await pair.finish()


async def test_garbage_is_bounded_and_harms_nobody() -> None:
    pair = Pair()
    for size in range(200):
        pair.endpoint.receive(bytes([22]) * size)
    assert pair.endpoint._wire.inbox.qsize() <= dtls._MAX_QUEUED
    await pair.connect()
    assert await pair.keys
    await pair.finish()


async def test_closing_in_the_middle_of_a_handshake_tells_nobody_and_leaves_nothing() -> None:
    pair = Pair(wire=ClientWire(lose=lambda n: n > 1))
    connecting = asyncio.ensure_future(pair.connect())
    await pair.wire.answered.wait()
    await pair.finish()
    await connecting
    assert not pair.ended.done()
    assert len(asyncio.all_tasks()) == 1


async def test_the_self_test_passes_and_one_context_serves_all() -> None:
    certificate = Certificate.generate()
    await self_test(certificate)
    assert certificate._create_ssl_context(dtls.PROFILES) is certificate._create_ssl_context(dtls.PROFILES)
    assert certificate.fingerprint.algorithm == "sha-256"
    assert len(asyncio.all_tasks()) == 1


async def test_the_self_test_fails_when_aiortc_is_another(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dtls._KeyDtls, "_setup_srtp", RTCDtlsTransport._setup_srtp)
    with pytest.raises(RuntimeError, match="install the pinned aiortc"):
        await self_test(Certificate.generate())
