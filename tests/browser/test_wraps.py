"""Every counter passes its wrap under real decoders: sequence numbers and with them the rollover counter, time stamps,
picture ids, of what a publisher sends and of what the relay makes of it. Nobody sees or hears it, nor do a change of
the speaker's seat and people who come after it show that it has been.
"""

import asyncio
import contextlib
import struct
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from aiortc import RTCDtlsTransport, rtcrtpsender
from aiortc.codecs.vpx import Vp8Encoder
from playwright.async_api import Browser

from tests.browser.people import (
    RAW_MICROPHONE,
    Frames,
    Sound,
    act,
    enter,
    followed,
    frames_sent,
    go_on_stage,
    quadrants,
    sound_in,
    video_in,
    watches,
)  # fmt: skip
from tests.support.browser import Person, chromium, close_to, until
from tests.support.client import TownHallClient
from tests.support.headers import Headers, Tap, picture_wraps, sound_wraps
from tests.support.light import Identity
from tests.support.media_client import MediaClient, Received
from tests.support.picture import QUADRANTS, write_tone, write_y4m
from tests.support.server import Administrator, Server, running
from tests.support.tracks import ColourTrack, ToneTrack
from tests.unit.session import offers

pytestmark = [pytest.mark.browser, pytest.mark.timeout(150)]

PHONE = 390
"""Pixels; so narrow a page shows one person, whoever speaks."""
WIDTH, HEIGHT, NARROW_HEIGHT, FPS = 320, 180, 240, 15
"""Of the two cameras, which differ in shape: it shows who is watched. One layer: what is sent is what is decoded."""
WIDE, NARROW = (16, 9), (4, 3)
LUMA, LUMA_TOLERANCE, COLOUR_TOLERANCE = 150, 6, 24
DECODED = 0.95
CONCEALED = 0.02
"""Part of the sound that a browser may make up: a wrap taken for a loss would be a burst."""
POWER = {1: 0.25**2, 2: 0.25**2 / 2}
"""Of the tones of both seats; aiortc halves a mono one's on its way to two channels."""
HEARD = 0.9
BEYOND = 30
"""Packets after the last wrap: so long it has to hold."""
AFTER = 3.0
"""Seconds that are watched after the seat change and the last arrival."""
# Payload types of the recorded offer, and of aiortc's.
OPUS, VP8, RTX = 111, 96, 97
AIORTC_OPUS, AIORTC_VP8 = 96, 97
ASKED_AGAIN = 8
SPEAKER = 0
"""The seat that follows whoever speaks."""


@dataclass(frozen=True)
class Moment:
    """By seat: frames that were sent, and what one page has seen and heard."""

    sent: dict[int, int]
    seen: dict[int, Frames]
    heard: dict[int, Sound]


@dataclass
class TownHall:
    """The host's page sits on seat 1, an aiortc client on seat 2. The latter and all slots begin shortly before their
    wraps; where a page begins is its browser's affair.
    """

    server: Server
    administrator: Administrator
    browser: Browser
    id: str
    host: Person
    listener: Person
    """Sees both seats."""
    phone: Person
    """Sees whoever speaks; so does `viewer`, another decoder."""
    viewer: TownHallClient
    tap: Tap
    guest: TownHallClient
    camera: ColourTrack
    sent: Headers
    """What the guest has sent."""

    async def enter(self, name: str) -> Any:
        """One more page that listens."""
        return await enter(self.browser, self.administrator, self.id, "attendee", name=name)

    async def moment(self, person: Person) -> Moment:
        layers, seen, heard = await asyncio.gather(frames_sent(self.host), video_in(person), sound_in(person))
        (sent,) = layers.values()
        return Moment({1: sent, 2: self.camera.sent, SPEAKER: self.camera.sent}, seen, heard)

    @property
    def watched(self) -> Received:
        """What the viewer has decoded of whoever speaks."""
        assert isinstance(self.viewer.media, MediaClient)
        return self.viewer.media.received[self.viewer.mid_of("video", SPEAKER)]

    def has_wrapped(self) -> bool:
        """Every stream that the guest sends and that comes to the tap, in each counter, a while ago."""
        assert self.tap.failed == [], "libsrtp counts rollovers as the relay does"
        pictures = [*self.sent.streams(AIORTC_VP8), *self.tap.streams(VP8)]
        sounds = [*self.sent.streams(AIORTC_OPUS), *self.tap.streams(OPUS)]
        return (
            (len(pictures), len(sounds)) == (3, 3)
            and all(all(picture_wraps(packets[:-BEYOND]).values()) for packets in pictures)
            and all(all(sound_wraps(packets[:-BEYOND]).values()) for packets in sounds)
        )


