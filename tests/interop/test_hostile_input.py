"""Hostile input, one kind after the other, beside two real pages: each is refused by name, and the pages do not notice.

The attackers hold valid links, as anybody may in a public town hall.
"""

import asyncio
import contextlib
import os
import re
import statistics
import struct
from collections.abc import AsyncIterator
from typing import Any

import psutil
import pytest
import pytest_asyncio
from playwright.async_api import Browser

from tests.browser.people import Frames, enter, frames_sent, go_on_stage, video_in
from tests.support import stun
from tests.support.attack import handshake_piece, stranger
from tests.support.browser import Person, chromium, until
from tests.support.client import TownHallClient
from tests.support.film import STAGE, Camera
from tests.support.light import Identity, LightClient
from tests.support.picture import write_tone, write_y4m
from tests.support.server import Administrator, Server, running
from tests.support.wire import Refused
from tests.unit.session import offers

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120), pytest.mark.asyncio(loop_scope="module")]

SECONDS = 2.0
"""At least so long is watched: an attack of a few datagrams is over sooner."""
FRAME = 1 / 15
"""Seconds; counters that are read further apart are not of one moment."""
IN_FLIGHT = 2
"""Frames between the camera's counter and the screen's, at either end of a window."""
LOST = 0.01
DECODED = 0.95
GROWN = 16 << 20
"""Bytes of the server's memory: what one more participant and warm buffers take, and no more."""
ANSWER = 0.1
"""Seconds that somebody else's median request may wait."""
PACKETS = 300
HANDSHAKE = 100
"""DTLS datagrams of one participant that rise before there are keys."""


class Pages:
    """A host on stage and a listener, in one browser."""

    def __init__(self, server: Server, administrator: Administrator, hall: str, host: Person, listener: Person) -> None:
        self.server, self.administrator, self.hall = server, administrator, hall
        self.host, self.listener = host, listener
        self.identity = Identity()
        self.sent = self.came = self.decoded = 0

    async def guest(self) -> TownHallClient:
        """Somebody who holds a credential and has not joined."""
        guest = TownHallClient(self.server.url, await self.administrator.link(self.hall, "attendee"))
        await guest._open()
        return guest

    async def attacker(self, stack: contextlib.AsyncExitStack, offer: str | None = None) -> LightClient:
        """Somebody with keys, on no seat."""
        guest = await stack.enter_async_context(await self.guest())
        return await guest.join_light(self.identity, offer or offers.load("chromium_stage"), STAGE)

    async def refused(self, **media: Any) -> str:
        """The code that a join gets."""
        async with await self.guest() as guest:
            with pytest.raises(Refused) as refused:
                await guest._enter(**media)
            return str(refused.value.code)

    @contextlib.asynccontextmanager
    async def unharmed(self, **counted: int) -> AsyncIterator[None]:
        """Holds what the pages and others notice of what happens meanwhile, and that it is counted under these names.

        A name with `refused_` is an error code, any other a reason why packets are dropped.
        """
        await until(self._flowing, what="frames at the listener")
        before, memory, lines = await self.server.metrics(), self._memory(), len(self.server.output)
        sent, seen = await self._frames()
        answers: list[float] = []
        over = asyncio.Event()
        asking = asyncio.ensure_future(self._ask(answers, over))
        ends = asyncio.get_running_loop().time() + SECONDS
        try:
            yield
            await asyncio.sleep(max(0.0, ends - asyncio.get_running_loop().time()))
        finally:
            over.set()
            await asking
        sent_after, seen_after = await self._frames()
        filmed, came = sent_after - sent, seen_after.received - seen.received
        self.sent, self.came = self.sent + filmed, self.came + came
        self.decoded += seen_after.decoded - seen.decoded
        print(f"{came} of {filmed} frames, answer {statistics.median(answers):.3f} s, {counted}")
        assert filmed >= SECONDS * 7, "the camera stood still"
        assert came >= (1 - LOST) * filmed - IN_FLIGHT, (seen, seen_after)
        assert seen_after.lost == seen.lost
        assert statistics.median(answers) < ANSWER
        assert self._memory() - memory < GROWN
        written = [line for line in self.server.output[lines:] if "link_exchanged" not in line]
        assert written == [], "nothing but who came"
        after = await self.server.metrics()
        for name, least in counted.items():
            assert _count(after, name) - _count(before, name) >= least, name

    async def _ask(self, answers: list[float], over: asyncio.Event) -> None:
        loop = asyncio.get_running_loop()
        async with await self.guest() as guest:
            await guest._enter()
            while not over.is_set():
                began = loop.time()
                with contextlib.suppress(Refused):  # it is on no stage; the answer is what counts
                    await guest.socket.command("set_media", microphone=True)
                answers.append(loop.time() - began)
                await asyncio.sleep(0.15)

    async def _frames(self) -> tuple[int, Frames]:
        """Filmed by the host's camera, whose layers have one rate, and what the listener has of it at that moment."""
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(20):
            while True:
                began = loop.time()
                sent, seen = await asyncio.gather(frames_sent(self.host), video_in(self.listener))
                if loop.time() - began < FRAME:
                    return max(sent.values()), seen[1]

    async def _flowing(self) -> bool:
        seen = await video_in(self.listener)
        return 1 in seen and seen[1].decoded > 0

    def _memory(self) -> int:
        return int(psutil.Process(self.server.pid).memory_info().rss)


