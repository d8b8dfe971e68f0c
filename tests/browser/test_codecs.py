"""Chromium sends and shows every codec that a town hall may have, each under another SRTP profile, and hears beside it.

VP8 under the profile that browsers choose by themselves is in `test_first_call`.
"""

import asyncio
from pathlib import Path

import pytest
from playwright.async_api import expect

from tests.browser.people import audio_energy, enter, frames_sent, go_on_stage, quadrants, stats, video_in
from tests.support.browser import Person, chromium, close_to, until
from tests.support.picture import QUADRANTS, write_tone, write_y4m
from tests.support.server import running

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]

SECONDS = 6
# What quantisation, subsampling and scaling may move a flat colour by.
COLOUR_TOLERANCE = 24
# The largest that goes out in two layers: AV1's encoder in software is the dearest thing on two cores.
WIDTH, HEIGHT = 640, 360
LAYER_WIDTHS = {320: "q", 640: "h"}
# A browser without H.264, as Firefox is without its plug-in: it is not in the list of what can be received.
WITHOUT_H264 = """
const original = RTCRtpReceiver.getCapabilities.bind(RTCRtpReceiver);
RTCRtpReceiver.getCapabilities = (kind) => {
  const known = original(kind);
  return { ...known, codecs: known.codecs.filter((codec) => codec.mimeType !== "video/H264") };
};
"""


@pytest.mark.parametrize(
    ("codec", "profile"),
    [
        ("h264", "SRTP_AEAD_AES_256_GCM"),
        ("vp9", "SRTP_AEAD_AES_128_GCM"),
        ("av1", "SRTP_AES128_CM_HMAC_SHA1_80"),
    ],
)
async def test_a_speaker_is_seen_and_heard(tmp_path: Path, codec: str, profile: str) -> None:
    picture = write_y4m(tmp_path / "picture.y4m", width=WIDTH, height=HEIGHT)
    tone = write_tone(tmp_path / "tone.wav")
    async with (
        running(tmp_path, media={"srtp_profiles": [profile]}) as (_, admin),
        chromium(video=picture, audio=tone) as one,
        chromium() as other,
    ):
        hall = await admin.town_hall(video_codec=codec, seats=2)
        host = await enter(one, admin, hall, "host", "speaker", name="Tendai Moyo")
        await go_on_stage(host)
        await host.page.locator("room-phase-bar button.primary").click()
        listener = await enter(other, admin, hall, "attendee", name="")
        await until(lambda: _sees(listener, 1), seconds=20, what="the speaker's picture")

        before, sent_before, energy_before = await video_in(listener), await frames_sent(host), await _energy(listener)
        await asyncio.sleep(SECONDS)  # the window over which frames are counted
        after, sent_after, energy = await video_in(listener), await frames_sent(host), await _energy(listener)

        rid = LAYER_WIDTHS[after[1].width]
        sent = sent_after[rid] - sent_before[rid]
        decoded = after[1].decoded - before[1].decoded
        assert decoded >= 0.95 * sent > 0, f"{decoded} of {sent} frames in {codec}; {after[1]}"
        assert len(sent_after) == len(LAYER_WIDTHS), f"layers sent: {sent_after}"
        assert energy - energy_before > 0.001
        for seen, colour in zip(await quadrants(listener, 1), QUADRANTS, strict=True):
            assert close_to(seen, colour, tolerance=COLOUR_TOLERANCE), f"{seen} is not {colour}"
        for person in (host, listener):
            assert await _codecs(person) == {f"video/{codec.upper()}"}
            assert [entry["srtpCipher"] for entry in await stats(person, "transport")] == [profile]
            assert person.errors() == []


async def test_whoever_lacks_the_codec_reads_so_and_goes_on_hearing(tmp_path: Path) -> None:
    tone = write_tone(tmp_path / "tone.wav")
    async with running(tmp_path) as (_, admin), chromium(audio=tone) as one, chromium() as other:
        hall = await admin.town_hall(video_codec="h264", seats=2)
        host = await enter(one, admin, hall, "host", "speaker", name="Tendai Moyo")
        await go_on_stage(host)
        viewer = await enter(other, admin, hall, "host", "speaker", name="Ruth Ncube", script=WITHOUT_H264)
        tile = viewer.page.locator('room-tile[data-seat="1"]')
        await expect(tile.locator(".unable .long")).to_have_text(
            "Tendai Moyo’s picture comes in a format this browser cannot show. The sound goes on."
        )
        await until(lambda: _hears(viewer), what="the speaker's voice")
        # What it sends itself is VP8, which the other can show.
        await go_on_stage(viewer)
        await until(lambda: _sees(host, 2), what="the fallen-back picture")
        assert await _codecs(host) == {"video/H264", "video/VP8"}
        # The camera goes off: there is nothing that could not be shown.
        await host.page.locator("[data-act=camera]").click()
        await expect(tile.locator(".unable")).to_have_count(0)


async def _sees(person: Person, seat: int) -> bool:
    found = await video_in(person)
    return seat in found and found[seat].decoded > 0


async def _hears(person: Person) -> bool:
    return await _energy(person) > 0.001


async def _energy(person: Person) -> float:
    """Of the voice of seat 1."""
    return (await audio_energy(person)).get(1, 0.0)


async def _codecs(person: Person) -> set[str]:
    """What video this page sends and receives."""
    names = {entry["id"]: entry["mimeType"] for entry in await stats(person, "codec")}
    streams = [*await stats(person, "inbound-rtp"), *await stats(person, "outbound-rtp")]
    flowing = [one for one in streams if one.get("packetsReceived", 0) + one.get("packetsSent", 0) > 0]
    return {names[one["codecId"]] for one in flowing if one["kind"] == "video" and "codecId" in one}
