"""A flash and its beep reach the viewer together, also after the seat has changed hands."""

import asyncio
import statistics
from pathlib import Path

import pytest
from playwright.async_api import expect

from tests.browser.people import act, enter, go_on_stage, video_in
from tests.support.browser import Person, chromium, until
from tests.support.server import running

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]

HERE = Path(__file__).parent
SEAT_CHANGES = 5
SETTLE_SECONDS = 3
WINDOW_MS = 6_000
AT_MOST_MS = 80
# Keeps the receivers' tracks within reach of the measurement.
KEEP_TRACKS = """
window.__tracks = [];
const Original = window.RTCPeerConnection;
window.RTCPeerConnection = class extends Original {
  async setRemoteDescription(description) {
    await super.setRemoteDescription(description);
    const transceivers = this.getTransceivers();
    window.__tracks = transceivers.map(({ mid, receiver: { track } }) => ({ mid, kind: track.kind, track }));
  }
};
"""


async def test_sound_and_picture_of_a_seat_stay_together(tmp_path: Path) -> None:
    flash, skew = (HERE / "flash_and_beep.js").read_text(), (HERE / "skew.js").read_text()
    async with running(tmp_path) as (_, admin), chromium() as publishers, chromium() as viewers:
        hall = await admin.town_hall()
        host = await enter(publishers, admin, hall, "host", "speaker", name="Tendai Moyo", script=flash + skew)
        instrument = _median(await host.evaluate("(ms) => window.__skewOfSource(ms)", WINDOW_MS))
        await go_on_stage(host)
        await host.page.locator("room-phase-bar button.primary").click()
        viewer = await enter(viewers, admin, hall, "attendee", name="", script=KEEP_TRACKS + skew)
        skews = [await _skew(viewer) - instrument]
        for _ in range(SEAT_CHANGES):
            await act(host, "leave-stage")
            await expect(host.page.locator("[data-act=take-seat]")).to_be_visible()
            await go_on_stage(host)
            skews.append(await _skew(viewer) - instrument)
        print(f"skew in ms, sound late positive: {[round(skew) for skew in skews]}; instrument: {instrument:.0f}")
        assert max(abs(skew) for skew in skews) <= AT_MOST_MS


async def _skew(viewer: Person) -> float:
    await until(lambda: _sees(viewer), what="the picture of seat 1")
    await asyncio.sleep(SETTLE_SECONDS)  # the time that receivers have to align before skew counts
    return _median(await viewer.evaluate("(ms) => window.__skewOfSeat(ms)", WINDOW_MS))


def _median(found: list[float]) -> float:
    assert len(found) >= 3, f"too few flashes with a beep: {found}"
    return statistics.median(found)


async def _sees(viewer: Person) -> bool:
    frames = (await video_in(viewer)).get(1)
    return frames is not None and frames.decoded > 0
