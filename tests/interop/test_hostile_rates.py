"""Attacks by rate: each is dropped by name, and whoever watches beside it loses nothing that counts.

All share one worker with the bystanders, whose frames a light client checks packet by packet.
"""

import asyncio
import contextlib
import os
import struct
from collections.abc import AsyncIterator, Sequence

import pytest
import pytest_asyncio

from tests.support import stun
from tests.support.attack import flood, handshake_piece, stranger
from tests.support.client import TownHallClient
from tests.support.film import Camera
from tests.support.light import LightClient
from tests.support.scene import Scene, Toll, light, on_air
from tests.unit.session import offers

pytestmark = [pytest.mark.load, pytest.mark.asyncio(loop_scope="module")]

SECONDS = 2.0
LOST = 0.01
"""Part of the frames that a viewer beside an attack may lose."""
GAP = 0.5
"""Seconds without a frame: below that nobody calls it a freeze."""
ANSWER = 0.1
"""Seconds that the median request may wait: what people take for at once."""
GROWN = 16 << 20
"""Bytes: buffers that fill once. A hundredth of what any of these floods brings, were it kept."""
ANSWERED_LINES = 5
CROWD = 80
COMES_IN = 2.0
"""Seconds; a handshake whose datagram was dropped is tried again after one."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def scene(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Scene]:
    async with on_air(tmp_path_factory.mktemp("hostile")) as made:
        yield made
    assert made.server.faults == []


def unharmed(toll: Toll) -> None:
    """What holds beside every attack."""
    assert toll.frames >= SECONDS * 20
    assert toll.whole >= (1 - LOST) * toll.frames, toll
    assert toll.worst_gap < GAP, toll
    assert toll.median_answer < ANSWER, toll
    assert toll.grown < GROWN, toll
    assert toll.lines <= ANSWERED_LINES, toll


async def attack(
    scene: Scene,
    attacker: LightClient | None,
    datagrams: Sequence[bytes],
    rate: float,
    *,
    together: bool = True,
) -> tuple[Toll, int]:
    """What it cost, and how many datagrams were sent; `attacker` None is somebody whom the relay does not know."""
    own = attacker.own_socket() if attacker is not None else stranger(scene.port)
    with own:
        async with scene.watched() as toll:
            sent = await asyncio.to_thread(flood, own, datagrams, rate=rate, seconds=SECONDS, together=together)
    print(
        f"{sent} sent;",
        toll.whole,
        "of",
        toll.frames,
        "frames whole; gap",
        toll.worst_gap,
        "answer",
        toll.median_answer,
    )
    await scene.dismiss()
    assert sent >= 0.8 * rate * SECONDS, "the attack was none"
    return toll, sent


@pytest.mark.parametrize("together", [True, False], ids=["in runs", "one by one"])
async def test_a_hundred_thousand_garbage_datagrams_a_second(scene: Scene, together: bool) -> None:
    size = 100
    kinds = {
        "not_ours": b"\xff" + os.urandom(size - 1),
        "malformed": bytes([0, 1]) + os.urandom(size - 2),
        "stun_unknown_user": stun.check(username="nobody:" + "x" * (size - 87), password="x" * 24)[1],
        "unknown_address": bytes([0x80, 111]) + os.urandom(size - 2),
    }
    assert {name: len(datagram) for name, datagram in kinds.items()} == dict.fromkeys(kinds, size)
    toll, sent = await attack(scene, None, [*kinds.values()] * 10, 100_000, together=together)
    named = {name: toll.dropped(name) for name in kinds}
    kernel = toll.count("kernel_drops")
    assert min(named.values()) > 0.9 * sent / len(kinds), (named, kernel)
    assert sum(named.values()) + kernel >= 0.99 * sent, (named, kernel)
    unharmed(toll)


async def test_checks_of_a_known_user_under_a_wrong_password(scene: Scene) -> None:
    forged = [stun.check(username=light(scene.host).username, password="x" * 24)[1] for _ in range(400)]
    toll, sent = await attack(scene, None, forged, 50_000)
    assert toll.dropped("stun_bad_integrity") + toll.count("kernel_drops") >= 0.99 * sent
    assert toll.count("stun_in") < 100, "only the honest ones"
    unharmed(toll)


async def test_fifty_thousand_packets_a_second_from_one_publisher(scene: Scene) -> None:
    attacker = light(await scene.enter("attendee", offer="chromium_stage"))
    rate = 50_000
    packets = [attacker.protect(Camera.packet(n, n, 1, ssrc=0x0BAD0BAD)) for n in range(1, int(rate * SECONDS * 1.1))]
    toll, sent = await attack(scene, attacker, packets, rate)
    assert toll.dropped("rate_limit") > 0.7 * sent
    assert toll.dropped("bad_auth") == 0, "all are decrypted, whatever becomes of them"
    unharmed(toll)


async def test_fifty_thousand_packets_a_second_from_the_stage(scene: Scene) -> None:
    attacker = await _on_stage(scene)
    rate = 50_000
    # Each a frame of its own, some of them keyframes, so that they go on to whoever watches.
    packets = [attacker.protect(_other(n)) for n in range(1, int(rate * SECONDS * 1.1))]
    toll, sent = await attack(scene, attacker, packets, rate)
    through = sent - toll.dropped("rate_limit") - toll.count("kernel_drops")
    assert 0 < through <= 3_000 * (SECONDS + 1) + 1_000, "a second's worth at once, then the rate"
    assert toll.dropped("bad_auth") == 0
    unharmed(toll)


async def test_streams_without_end_from_the_stage(scene: Scene) -> None:
    attacker = await _on_stage(scene)
    rate = 2_000  # within what a publisher may send, so that each is looked at
    packets = [
        attacker.protect(_other(n, ssrc=9_000 + n % 20, rid=b"l%d" % (n % 20) if n % 2 else b"q"))
        for n in range(1, int(rate * SECONDS * 1.1))
    ]
    toll, sent = await attack(scene, attacker, packets, rate, together=False)
    assert toll.dropped("too_many_layers") > 0.4 * sent
    assert toll.dropped("ssrc_limit") > 0.4 * sent
    unharmed(toll)


async def test_requests_without_end_from_the_stage(scene: Scene) -> None:
    attacker = await _on_stage(scene)
    ssrc = await _seen(scene, attacker)
    pli = struct.pack("!BBHII", 0x81, 206, 2, 1, ssrc)
    entries = b"".join(struct.pack("!HH", n * 17 & 0xFFFF, 0xFFFF) for n in range(60))
    nack = struct.pack("!BBHII", 0x81, 205, 2 + len(entries) // 4, 1, ssrc) + entries
    toll, sent = await attack(scene, attacker, [attacker.protect_rtcp(pli + nack) for _ in range(12_000)], 5_000)
    assert toll.dropped("rtcp_limit") > 0.7 * sent
    assert toll.dropped("repair_limit") > 100_000
    assert toll.count("rtx_out") < 1_000
    assert 0 < toll.count("pli_out") <= 8, "two a second at most"
    unharmed(toll)


async def test_a_flood_of_packets_asked_for_again(scene: Scene) -> None:
    attacker = light(await scene.enter("attendee"))
    ssrc = await _seen(scene, attacker)
    # 60 entries of 17 numbers each: a thousand packets.
    entries = b"".join(struct.pack("!HH", n * 17 & 0xFFFF, 0xFFFF) for n in range(60))
    nack = struct.pack("!BBHII", 0x81, 205, 2 + len(entries) // 4, 1, ssrc) + entries
    toll, sent = await attack(scene, attacker, [attacker.protect_rtcp(nack) for _ in range(12_000)], 5_000)
    assert toll.dropped("rtcp_limit") > 0.7 * sent
    assert toll.dropped("repair_limit") > 100_000
    assert toll.count("rtx_out") < 1_000
    unharmed(toll)


async def test_a_flood_of_keyframe_requests(scene: Scene) -> None:
    attacker = light(await scene.enter("attendee"))
    pli = struct.pack("!BBHII", 0x81, 206, 2, 1, await _seen(scene, attacker))
    toll, sent = await attack(scene, attacker, [attacker.protect_rtcp(pli) for _ in range(45_000)], 20_000)
    assert toll.dropped("rtcp_limit") > 0.8 * sent
    assert 0 < toll.count("pli_out") <= 8, "two a second at most"
    unharmed(toll)


async def test_a_flood_of_valid_checks(scene: Scene) -> None:
    attacker = light(await scene.enter("attendee"))
    toll, sent = await attack(scene, attacker, [attacker.new_check() for _ in range(45_000)], 20_000)
    assert toll.dropped("stun_limit") > 0.8 * sent
    unharmed(toll)


async def test_a_crowd_of_handshakes_behind_one_network(scene: Scene) -> None:
    """Each within what one participant may, from an address of their own; somebody from elsewhere comes in."""
    pieces = [handshake_piece(n) for n in range(95)]
    async with contextlib.AsyncExitStack() as stack:
        crowd = await asyncio.gather(*(_unkeyed(scene, stack, f"127.8.8.{n}") for n in range(1, CROWD + 1)))
        sockets = [stack.enter_context(client.own_socket()) for client in crowd]
        async with scene.watched() as toll:
            began = asyncio.get_running_loop().time()
            for own in sockets:
                for piece in pieces:
                    own.send(piece)
                await asyncio.sleep(0)  # the bystanders' turn
            await scene.enter("attendee")
            came_in = asyncio.get_running_loop().time() - began
            await asyncio.sleep(max(0.0, SECONDS - came_in))  # as long as any attack is watched
    await scene.dismiss()
    assert toll.dropped("network_limit") > 1_000
    assert toll.count("dtls_in") < 5_000
    assert came_in < COMES_IN
    unharmed(toll)


async def _unkeyed(scene: Scene, stack: contextlib.AsyncExitStack, address: str) -> LightClient:
    """Somebody from that address whose transport has been checked and who begins no handshake."""
    link = await scene.administrator.link(scene.hall, "attendee")
    person = await stack.enter_async_context(TownHallClient(scene.server.url, link, address=address))
    return await person.join_light(scene.identity, offers.load("chromium_attendee"), shakes_hands=False)


async def _on_stage(scene: Scene) -> LightClient:
    """Somebody on a seat, with an open camera."""
    person = await scene.enter("speaker", offer="chromium_stage")
    await person.socket.command("take_seat")
    await person.socket.command("set_media", microphone=True, camera=True)
    return light(person)


def _other(number: int, *, ssrc: int = 0x0BAD0BAD, rid: bytes = b"q") -> bytes:
    """A packet that looks like the film's, and is none of it."""
    packet = Camera.packet(number, number, 0, ssrc=ssrc, rid=rid)
    return packet.replace(b"film", b"mock")


async def _seen(scene: Scene, viewer: LightClient) -> int:
    """The SSRC on which somebody sees the film."""
    seen: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    def note(packet: bytes) -> None:
        if b"film" in packet[-10:] and not seen.done():
            seen.set_result(struct.unpack_from("!I", packet, 8)[0])

    viewer.on_rtp = note
    async with scene.filming():
        return await asyncio.wait_for(seen, 10)