def _count(metrics: dict[str, float], name: str) -> float:
    code = name.removeprefix("refused_")
    sample = f'room_refused_total{{code="{code}"}}' if code != name else f'room_relay_drops_total{{reason="{name}"}}'
    return metrics.get(sample, 0.0)


async def _on_stage(browser: Browser, server: Server, administrator: Administrator) -> Pages:
    hall = await administrator.town_hall()
    host = await enter(browser, administrator, hall, "host", "speaker", name="Tendai Moyo")
    await go_on_stage(host)
    await host.page.locator("room-phase-bar button.primary").click()
    listener = await enter(browser, administrator, hall, "attendee", name="")
    return Pages(server, administrator, hall, host, listener)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def pages(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Pages]:
    """One pair of pages and one worker for all attacks."""
    directory = tmp_path_factory.mktemp("hostile")
    picture = write_y4m(directory / "small.y4m", width=320, height=180, fps=15)
    tone = write_tone(directory / "tone.wav")
    async with (
        running(directory, media={"workers": 1}) as (server, administrator),
        chromium(video=picture, audio=tone) as browser,
    ):
        made = await _on_stage(browser, server, administrator)
        yield made
        # What comes whole is the relay's doing; what a browser in software decodes of it, the machine's, too.
        assert made.came >= (1 - LOST) * made.sent, f"{made.came} of {made.sent} frames came"
        assert made.decoded >= DECODED * made.sent, f"{made.decoded} of {made.sent} frames decoded"
        assert made.host.errors() == made.listener.errors() == []
        assert server.faults == []


async def answers(sock: Any, datagrams: list[bytes]) -> int:
    """Send them; how many answers came in a tenth of a second."""
    sock.setblocking(False)
    for datagram in datagrams:
        sock.send(datagram)
    await asyncio.sleep(0.1)
    count = 0
    with contextlib.suppress(BlockingIOError):
        while sock.recv(2048):
            count += 1
    return count


async def test_checks_whose_integrity_does_not_fit(pages: Pages) -> None:
    async with contextlib.AsyncExitStack() as stack, pages.unharmed(stun_bad_integrity=PACKETS):
        client = await pages.attacker(stack)
        forged = [stun.check(username=client.username, password="x" * 24)[1] for _ in range(PACKETS)]
        with stranger(client.relay[1]) as nobody:
            assert await answers(nobody, forged) == 0


async def test_checks_repeated_from_elsewhere(pages: Pages) -> None:
    async with contextlib.AsyncExitStack() as stack, pages.unharmed(replay=PACKETS):
        client = await pages.attacker(stack)
        with stranger(client.relay[1]) as nobody:
            assert await answers(nobody, [client.last_check] * PACKETS) == 0
        # What is meant for it still goes to where it is.
        received = sum(client.received.values())
        await until(lambda: _more(client, received), what="media at the one whose checks were repeated")


async def test_packets_cut_short_and_sent_again(pages: Pages) -> None:
    async with contextlib.AsyncExitStack() as stack, pages.unharmed(malformed=8, bad_auth=PACKETS, replay=PACKETS):
        client = await pages.attacker(stack)
        whole = [client.protect(Camera.packet(n, n, 0)) for n in range(PACKETS)]
        with client.own_socket() as own:
            await answers(own, [whole[0][:length] for length in range(2, 12)])
            await answers(own, [packet[: 40 + n] for n, packet in enumerate(whole)])
            await answers(own, whole)
            await answers(own, whole)


