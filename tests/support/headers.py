"""RTP as it goes by: every packet of every stream, and how often its counters have wrapped."""

import struct
from collections import defaultdict
from itertools import pairwise

import pylibsrtp

from tests.support.light import LightClient


class Headers:
    """Decrypted RTP packets in the order in which they went by; `take` leaves RTCP aside."""

    def __init__(self) -> None:
        self._packets: dict[tuple[int, int], list[bytes]] = defaultdict(list)

    def take(self, packet: bytes) -> None:
        if not 192 <= packet[1] <= 223:  # RFC 5761 section 4
            self._packets[packet[1] & 0x7F, struct.unpack_from("!I", packet, 8)[0]].append(packet)

    def streams(self, payload_type: int) -> list[list[bytes]]:
        """The packets of each SSRC."""
        return [packets for (pt, _), packets in self._packets.items() if pt == payload_type]


class Tap(Headers):
    """What a light client receives."""

    def __init__(self, client: LightClient) -> None:
        super().__init__()
        self.failed: list[str] = []
        """What libsrtp said of packets that it could not decrypt."""
        self.client = client
        client.on_media = self._open

    def _open(self, datagram: bytes) -> None:
        try:
            self.take(self.client.opened(datagram))
        except pylibsrtp.Error as error:
            self.failed.append(str(error))


def sound_wraps(packets: list[bytes]) -> dict[str, int]:
    """How often each counter of an audio stream has wrapped."""
    return {
        "sequence": _wraps([struct.unpack_from("!H", packet, 2)[0] for packet in packets], 16),
        "timestamp": _wraps([struct.unpack_from("!I", packet, 4)[0] for packet in packets], 32),
    }


def picture_wraps(packets: list[bytes]) -> dict[str, int]:
    """The same of a VP8 stream with picture ids of 15 bits."""
    return {**sound_wraps(packets), "picture": _wraps([_picture(packet) for packet in packets], 15)}


def _wraps(numbers: list[int], bits: int) -> int:
    """How often they fall by more than half of what they can count."""
    return sum(later - earlier < -(1 << bits - 1) for earlier, later in pairwise(numbers))


def _picture(packet: bytes) -> int:
    """RFC 7741 section 4.2."""
    start = 12 + 4 * (packet[0] & 15)
    if packet[0] & 0x10:
        start += 4 + 4 * struct.unpack_from("!H", packet, start + 2)[0]
    assert packet[start] & packet[start + 1] & packet[start + 2] & 0x80, "no picture id, or one of 7 bits"
    return int(struct.unpack_from("!H", packet, start + 2)[0] & 0x7FFF)
