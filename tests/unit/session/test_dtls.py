"""DTLS against aiortc's own client over an in-memory wire; the keys are proved by an independent SRTP."""

import asyncio
import contextlib
import struct
from collections.abc import Callable, Sequence
from typing import get_args

import pylibsrtp
import pytest
from aiortc.rtcdtlstransport import (
    SRTP_AES128_CM_SHA1_80,
    RTCCertificate,
    RTCDtlsFingerprint,
    RTCDtlsParameters,
    RTCDtlsTransport,
    SRTPProtectionProfile,
)
from OpenSSL import SSL

from room_server import config
from room_server.session import dtls
from room_server.session.certificate import MAX_DATAGRAM, PROFILES, Certificate
from room_server.session.dtls import DtlsEndpoint, Keys, self_test
from room_server.session.sdp import Fingerprint

RTP = b"\x80\x60\x00\x01\x00\x00\x00\x00\x00\x00\x30\x39hello"
LEAST_MTU = 280
"""Bytes: about the least that OpenSSL accepts."""
FLIGHTS = 4
"""Datagrams of a handshake with aiortc, two each way."""


class ClientWire:
    """The client's side of the wire; `lose` says which datagrams, counted from 0 in both directions, are lost."""

    role = "controlling"

    def __init__(self, lose: Callable[[int], bool] = lambda _n: False) -> None:
        self.inbox: asyncio.Queue[bytes | None] = asyncio.Queue()
        self.endpoint: DtlsEndpoint | None = None
        self.answered = asyncio.Event()
        self.count = 0
        self._lose = lose

    def from_server(self, datagram: bytes) -> None:
        self.answered.set()
        assert len(datagram) <= MAX_DATAGRAM
        if not self._lost():
            self.inbox.put_nowait(datagram)

    async def _send(self, datagram: bytes) -> None:
        if not self._lost() and self.endpoint is not None:
            self.endpoint.receive(datagram)

    async def _recv(self) -> bytes:
        datagram = await self.inbox.get()
        if datagram is None:
            raise ConnectionError
        return datagram

    def _lost(self) -> bool:
        self.count += 1
        return self._lose(self.count - 1)


class Ours:
    """Our endpoint, and what comes of it."""

    def __init__(self, claimed: Fingerprint, send: Callable[[bytes], None], profiles: Sequence[str] = ()) -> None:
        self.certificate = Certificate.generate(profiles)
        self.keys: asyncio.Future[Keys] = asyncio.get_running_loop().create_future()
        self.ended: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self.endpoint = DtlsEndpoint(
            self.certificate, [claimed], send=send, on_keys=self.keys.set_result, on_end=self.ended.set_result
        )


class Pair(Ours):
    """aiortc's client and our endpoint, wired up."""

    def __init__(
        self,
        *,
        claimed: Fingerprint | None = None,
        algorithm: str = "sha-256",
        wire: ClientWire | None = None,
        profiles: Sequence[str] = (),
    ) -> None:
        self.wire = wire or ClientWire()
        client_certificate = RTCCertificate.generateCertificate()
        self.client = RTCDtlsTransport(self.wire, [client_certificate])
        self.client._set_role("client")
        digest = next(f for f in client_certificate.getFingerprints() if f.algorithm == algorithm)
        fingerprint = claimed or Fingerprint(digest.algorithm, digest.value)
        super().__init__(fingerprint, self.wire.from_server, profiles)
        self.wire.endpoint = self.endpoint

    async def connect(self) -> None:
        ours = self.certificate.fingerprint
        await self.client.start(RTCDtlsParameters([RTCDtlsFingerprint(ours.algorithm, ours.value)], "server"))

    async def finish(self) -> None:
        self.endpoint.close()
        await self.client.stop()
        self.wire.inbox.put_nowait(None)


class Bare(Ours):
    """OpenSSL as a client, a datagram at a time: `hello` and `answer` say what it sends, `take` what it gets."""

    def __init__(self, *, mtu: int = MAX_DATAGRAM) -> None:
        identity = Certificate.generate()
        self.client = identity.connect()
        self.client.set_ciphertext_mtu(mtu)
        self.sent: list[bytes] = []
        self.news = asyncio.Event()
        super().__init__(identity.fingerprint, self._from_server)

    def hello(self) -> list[bytes]:
        return self.take([])

    def answer(self) -> list[bytes]:
        """To all that the server has said."""
        said = self.sent.copy()
        self.sent.clear()
        return self.take(said)

    def take(self, datagrams: list[bytes]) -> list[bytes]:
        for datagram in datagrams:
            self.client.bio_write(datagram)
        with contextlib.suppress(SSL.WantReadError):
            self.client.do_handshake()
        return records(self.client)

    def receive(self, datagrams: list[bytes]) -> None:
        for datagram in datagrams:
            self.endpoint.receive(datagram)

    def _from_server(self, datagram: bytes) -> None:
        self.sent.append(datagram)
        self.news.set()