async def test_streams_and_payload_types_that_nobody_agreed_to(pages: Pages) -> None:
    counts = {"unknown_ssrc": PACKETS, "unknown_payload_type": PACKETS}
    async with contextlib.AsyncExitStack() as stack, pages.unharmed(**counts):
        client = await pages.attacker(stack)
        nameless = [struct.pack("!BBHII", 0x80, 96, n, n, 1000 + n % 50) + os.urandom(100) for n in range(PACKETS)]
        strange = [Camera.packet(n, n, 0, ssrc=99, pt=77) for n in range(PACKETS)]
        with client.own_socket() as own:
            await answers(own, [client.protect(packet) for packet in nameless])
            await answers(own, [client.protect(packet) for packet in strange])


async def test_twenty_layers(pages: Pages) -> None:
    rids = [f"l{n}" for n in range(20)]
    offer = offers.load("chromium_stage")
    lines = "".join(f"a=rid:{rid} send\r\n" for rid in rids) + f"a=simulcast:send {';'.join(rids)}\r\n"
    offer = re.sub(r"(?:a=rid:\w send\r\n)+a=simulcast:send [^\r]*\r\n", lines, offer, count=1)
    assert offer.count("a=rid:l19 send") == 1
    async with contextlib.AsyncExitStack() as stack, pages.unharmed(too_many_layers=160):
        client = await pages.attacker(stack, offer)
        packets = [
            client.protect(Camera.packet(n, n, 0, ssrc=5000 + at, rid=rid.encode()))
            for n in range(1, 11)
            for at, rid in enumerate(rids)
        ]
        with client.own_socket() as own:
            await answers(own, packets)


async def test_a_handshake_that_never_ends(pages: Pages) -> None:
    """A first flight of 16 MB in pieces: each says that more is to come. A hundred are let through before keys; where
    the handshake has been given up before that, they come from nobody.
    """
    before = await pages.server.metrics()
    async with contextlib.AsyncExitStack() as stack, pages.unharmed():
        guest = await stack.enter_async_context(await pages.guest())
        client = LightClient(pages.identity, offers.load("chromium_attendee"))
        stack.callback(client.close)
        client.shakes_hands = False
        answer = (await guest._enter(offer=client.offer))["media"]["answer"]
        connecting = asyncio.ensure_future(client.connect(answer))
        stack.callback(connecting.cancel)
        await until(lambda: _is_checked(client), what="a check that is answered")
        with client.own_socket() as own:
            await answers(own, [handshake_piece(n) for n in range(PACKETS)])
    after = await pages.server.metrics()
    assert after["room_relay_dtls_in_total"] - before["room_relay_dtls_in_total"] <= HANDSHAKE
    named = sum(_count(after, name) - _count(before, name) for name in ("dtls_limit", "unknown_address"))
    assert named >= PACKETS - HANDSHAKE


@pytest.mark.parametrize(
    ("lines", "code"),
    [
        ("m=audio 9 UDP/TLS/RTP/SAVPF 111\r\n" * 10_000, "offer_malformed"),
        ("a=x\r\n" * 20_000, "offer_malformed"),
        ("a=fmtp:4711 apt=96\r\n", "offer_malformed"),
        ("a=rtpmap:\u0661\u0662\u0660 VP8/90000\r\n", "offer_malformed"),
        ("a=mid:\u202e\u0000\r\n", "offer_malformed"),
        ("a=msid:\ud800\r\n", "malformed"),
        ("a=x:" + "x" * 1_000_000 + "\r\n", "too_long"),
    ],
    ids=["10,000 m-lines", "20,000 lines", "fmtp", "digits of another script", "bidi and NUL", "surrogate", "1 MB"],
)
async def test_offers_that_are_refused(pages: Pages, lines: str, code: str) -> None:
    offer = offers.load("chromium_attendee") + lines
    async with pages.unharmed(**{f"refused_{code}": 3}):
        for _ in range(3):
            assert await pages.refused(offer=offer) == code


async def test_parameters_of_a_format_that_is_not_there_harm_nobody(pages: Pages) -> None:
    async with contextlib.AsyncExitStack() as stack, pages.unharmed():
        offer = offers.load("chromium_stage") + "a=fmtp:99 apt=98\r\na=rtcp-fb:98 nack\r\n"
        client = await pages.attacker(stack, offer)
        await until(lambda: _more(client, 0), what="media under that offer")


async def test_five_megabytes_close_the_socket(pages: Pages) -> None:
    async with pages.unharmed(refused_too_large=3):
        for _ in range(3):
            async with await pages.guest() as guest:
                with pytest.raises((ConnectionError, OSError)):
                    await guest._enter(offer="x" * 5_000_000)
                await asyncio.wait_for(guest.socket.closed.wait(), 5)


async def _more(client: LightClient, than: int) -> bool:
    return sum(client.received.values()) > than


async def _is_checked(client: LightClient) -> bool:
    return client.checked
