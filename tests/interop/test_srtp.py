"""The relay's SRTP against libsrtp, both ways and in every profile: a publisher and a viewer that are libsrtp, links
that lose, reorder and repeat, and numbers that roll over several times."""

import asyncio
import random
import struct
from collections.abc import AsyncIterator, Iterator, Sequence

import pylibsrtp
import pytest

from room_server.session import MediaSession
from tests.interop.conftest import HALL, Listener, Stage, eventually
from tests.support.light import PROFILES, Identity, LightClient
from tests.unit.session import offers

pytestmark = pytest.mark.interop

PACKETS = 10_000
BATCH = 40  # within libsrtp's window of 128 and the relay's of 448, whatever the order
LEAP = 900  # numbers lost at once between batches; the relay takes more than 1,000 for a new beginning
LOST, REPEATED = 0.03, 0.02
PACE = 3_500  # packets per second: beyond what browsers send, but no flood
MEMBERS, COMPOUNDS = 13, 800  # as many as one peer may send at once
FEEDBACK = 40  # compounds of the relay to the publisher: transport-wide feedback alone comes every 50 ms
REPLAY = r"replay check failed \(bad index\)"


@pytest.fixture
async def clients() -> AsyncIterator[list[LightClient]]:
    made: list[LightClient] = []
    yield made
    for client in made:
        client.close()


