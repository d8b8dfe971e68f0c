"""Backstage, the audience receives not one packet of the stage; Start and Close take effect within 500 ms."""

import asyncio
import time
from pathlib import Path

import pytest

from tests.browser.people import enter, go_on_stage
from tests.support.browser import chromium, until
from tests.support.client import TownHallClient
from tests.support.light import Identity, LightClient
from tests.support.picture import write_tone, write_y4m
from tests.support.server import running

pytestmark = [pytest.mark.browser, pytest.mark.timeout(90)]

OFFER = Path(__file__).parents[1] / "unit/session/offers/chromium_attendee.sdp"
# What the issue of a start or an end may take until the last listener notices.
AT_MOST = 0.5


async def test_the_audience_hears_the_stage_from_start_to_close_only(tmp_path: Path) -> None:
    tone, picture = write_tone(tmp_path / "tone.wav"), write_y4m(tmp_path / "picture.y4m")
    async with running(tmp_path) as (server, admin), chromium(video=picture, audio=tone) as browser:
        hall = await admin.town_hall()
        host = await enter(browser, admin, hall, "host", "speaker", name="Tendai Moyo")
        await go_on_stage(host)
        token = await admin.link(hall, "attendee")
        async with TownHallClient(server.url, token) as listener:
            media = await listener.join_light(Identity(), OFFER.read_bytes().decode())
            await asyncio.sleep(3)  # long enough for some hundred packets, had the gate been open
            assert _packets(media) == 0, "stage media before Start"

            await host.page.locator("room-phase-bar button.primary").click()
            pressed = time.monotonic()
            await listener.socket.told("phase", lambda event: event["phase"] == "live")
            await until(lambda: _any(media), every=0.005, what="media after Start")
            assert time.monotonic() - pressed <= AT_MOST

            await host.page.locator("room-phase-bar button").last.click()
            await host.page.locator("room-dialog button.danger").click()
            await asyncio.sleep(AT_MOST)  # the grace that Close has
            at_deadline = _packets(media)
            await asyncio.sleep(2)  # and then silence
            assert _packets(media) == at_deadline, "stage media after Close"
            assert media.failed == 0


def _packets(media: LightClient) -> int:
    return sum(media.received.values())


async def _any(media: LightClient) -> bool:
    return _packets(media) > 0
