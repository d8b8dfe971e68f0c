"""A very light media client for crowds: one UDP socket, STUN, DTLS and SRTP, no codecs. Hundreds fit into a process.

Its offer is a recorded browser's, under its own credentials and certificate.
"""

import asyncio
import os
import re
import secrets
import socket
import struct
from collections.abc import Callable
from typing import Any

import pylibsrtp
from aiortc.rtcdtlstransport import RTCCertificate
from OpenSSL import SSL

from tests.support import stun

# (pylibsrtp profile, key bytes, salt bytes) by OpenSSL's name.
_PROFILES = {
    b"SRTP_AEAD_AES_256_GCM": (pylibsrtp.Policy.SRTP_PROFILE_AEAD_AES_256_GCM, 32, 12),
    b"SRTP_AEAD_AES_128_GCM": (pylibsrtp.Policy.SRTP_PROFILE_AEAD_AES_128_GCM, 16, 12),
    b"SRTP_AES128_CM_SHA1_80": (pylibsrtp.Policy.SRTP_PROFILE_AES128_CM_SHA1_80, 16, 14),
}
PROFILES = [name.decode() for name in _PROFILES]
"""OpenSSL's names of the SRTP profiles, best first."""
_CHECK_EVERY = 2.5  # seconds, as Chromium does
_RETRY = 0.2  # seconds between unanswered checks
_MAX_DATAGRAM = 1200
_RECEIVE_BUFFER = 4 << 20  # a crowd shares one thread: what comes to one while it is others' turn has to wait here
_NUMBER_BYTES = 4


class Identity:
    """One certificate for a whole crowd: making hundreds would be the load. `profile`: the only one it offers."""

    def __init__(self, profile: str | None = None) -> None:
        certificate = RTCCertificate.generateCertificate()
        self.fingerprint = next(f.value for f in certificate.getFingerprints() if f.algorithm == "sha-256")
        self.context = SSL.Context(SSL.DTLS_METHOD)
        self.context.use_certificate(certificate._cert)
        self.context.use_privatekey(certificate._key)
        self.context.set_verify(SSL.VERIFY_PEER, lambda *_: True)
        self.context.set_tlsext_use_srtp(":".join([profile] if profile else PROFILES).encode())