def records(connection: SSL.Connection) -> list[bytes]:
    """What it wants to send, each record in a datagram of its own."""
    try:
        flight = connection.bio_read(1 << 16)
    except SSL.WantReadError:
        return []
    found = []
    while flight:
        length = 13 + struct.unpack_from("!H", flight, 11)[0]
        found.append(flight[:length])
        flight = flight[length:]
    return found


def fragment(number: int, size: int, *, of: int, at: int) -> bytes:
    """A record with `size` bytes at `at` of a ClientHello that claims to be `of` bytes long."""
    message = struct.pack("!B3sH3s3s", 1, of.to_bytes(3, "big"), 0, at.to_bytes(3, "big"), size.to_bytes(3, "big"))
    head = struct.pack("!BHH6sH", 22, 0xFEFD, 0, number.to_bytes(6, "big"), len(message) + size)
    return head + message + bytes(size)


async def test_the_keys_handed_out_are_the_clients() -> None:
    pair = Pair()
    await pair.connect()
    keys = await pair.keys
    assert keys.profile == "SRTP_AEAD_AES_256_GCM"
    assert (len(keys.client), len(keys.server)) == (44, 44)
    suite = pylibsrtp.Policy.SRTP_PROFILE_AEAD_AES_256_GCM
    inbound = pylibsrtp.Policy(key=keys.client, ssrc_type=pylibsrtp.Policy.SSRC_ANY_INBOUND, srtp_profile=suite)
    outbound = pylibsrtp.Policy(key=keys.server, ssrc_type=pylibsrtp.Policy.SSRC_ANY_OUTBOUND, srtp_profile=suite)
    assert pylibsrtp.Session(inbound).unprotect(pair.client._tx_srtp.protect(RTP)) == RTP
    assert pair.client._rx_srtp.unprotect(pylibsrtp.Session(outbound).protect(RTP)) == RTP
    assert pair.wire.count == FLIGHTS
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
    other.endpoint.close()
    await closed.wait()
    assert not other.ended.done()
    await other.finish()


async def test_a_certificate_other_than_the_offers_is_refused() -> None:
    pair = Pair(claimed=Fingerprint("sha-256", ":".join(["AB"] * 32)))
    await pair.connect()
    assert await pair.ended == "handshake"
    assert not pair.keys.done()
    await pair.finish()


@pytest.mark.parametrize("algorithm", ["sha-256", "sha-384", "sha-512"])
async def test_every_fingerprint_that_an_offer_may_hold_is_checked(algorithm: str) -> None:
    pair = Pair(algorithm=algorithm)
    await pair.connect()
    assert await pair.keys
    await pair.finish()


async def test_profiles_go_by_their_iana_names() -> None:
    pair = Pair()
    pair.client._srtp_profiles = [SRTP_AES128_CM_SHA1_80]
    await pair.connect()
    keys = await pair.keys
    assert (keys.profile, len(keys.client), len(keys.server)) == ("SRTP_AES128_CM_HMAC_SHA1_80", 30, 30)
    await pair.finish()


async def test_the_best_common_profile_is_taken_whatever_the_client_prefers() -> None:
    pair = Pair()
    pair.client._srtp_profiles = pair.client._srtp_profiles[::-1]
    await pair.connect()
    assert (await pair.keys).profile == "SRTP_AEAD_AES_256_GCM"
    await pair.finish()


@pytest.mark.parametrize(
    ("configured", "agreed"),
    [
        (("SRTP_AES128_CM_HMAC_SHA1_80", "SRTP_AEAD_AES_256_GCM"), "SRTP_AES128_CM_HMAC_SHA1_80"),
        (("SRTP_AEAD_AES_128_GCM",), "SRTP_AEAD_AES_128_GCM"),
    ],
)
async def test_the_configured_profiles_are_offered_in_their_order(configured: tuple[str, ...], agreed: str) -> None:
    pair = Pair(profiles=configured)
    self_test(pair.certificate)
    await pair.connect()
    assert (await pair.keys).profile == agreed
    await pair.finish()


def test_the_settings_name_exactly_the_profiles_there_are() -> None:
    assert get_args(config.SrtpProfile) == tuple(profile.name for profile in PROFILES)
    assert config.Media().srtp_profiles == get_args(config.SrtpProfile)


async def test_an_srtp_profile_the_relay_lacks_is_refused() -> None:
    pair = Pair()
    pair.client._srtp_profiles = [SRTPProtectionProfile(2, b"SRTP_AES128_CM_SHA1_32", 16, 14)]
    await pair.connect()
    assert await pair.ended == "handshake"
    assert not pair.keys.done()
    await pair.finish()


