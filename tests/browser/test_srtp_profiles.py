"""Chromium sees and hears under the SRTP profiles that it takes only if a server speaks no other."""

import asyncio
from pathlib import Path

import pytest

from tests.browser.people import audio_energy, enter, frames_sent, go_on_stage, stats, video_in
from tests.support.browser import Person, chromium, until
from tests.support.picture import write_tone, write_y4m
from tests.support.server import running

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]

SECONDS = 3
WIDTH, HEIGHT = 320, 180  # one layer, so that what was sent is what is decoded
# All other tests run under SRTP_AEAD_AES_256_GCM, which Chromium prefers.
PROFILES = ("SRTP_AEAD_AES_128_GCM", "SRTP_AES128_CM_HMAC_SHA1_80")


@pytest.mark.parametrize("profile", PROFILES)
async def test_picture_and_sound(tmp_path: Path, profile: str) -> None:
    picture = write_y4m(tmp_path / "picture.y4m", width=WIDTH, height=HEIGHT)
    tone = write_tone(tmp_path / "tone.wav")
    async with (
        running(tmp_path, media={"srtp_profiles": [profile]}) as (_, admin),
        chromium(video=picture, audio=tone) as browser,
    ):
        hall = await admin.town_hall()
        speaker = await enter(browser, admin, hall, "host", "speaker", name="Tendai Moyo")
        listener = await enter(browser, admin, hall, "attendee", name="Ruth")
        await go_on_stage(speaker)
        await speaker.click("room-phase-bar button.primary")
        await until(lambda: _sees_and_hears(listener), what="picture and sound")
        before, sent_before = (await video_in(listener))[1], await frames_sent(speaker)
        await asyncio.sleep(SECONDS)  # the window over which frames are counted
        after, sent = (await video_in(listener))[1], await frames_sent(speaker)
        for person in (speaker, listener):
            (transport,) = await stats(person, "transport")
            assert transport["srtpCipher"] == profile
            assert person.errors() == []
        (rid,) = sent
        assert after.decoded - before.decoded >= 0.95 * (sent[rid] - sent_before[rid])
        assert after.lost == before.lost


async def _sees_and_hears(person: Person) -> bool:
    pictures, sound = await video_in(person), await audio_energy(person)
    return 1 in pictures and pictures[1].decoded > 0 and sound.get(1, 0) > 0.001