class LightClient(asyncio.DatagramProtocol):
    """Offer, answer, `await connect(answer)`; then SRTP in and out."""

    def __init__(self, identity: Identity, offer: str, *, address: str = "127.0.0.1") -> None:
        self.received: dict[int, int] = {}
        """RTP packets by SSRC."""
        self.last: dict[int, bytes] = {}
        """The newest decrypted RTP packet of each SSRC."""
        self.failed = 0
        """Packets that could not be decrypted."""
        self.on_rtp: Callable[[bytes], None] = lambda packet: None
        """Told every decrypted RTP packet."""
        self.last_check = b""
        """The newest check that was sent."""
        self.checked = False
        """Whether a check has been answered."""
        self.shakes_hands = True
        """Whether it begins DTLS once that is so."""
        self.profile = ""
        """The SRTP profile agreed on, by OpenSSL's name."""
        self.on_media: Callable[[bytes], None] | None = None
        """Takes SRTP and SRTCP datagrams as they come, instead of having them decrypted and counted here."""
        self._fingerprint = identity.fingerprint
        self.offer = offer
        self._new_credentials()
        self._address = address
        self._ssl = SSL.Connection(identity.context, None)
        self._ssl.set_connect_state()
        self._transport: asyncio.DatagramTransport | None = None
        self._transaction = b""
        self._timer: asyncio.TimerHandle | None = None
        self._dtls_timer: asyncio.TimerHandle | None = None
        self._keyed: asyncio.Future[None] | None = None
        self._answered: asyncio.Future[None] | None = None
        self._rx: pylibsrtp.Session | None = None
        self._tx: pylibsrtp.Session | None = None

    async def connect(self, answer: str, *, timeout: float = 20) -> None:
        """Until SRTP keys are agreed, or, if it shakes no hands, a check is answered. `TimeoutError` otherwise."""
        loop = asyncio.get_running_loop()
        self._take_credentials(answer)
        candidate = _value(answer, "candidate").split()
        self._keyed, self._answered = loop.create_future(), loop.create_future()
        self._transport, _ = await loop.create_datagram_endpoint(
            lambda: self, local_addr=(self._address, 0), remote_addr=(candidate[4], int(candidate[5]))
        )
        self._transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _RECEIVE_BUFFER)
        self._check()
        await asyncio.wait_for(self._keyed if self.shakes_hands else self._answered, timeout)

    def restart_offer(self) -> str:
        """The same offer with new ICE credentials; `restarted` with its answer."""
        self._new_credentials()
        return self.offer

    async def restarted(self, answer: str, *, timeout: float = 10) -> None:
        """Until a check under the new credentials has succeeded."""
        self._take_credentials(answer)
        self.checked, self._answered = False, asyncio.get_running_loop().create_future()
        if self._timer is not None:
            self._timer.cancel()
        self._check()
        await asyncio.wait_for(self._answered, timeout)

    def own_socket(self) -> socket.socket:
        """Another handle of its socket, connected to the relay, for a thread to send from; the caller closes it."""
        assert self._transport is not None
        return socket.socket(fileno=os.dup(self._transport.get_extra_info("socket").fileno()))

    @property
    def relay(self) -> tuple[str, int]:
        """Where it sends to."""
        assert self._transport is not None
        address, port, *_ = self._transport.get_extra_info("peername")
        return str(address), int(port)

    @property
    def username(self) -> str:
        """USERNAME of its checks."""
        return self._username

    def new_check(self) -> bytes:
        """A valid check, not sent yet; its answer is not waited for."""
        return stun.check(username=self._username, password=self._remote_pwd)[1]

    def protect(self, packet: bytes) -> bytes:
        """An RTP packet encrypted, not sent."""
        assert self._tx is not None
        return bytes(self._tx.protect(packet))

    def protect_rtcp(self, packet: bytes) -> bytes:
        """An RTCP compound encrypted, not sent."""
        assert self._tx is not None
        return bytes(self._tx.protect_rtcp(packet))

    def send_rtp(self, packet: bytes) -> None:
        """Encrypt and send one RTP packet."""
        self.send(self.protect(packet))

    def opened(self, datagram: bytes) -> bytes:
        """What the relay has encrypted. `pylibsrtp.Error`: forged, damaged, or seen before."""
        assert self._rx is not None
        return bytes(self._rx.unprotect_rtcp(datagram) if _is_rtcp(datagram) else self._rx.unprotect(datagram))

    def send(self, datagram: bytes) -> None:
        """As it is."""
        assert self._transport is not None
        self._transport.sendto(datagram)

    def speak(self, number: int) -> None:
        """One 20 ms packet as Chromium sends it: mid 0 under id 4, level -20 dBov with voice under id 1.

        `number_of` tells what arrives of it; nobody here decodes it.
        """
        header = struct.pack("!BBHII", 0x90, 111, number & 0xFFFF, number * 960 & 0xFFFFFFFF, 0x0A0B0C0D)
        extensions = bytes([0x40]) + b"0" + bytes([0x10, 0x80 | 20])
        self.send_rtp(header + struct.pack("!HH", 0xBEDE, len(extensions) // 4) + extensions + _frame(number))

    def send_rtcp(self, packet: bytes) -> None:
        """Encrypt and send one RTCP compound."""
        self.send(self.protect_rtcp(packet))

    def close(self) -> None:
        """Leave without a word, as a closed tab does."""
        for timer in (self._timer, self._dtls_timer):
            if timer is not None:
                timer.cancel()
        if self._transport is not None:
            self._transport.close()

    def datagram_received(self, data: bytes, _addr: Any) -> None:
        first = data[0] if data else 0
        if first < 4:
            self._stun(data)
        elif 20 <= first < 64:
            self._ssl.bio_write(data)
            self._handshake()
        elif 128 <= first < 192 and self._rx is not None:
            self._media(data)

    def _new_credentials(self) -> None:
        self._ufrag, self._pwd = secrets.token_hex(4), secrets.token_hex(12)
        self.offer = _under(self.offer, self._ufrag, self._pwd, self._fingerprint)

    def _take_credentials(self, answer: str) -> None:
        self._username = f"{_value(answer, 'ice-ufrag')}:{self._ufrag}"
        self._remote_pwd = _value(answer, "ice-pwd")

    def _check(self) -> None:
        assert self._transport is not None
        self._transaction, request = stun.check(username=self._username, password=self._remote_pwd)
        self.last_check = request
        self._transport.sendto(request)
        pause = _CHECK_EVERY if self.checked else _RETRY
        self._timer = asyncio.get_running_loop().call_later(pause, self._check)

    def _stun(self, data: bytes) -> None:
        answered = stun.succeeded(data, transaction=self._transaction, password=self._remote_pwd)
        if answered and not self.checked:
            self.checked = True
            if self._answered is not None and not self._answered.done():
                self._answered.set_result(None)
            if self.shakes_hands:
                self._handshake()

    def _handshake(self) -> None:
        if self._rx is not None:
            return
        try:
            self._ssl.do_handshake()
        except SSL.WantReadError:
            self._flush()
            self._arm()
        else:
            self._flush()
            self._take_keys()

    def _arm(self) -> None:
        if self._dtls_timer is not None:
            self._dtls_timer.cancel()
        if (timeout := self._ssl.DTLSv1_get_timeout()) is not None:
            self._dtls_timer = asyncio.get_running_loop().call_later(timeout, self._repeat)

    def _repeat(self) -> None:
        if self._rx is None:
            self._ssl.DTLSv1_handle_timeout()
            self._flush()
            self._arm()

    def _flush(self) -> None:
        """Send what OpenSSL wrote, whole records to a datagram (RFC 6347, 4.1.1)."""
        assert self._transport is not None
        try:
            flight = self._ssl.bio_read(65_536)
        except SSL.WantReadError:
            return
        datagram = b""
        while flight:
            length = 13 + struct.unpack_from("!H", flight, 11)[0]
            record, flight = flight[:length], flight[length:]
            if datagram and len(datagram) + len(record) > _MAX_DATAGRAM:
                self._transport.sendto(datagram)
                datagram = b""
            datagram += record
        self._transport.sendto(datagram)

    def _take_keys(self) -> None:
        selected = self._ssl.get_selected_srtp_profile()
        self.profile = selected.decode()
        profile, key, salt = _PROFILES[selected]
        material = self._ssl.export_keying_material(b"EXTRACTOR-dtls_srtp", 2 * (key + salt))
        salts = material[2 * key :]
        client, server = material[:key] + salts[:salt], material[key : 2 * key] + salts[salt:]
        inbound = pylibsrtp.Policy(key=server, ssrc_type=pylibsrtp.Policy.SSRC_ANY_INBOUND, srtp_profile=profile)
        outbound = pylibsrtp.Policy(key=client, ssrc_type=pylibsrtp.Policy.SSRC_ANY_OUTBOUND, srtp_profile=profile)
        self._rx, self._tx = pylibsrtp.Session(inbound), pylibsrtp.Session(outbound)
        if self._keyed is not None and not self._keyed.done():
            self._keyed.set_result(None)

    def _media(self, data: bytes) -> None:
        if self.on_media is not None:
            self.on_media(data)
            return
        try:
            packet = self.opened(data)
        except pylibsrtp.Error:
            self.failed += 1
            return
        if _is_rtcp(packet):
            return
        ssrc = struct.unpack_from("!I", packet, 8)[0]
        self.received[ssrc] = self.received.get(ssrc, 0) + 1
        self.last[ssrc] = packet
        self.on_rtp(packet)


def number_of(packet: bytes) -> int:
    """Which of `speak`'s packets this is. `AssertionError`: none, or a damaged one."""
    number = int.from_bytes(packet[-_NUMBER_BYTES:], "big")
    assert packet.endswith(_frame(number))
    return number


def _is_rtcp(datagram: bytes) -> bool:
    """RFC 5761 section 4."""
    return 192 <= datagram[1] <= 223


def _frame(number: int) -> bytes:
    """A CELT frame's first byte, and what says which it is."""
    return bytes([0x78]) + bytes(56) + number.to_bytes(_NUMBER_BYTES, "big")


def _value(text: str, attribute: str) -> str:
    match = re.search(rf"^a={attribute}:(.*?)\r?$", text, re.MULTILINE)
    assert match is not None, attribute
    return match[1]


def _under(offer: str, ufrag: str, pwd: str, fingerprint: str) -> str:
    for attribute, value in {"ice-ufrag": ufrag, "ice-pwd": pwd, "fingerprint": f"sha-256 {fingerprint}"}.items():
        offer = re.sub(rf"^a={attribute}:[^\r\n]*", f"a={attribute}:{value}", offer, flags=re.MULTILINE)
    return offer
