"""Numbered frames from one light client to another: whoever watches knows which came whole."""

import asyncio
import struct
from collections.abc import Mapping
from itertools import pairwise

from tests.support.light import LightClient

PACKETS = 4
"""Packets of a frame: of four that are lost in a burst, each may be of another frame."""
_FRAME_SECONDS = 1 / 30
_KEYFRAME_EVERY = 30
_PAYLOAD = 900
_SSRC = 0x0F117000
_VIDEO = 96
_MID, _RID = 4, 10  # the recorded offer's extension ids
_MARK = struct.Struct("!4sIB")  # "film", frame, packet


class Camera:
    """The smallest layer of a light client's camera, on the second m-section of the recorded stage offer."""

    def __init__(self, client: LightClient) -> None:
        self._client = client
        self._packets = 0
        self.frames = 0
        """Sent so far; the newest has this number."""

    async def film(self) -> None:
        """Thirty frames a second, until cancelled."""
        loop = asyncio.get_running_loop()
        due = loop.time()
        while True:
            self.shoot()
            due = max(due + _FRAME_SECONDS, loop.time() - _FRAME_SECONDS)
            await asyncio.sleep(due - loop.time())

    def shoot(self) -> None:
        """One frame."""
        self.frames += 1
        for packet in range(PACKETS):
            self._packets += 1
            self._client.send_rtp(self.packet(self._packets, self.frames, packet))

    @staticmethod
    def packet(
        number: int, frame: int, packet: int, *, ssrc: int = _SSRC, rid: bytes = b"q", pt: int = _VIDEO
    ) -> bytes:
        """The RTP packet of that sequence number: VP8 with a 15-bit picture id (RFC 7741, 4.2)."""
        marker = 0x80 if packet == PACKETS - 1 else 0
        head = struct.pack("!BBHII", 0x90, pt | marker, number & 0xFFFF, frame * 3000 & 0xFFFFFFFF, ssrc)
        elements = bytes([_MID << 4]) + b"1" + bytes([_RID << 4 | len(rid) - 1]) + rid
        elements += bytes(-len(elements) % 4)
        start = 0x10 if packet == 0 else 0
        picture = struct.pack("!H", 0x8000 | frame & 0x7FFF)
        payload = bytes([0x80 | start, 0x80]) + picture + bytes([int(frame % _KEYFRAME_EVERY != 1)])
        payload += bytes([0, 0, 0x9D, 0x01, 0x2A, 64, 1, 180, 0]) + bytes(_PAYLOAD)
        return (
            head
            + struct.pack("!HH", 0xBEDE, len(elements) // 4)
            + elements
            + payload
            + _MARK.pack(b"film", frame, packet)
        )


class Screening:
    """What arrives of a camera's frames at a light client."""

    def __init__(self, client: LightClient) -> None:
        client.on_rtp = self._take
        self._parts: dict[int, set[int]] = {}
        self.times: dict[int, float] = {}
        """When each whole frame was complete, on the loop's clock."""

    def whole(self, first: int, last: int) -> int:
        """How many of these frames have come whole."""
        return sum(first <= frame <= last for frame in self.times)

    def worst_gap(self, since: float) -> float:
        """The longest time without a whole frame after that moment."""
        times = [time for time in self.times.values() if time >= since]
        return max((b - a for a, b in pairwise(times)), default=float("inf"))

    def _take(self, packet: bytes) -> None:
        word, frame, part = _MARK.unpack(packet[-_MARK.size :])
        if word == b"film":
            parts = self._parts.setdefault(frame, set())
            parts.add(part)
            if len(parts) == PACKETS and frame not in self.times:
                self.times[frame] = asyncio.get_running_loop().time()


STAGE: Mapping[str, str] = {"microphone": "0", "camera": "1", "screen": "2"}
"""Where the recorded stage offer has its send sections."""