class Road:
    """A seeded link for one batch after the other."""

    def __init__(self, seed: str) -> None:
        self._random = random.Random(seed)

    def carry(self, datagrams: Sequence[bytes], *, keep: int = 0) -> tuple[list[bytes], list[bytes]]:
        """What arrives of them, in which order, and which of that comes twice; the first `keep` arrive first."""
        arriving = [d for at, d in enumerate(datagrams) if at < keep or self._random.random() >= LOST]
        tail = arriving[keep:]
        self._random.shuffle(tail)
        arriving[keep:] = tail
        return arriving, [d for d in arriving if self._random.random() < REPEATED]

    def leap(self) -> int:
        return self._random.randrange(LEAP // 2, LEAP)


class Inbox:
    """What comes to a client, still encrypted."""

    def __init__(self, client: LightClient) -> None:
        self.rtcp: list[bytes] = []
        self._rtp: asyncio.Queue[bytes] = asyncio.Queue()
        client.on_media = self._sort

    async def take(self, count: int) -> list[bytes]:
        """The next so many RTP packets; no further one may be there."""
        async with asyncio.timeout(10):
            taken = [await self._rtp.get() for _ in range(count)]
        assert self._rtp.empty()
        return taken

    def _sort(self, datagram: bytes) -> None:
        if 192 <= datagram[1] <= 223:
            self.rtcp.append(datagram)
        else:
            self._rtp.put_nowait(datagram)


@pytest.mark.parametrize("profile", PROFILES)
async def test_ten_thousand_packets_over_rollovers(stage: Stage, clients: list[LightClient], profile: str) -> None:
    speaker, viewer = await _on_air(stage, clients, profile)
    road = Road(profile)
    arrived, returned = Inbox(viewer), Inbox(speaker)
    sent, repeats, got = 0, 0, 0
    for numbers in _batches(road):
        arriving, again = road.carry([speaker.protect(_picture(number)) for number in numbers], keep=1)
        for datagram in [*arriving, *again]:
            speaker.send(datagram)
        sent, repeats = sent + len(arriving), repeats + len(again)
        got += _read(viewer, road, await arrived.take(len(arriving)), within=numbers)
        await asyncio.sleep(BATCH / PACE)
    assert numbers[-1] >> 16 >= 3, "the publisher's numbers have rolled over several times"
    assert got >= sent * (1 - 2 * LOST)
    metrics = stage.relay.metrics()
    assert (metrics["rtp_in"], metrics["drop_replay"], metrics["drop_bad_auth"]) == (sent, repeats, 0)
    assert len(returned.rtcp) >= FEEDBACK
    for first in range(0, len(returned.rtcp), BATCH):
        _read(speaker, road, returned.rtcp[first : first + BATCH])


@pytest.mark.parametrize("profile", PROFILES)
async def test_ten_thousand_compounds(stage: Stage, clients: list[LightClient], profile: str) -> None:
    """RTCP carries its whole index: each compound is taken once, in whatever order, and refused the second time."""
    identity, road = Identity(profile), Road(profile)
    clients += [LightClient(identity, offers.load("chromium_attendee")) for _ in range(MEMBERS)]
    await asyncio.gather(*(_join(stage, client) for client in clients))
    sent, repeats = 0, 0
    for client in clients:
        for _ in range(COMPOUNDS // BATCH):
            arriving, again = road.carry([client.protect_rtcp(_estimate()) for _ in range(BATCH)])
            for datagram in [*arriving, *again]:
                client.send(datagram)
            sent, repeats = sent + len(arriving), repeats + len(again)
            await _counted(stage, "remb_in", sent)
    assert sent >= PACKETS
    await _counted(stage, "drop_replay", repeats)
    metrics = stage.relay.metrics()
    assert (metrics["remb_in"], metrics["drop_bad_auth"]) == (sent, 0)


async def _on_air(stage: Stage, clients: list[LightClient], profile: str) -> tuple[LightClient, LightClient]:
    """A publisher whose camera is on air, and a viewer of it, under keys of this profile."""
    identity = Identity(profile)
    viewer, speaker = (LightClient(identity, offers.load(name)) for name in ("chromium_attendee", "chromium_stage"))
    clients += [viewer, speaker]
    await _join(stage, viewer)
    session = await _join(stage, speaker, publish={"camera": "1"})
    assert {viewer.profile, speaker.profile} == {profile}
    stage.plane.hall_air(HALL, "on_air")
    stage.plane.seat_assign(HALL, 1, session, audio=None, video="camera")
    stage.plane.seat_gate(HALL, 1, audio=False, video=True)
    return speaker, viewer


async def _join(stage: Stage, client: LightClient, publish: dict[str, str] | None = None) -> MediaSession:
    session = await stage.plane.join(
        HALL, offer=client.offer, publish=publish or {}, staff=False, network="n", listener=Listener()
    )
    await client.connect(session.answer)
    return session


def _batches(road: Road) -> Iterator[range]:
    """Numbers of the publisher's packets: some in a row, then a hole."""
    number = 0x7000
    for _ in range(PACKETS // BATCH):
        yield range(number, number + BATCH)
        number += BATCH + road.leap()


async def _counted(stage: Stage, name: str, count: int) -> None:
    await eventually(lambda: stage.relay.metrics()[name] >= count)


def _read(client: LightClient, road: Road, datagrams: Sequence[bytes], within: range | None = None) -> int:
    """Decrypt what the road leaves of them, once each; pictures must be `within` these. How many there were."""
    arriving, again = road.carry(datagrams)
    plain = [client.opened(datagram) for datagram in arriving]
    for datagram in again:
        with pytest.raises(pylibsrtp.Error, match=REPLAY):
            client.opened(datagram)
    if within is not None:
        numbers = {_number_of(packet) for packet in plain}
        assert len(numbers) == len(plain)
        assert numbers <= set(within)
    return len(plain)


def _picture(number: int) -> bytes:
    """A keyframe of one packet, as Chromium sends it on the smallest layer of its camera; nobody here decodes it."""
    header = struct.pack("!BBHII", 0x90, 0x80 | 96, number & 0xFFFF, number * 3_000 & 0xFFFFFFFF, 0x0A0B0C0D)
    extensions = b"\x40" + b"1" + b"\xa0" + b"q" + b"\x31" + struct.pack("!H", number & 0xFFFF) + b"\x00"
    descriptor = struct.pack("!BBHBB", 0x90, 0xE0, 0x8000 | number & 0x7FFF, number & 0xFF, 0)
    frame = bytes([0x10, 0, 0, 0x9D, 0x01, 0x2A, 64, 1, 180, 0]) + number.to_bytes(200, "big")
    return header + struct.pack("!HH", 0xBEDE, len(extensions) // 4) + extensions + descriptor + frame


def _number_of(packet: bytes) -> int:
    """Which of `_picture`'s packets this is."""
    return int.from_bytes(packet[-200:], "big")


def _estimate() -> bytes:
    """A bandwidth estimate of 1.3 Mbit/s about no stream: one packet, which the relay counts."""
    return struct.pack("!BBHII4sI", 0x8F, 206, 4, 1, 0, b"REMB", 5 << 18 | 40_000)
