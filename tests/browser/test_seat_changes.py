"""The seat that follows the speaker changes twenty times under a whole audience, and no decoder notices."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from itertools import pairwise
from pathlib import Path

import pytest

from tests.browser.people import act, enter, followed, go_on_stage, stats, watches
from tests.support.browser import Person, chromium, until
from tests.support.client import TownHallClient
from tests.support.light import Identity
from tests.support.picture import write_tone, write_y4m
from tests.support.server import Server, running
from tests.support.tracks import ColourTrack, ToneTrack

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]

OFFER = Path(__file__).parents[1] / "unit/session/offers/chromium_attendee.sdp"
CHANGES = 20
AUDIENCE = 17
PHONE_WIDTH = 390
# The two speakers' pictures differ in shape, so that it shows which of them is watched.
WIDE, NARROW = (16, 9), (4, 3)


async def test_twenty_changes_of_the_speakers_seat(tmp_path: Path) -> None:
    picture, tone = write_y4m(tmp_path / "picture.y4m", width=640, height=360), write_tone(tmp_path / "tone.wav")
    async with (
        running(tmp_path) as (server, admin),
        chromium(video=picture, audio=tone) as browser,
    ):
        hall = await admin.town_hall()
        page = await enter(browser, admin, hall, "host", "speaker", name="Tendai Moyo")
        await go_on_stage(page)
        await page.page.locator("room-phase-bar button.primary").click()
        async with (
            _speaker(server, await admin.link(hall, "speaker", name="Ruth")) as other,
            _audience(server, await admin.link(hall, "attendee")),
        ):
            viewer = await enter(browser, admin, hall, "attendee", name="", width=PHONE_WIDTH)
            await until(lambda: watches(viewer, WIDE), what="the first speaker's picture")
            before, asked = await followed(viewer), [await _keyframe_requests(page)]
            for change in range(CHANGES):
                to_other = change % 2 == 0
                await act(page, "microphone")
                await other.socket.command("set_media", microphone=to_other)
                await until(lambda w=to_other: watches(viewer, NARROW if w else WIDE), what=f"change {change}")
                asked.append(await _keyframe_requests(page))
            after = await followed(viewer)
            requests = [later - earlier for earlier, later in pairwise(asked)]
            print(f"{CHANGES} changes: {before} -> {after}; keyframe requests to the page: {requests}")
            assert after.decoded - before.decoded > 0
            assert after.received - before.received - (after.decoded - before.decoded) <= 1, (
                "frames lost in the decoder"
            )
            assert after.dropped == before.dropped
            assert after.lost == before.lost
            assert after.freezes == before.freezes
            assert max(requests) <= 1, "more than one keyframe request for a change reached this publisher"


@contextlib.asynccontextmanager
async def _speaker(server: Server, token: str) -> AsyncIterator[TownHallClient]:
    async with TownHallClient(server.url, token, name="Ruth Ncube") as client:
        await client.join_decoding(publish={"microphone": ToneTrack(330.0), "camera": ColourTrack(150)})
        await client.socket.command("take_seat")
        await client.socket.command("set_media", microphone=False, camera=True)
        yield client


@contextlib.asynccontextmanager
async def _audience(server: Server, token: str) -> AsyncIterator[None]:
    identity, offer = Identity(), OFFER.read_bytes().decode()
    clients = [TownHallClient(server.url, token, name=f"Guest {n}") for n in range(AUDIENCE)]
    try:
        await asyncio.gather(*(client.join_light(identity, offer) for client in clients))
        yield
    finally:
        await asyncio.gather(*(client.close() for client in clients))


async def _keyframe_requests(page: Person) -> int:
    sent = [entry for entry in await stats(page, "outbound-rtp") if entry["kind"] == "video"]
    return sum(entry.get("pliCount", 0) + entry.get("firCount", 0) for entry in sent)