async def test_every_counter_wraps_unseen_and_unheard(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with _on_air(tmp_path, _sent_near_wraps(monkeypatch)) as hall:
        pages = {"listener": hall.listener, "phone": hall.phone}
        async with _unharmed(hall, pages, sounds={1, 2}):
            await until(lambda: _true(hall.has_wrapped), seconds=30, what="every wrap")
        await _ask_again(hall.tap)

        await _let_the_other_speak(hall)
        pages["late"] = await hall.enter("Late")
        await until(lambda: _sees(pages["late"], {1, 2}), what="both pictures at who came last")
        async with _unharmed(hall, pages, sounds={2}):
            await asyncio.sleep(AFTER)  # the window over which frames are counted
        for name in ("listener", "late"):
            for seen, colour in zip(await quadrants(pages[name], 1), QUADRANTS, strict=True):
                assert close_to(seen, colour, tolerance=COLOUR_TOLERANCE), f"{name}: {seen} is not {colour}"
        assert abs(hall.watched.luma - LUMA) < LUMA_TOLERANCE

        assert hall.tap.failed == []
        drops = await hall.server.metrics()
        assert drops['room_relay_drops_total{reason="bad_auth"}'] == 0, "and the relay counts as libsrtp"
        assert [page.errors() for page in (hall.host, *pages.values())] == [[]] * 4
        assert hall.server.faults == []


@contextlib.asynccontextmanager
async def _unharmed(hall: TownHall, pages: dict[str, Person], *, sounds: set[int]) -> AsyncIterator[None]:
    """Whatever happens meanwhile, all that is sent is seen, and the tones of these seats are heard."""
    before = {name: await hall.moment(page) for name, page in pages.items()}
    watched, filmed = hall.watched.frames, hall.camera.sent
    yield
    watched, filmed = hall.watched.frames - watched, hall.camera.sent - filmed
    assert watched >= DECODED * filmed, f"viewer: {watched} of {filmed} frames"
    for name, page in pages.items():
        _assert_unharmed(name, before[name], await hall.moment(page), sounds)


def _assert_unharmed(name: str, before: Moment, after: Moment, sounds: set[int]) -> None:
    for seat, seen in after.seen.items():
        sent = after.sent[seat] - before.sent[seat]
        decoded = seen.decoded - before.seen[seat].decoded
        print(f"{name}: {decoded} of {sent} frames of seat {seat}")
        assert decoded >= DECODED * sent, f"{name}: {decoded} of {sent} frames of seat {seat}"
        assert (seen.lost, seen.freezes) == (before.seen[seat].lost, before.seen[seat].freezes), f"{name}: {seen}"
    for seat in sounds:
        now, then = after.heard[seat], before.heard[seat]
        power = (now.energy - then.energy) / (now.seconds - then.seconds)
        concealed = (now.concealed - then.concealed) / (now.samples - then.samples)
        print(f"{name}: seat {seat} with {power:.4f}, {concealed:.2%} of it made up")
        assert power >= HEARD * POWER[seat], f"{name}: {power} of seat {seat}"
        assert concealed <= CONCEALED, f"{name}: {concealed:.1%} of seat {seat} made up"


async def _let_the_other_speak(hall: TownHall) -> None:
    """The host alone, then the guest: wherever the speaker's seat was, it changes."""
    before = await followed(hall.phone)
    await hall.guest.socket.command("set_media", microphone=False)
    await until(lambda: watches(hall.phone, WIDE), what="the host's picture")
    await act(hall.host, "microphone")
    await hall.guest.socket.command("set_media", microphone=True)
    await until(lambda: watches(hall.phone, NARROW), what="the guest's picture")
    after = await followed(hall.phone)
    assert (after.lost, after.freezes) == (before.lost, before.freezes), after


async def _ask_again(tap: Tap) -> None:
    """The newest pictures' packets of every stream, until the numbers of retransmissions have wrapped, too."""
    for packets in tap.streams(VP8):
        for packet in packets[-ASKED_AGAIN:]:
            # RFC 4585 section 6.2.1.
            tap.client.send_rtcp(struct.pack("!BBHI4s2sH", 0x81, 205, 3, 1, packet[8:12], packet[2:4], 0))
    await until(
        lambda: _true(lambda: any(sound_wraps(packets)["sequence"] for packets in tap.streams(RTX))),
        what="what was asked for again",
    )


@contextlib.asynccontextmanager
async def _on_air(directory: Path, sent: Headers) -> AsyncIterator[TownHall]:
    picture = write_y4m(directory / "picture.y4m", width=WIDTH, height=HEIGHT, fps=FPS)
    tone = write_tone(directory / "tone.wav")
    async with (
        running(directory, drills=True) as (server, admin),
        chromium(video=picture, audio=tone) as browser,
    ):
        await server.drill("near_wraps")
        hall = await admin.town_hall()
        host = await enter(browser, admin, hall, "host", "speaker", name="Tendai Moyo", script=RAW_MICROPHONE)
        listener = await enter(browser, admin, hall, "attendee", name="Ruth")
        phone = await enter(browser, admin, hall, "attendee", name="Farai", width=PHONE)
        async with (
            TownHallClient(server.url, await admin.link(hall, "speaker")) as guest,
            TownHallClient(server.url, await admin.link(hall, "attendee")) as viewer,
            TownHallClient(server.url, await admin.link(hall, "attendee")) as reader,
        ):
            await viewer.join_decoding()
            tap = Tap(await reader.join_light(Identity(), offers.load("chromium_attendee")))
            await go_on_stage(host)
            await host.page.locator("room-phase-bar button.primary").click()
            # Made now, for they hurry to catch up with the time since.
            camera = ColourTrack(LUMA, width=WIDTH, height=NARROW_HEIGHT, fps=FPS)
            await guest.join_decoding(publish={"microphone": ToneTrack(330.0), "camera": camera})
            await guest.socket.command("take_seat")
            await guest.socket.command("set_media", microphone=True, camera=True)
            made = TownHall(server, admin, browser, hall, host, listener, phone, viewer, tap, guest, camera, sent)
            await until(lambda: _sees(listener, {1, 2}), what="both pictures")
            await until(lambda: _sees(phone, {SPEAKER}), what="a picture on the phone")
            await until(lambda: _true(lambda: made.watched.frames > 0), what="a picture at the other viewer")
            yield made


def _sent_near_wraps(monkeypatch: pytest.MonkeyPatch) -> Headers:
    """What aiortc sends in this process begins shortly before every wrap; it is all noted."""
    far = count(2**32 - 5 * 90_000)  # SSRCs are made by it, too, and must differ
    begin, send, sent = Vp8Encoder.__init__, RTCDtlsTransport._send_rtp, Headers()

    def near(self: Any) -> None:
        begin(self)
        self.picture_id = 2**15 - 60

    async def noted(self: Any, packet: bytes) -> None:
        sent.take(packet)
        await send(self, packet)

    monkeypatch.setattr(rtcrtpsender, "random32", lambda: next(far))
    monkeypatch.setattr(rtcrtpsender, "random_sequence_number", lambda: 2**16 - 100)
    monkeypatch.setattr(Vp8Encoder, "__init__", near)
    monkeypatch.setattr(RTCDtlsTransport, "_send_rtp", noted)
    return sent


async def _sees(person: Person, seats: set[int]) -> bool:
    found = await video_in(person)
    return all(seat in found and found[seat].decoded > 0 for seat in seats)


async def _true(check: Callable[[], bool]) -> bool:
    return check()