async def test_any_datagram_may_be_lost_once() -> None:
    async def without(lost: int) -> None:
        pair = Pair(wire=ClientWire(lose=lambda n: n == lost))
        await pair.connect()
        assert pair.client.state == "connected"
        assert await pair.keys
        await pair.finish()

    await asyncio.gather(*(without(lost) for lost in range(FLIGHTS)))


async def test_what_our_silence_costs_we_send_again_ourselves() -> None:
    bare = Bare()
    bare.receive(bare.hello())
    first = b"".join(bare.sent)
    bare.sent.clear()
    bare.news.clear()
    await asyncio.wait_for(bare.news.wait(), 5)
    assert len(b"".join(bare.sent)) == len(first)
    bare.receive(bare.answer())
    assert await bare.keys
    bare.endpoint.close()


async def test_a_hello_of_two_datagrams_is_put_together() -> None:
    bare = Bare()
    # As long as Chromium's with its ML-KEM share.
    bare.client.set_alpn_protos([bytes([65 + n]) * 200 for n in range(7)])
    hello = bare.hello()
    assert len(hello) == 2
    bare.receive(hello[:1])
    assert not bare.sent
    bare.receive(hello[1:])
    bare.receive(bare.answer())
    assert await bare.keys
    bare.endpoint.close()


@pytest.mark.parametrize("turned", ["handshake", "cipher"])
async def test_flights_may_come_in_fragments_and_out_of_order(turned: str) -> None:
    bare = Bare(mtu=LEAST_MTU)
    bare.receive(bare.hello())
    *messages, change, finished = bare.answer()
    assert len(messages) > 3
    bare.receive([*messages[::-1], change, finished] if turned == "handshake" else [*messages, finished, change])
    assert await bare.keys
    bare.endpoint.close()


@pytest.mark.parametrize("first", [None, b"\x16\xfe\xff" + bytes(60)])
async def test_a_handshake_that_never_ends_is_given_up(monkeypatch: pytest.MonkeyPatch, first: bytes | None) -> None:
    monkeypatch.setattr(dtls, "FIRST_DATAGRAM_TIMEOUT", 0.02)
    monkeypatch.setattr(dtls, "HANDSHAKE_TIMEOUT", 0.02)
    pair = Pair()
    if first is not None:
        pair.endpoint.receive(first)
    assert await pair.ended == "handshake"
    await pair.finish()


async def test_endless_fragments_are_given_up_and_a_message_beyond_all_bounds_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(dtls, "HANDSHAKE_TIMEOUT", 0.05)
    bare = Bare()
    for number in range(100):
        bare.endpoint.receive(fragment(number, 600, of=16_000, at=number * 7))
    assert not bare.sent
    assert await bare.ended == "handshake"

    other = Bare()
    other.endpoint.receive(fragment(0, 600, of=(1 << 24) - 1, at=0))
    assert other.ended.result() == "handshake"


async def test_garbage_harms_nobody() -> None:
    pair = Pair()
    for size in range(200):
        pair.endpoint.receive(bytes([22]) * size)
    await pair.connect()
    for size in range(200):
        pair.endpoint.receive(bytes([23]) * size)
    assert await pair.keys
    assert not pair.ended.done()
    await pair.finish()


async def test_closing_in_the_middle_of_a_handshake_tells_nobody_and_leaves_nothing() -> None:
    pair = Pair(wire=ClientWire(lose=lambda n: n > 1))
    connecting = asyncio.ensure_future(pair.connect())
    await pair.wire.answered.wait()
    await pair.finish()
    await connecting
    assert not pair.ended.done()
    assert len(asyncio.all_tasks()) == 1
    pair.endpoint.receive(b"\x16\xfe\xfd")
    assert pair.endpoint._connection is None


async def test_a_flight_beyond_one_datagram_is_cut_between_records(monkeypatch: pytest.MonkeyPatch) -> None:
    bare = Bare()
    monkeypatch.setattr(dtls, "MAX_DATAGRAM", 300)
    accept = bare.certificate.accept

    def narrow() -> SSL.Connection:
        connection = accept()
        connection.set_ciphertext_mtu(300)
        return connection

    monkeypatch.setattr(bare.certificate, "accept", narrow)
    bare.receive(bare.hello())
    assert len(bare.sent) > 1
    assert all(len(datagram) <= 300 for datagram in bare.sent)
    bare.receive(bare.answer())
    assert await bare.keys
    bare.endpoint.close()


def test_the_self_test_passes() -> None:
    self_test(Certificate.generate())


def test_the_self_test_refuses_an_openssl_without_the_profiles(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(SSL.Connection, "get_selected_srtp_profile", lambda _self: b"")
    with pytest.raises(RuntimeError, match="install the pinned pyOpenSSL"):
        self_test(Certificate.generate())
