"""What goes out of a page: the camera's layers by the size it captures, the screen, and silence after."""

import pytest
from playwright.async_api import Browser, expect

from tests.browser.people import act, enter, go_on_stage, sending, stats, video_in
from tests.support.browser import Person, until
from tests.support.server import Administrator

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]

SCREEN_SEAT = 100
# A camera that has no more than this, whatever the page would like.
SMALL_CAMERA = """([width, height]) => {
  const original = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
  navigator.mediaDevices.getUserMedia = (wanted) =>
    original(wanted.video ? { video: { width: { exact: width }, height: { exact: height } } } : wanted);
}"""
# The picture of a screen, drawn: a headless browser has none to pick.
DRAWN_SCREEN = """() => {
  navigator.mediaDevices.getDisplayMedia = async () => {
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [1280, 720];
    const context = canvas.getContext("2d");
    let turn = 0;
    const timer = setInterval(() => {
      context.fillStyle = turn++ % 2 ? "#204060" : "#206040";
      context.fillRect(0, 0, canvas.width, canvas.height);
    }, 100);
    const stream = canvas.captureStream(10);
    window.__screen = { track: stream.getVideoTracks()[0], stop: () => clearInterval(timer) };
    return stream;
  };
}"""


@pytest.mark.parametrize(
    ("size", "widths"), [((1280, 720), {320, 640, 1280}), ((640, 360), {320, 640}), ((320, 180), {320})]
)
async def test_a_camera_goes_out_whole_whatever_its_size(
    browser: Browser, admin: Administrator, size: tuple[int, int], widths: set[int]
) -> None:
    speaker = await enter(browser, admin, await admin.town_hall(), "speaker", name="Tapiwa Chikwanda")
    await speaker.evaluate(SMALL_CAMERA, list(size))
    await go_on_stage(speaker)
    await until(lambda: _sends(speaker, widths), seconds=20, what=f"layers {sorted(widths)} of a camera of {size}")


async def test_a_camera_that_is_turned_off_sends_nothing_and_shows_nothing(
    browser: Browser, admin: Administrator
) -> None:
    town_hall = await admin.town_hall()
    speaker = await enter(browser, admin, town_hall, "speaker", name="Tapiwa Chikwanda")
    host = await enter(browser, admin, town_hall, "host", name="Rutendo Moyo")
    await go_on_stage(speaker)
    picture = host.page.locator('room-tile[data-seat="1"] video.shown')
    await expect(picture).to_have_count(1)
    await act(speaker, "camera")
    await expect(picture).to_have_count(0)
    assert await host.page.locator('room-tile[data-seat="1"] video').evaluate("(video) => video.srcObject") is None
    assert (
        await speaker.evaluate("() => document.querySelector('room-join').session.media.publisher.tracks.camera")
        is None
    )
    await act(speaker, "camera")
    await expect(picture).to_have_count(1)
    assert await speaker.evaluate("() => __room.negotiationNeeded") == 1


async def test_a_screen_is_shown_beside_the_camera_until_the_browser_ends_it(
    browser: Browser, admin: Administrator
) -> None:
    town_hall = await admin.town_hall()
    speaker = await enter(browser, admin, town_hall, "speaker", name="Tapiwa Chikwanda")
    host = await enter(browser, admin, town_hall, "host", name="Rutendo Moyo")
    await go_on_stage(speaker)
    await speaker.evaluate(DRAWN_SCREEN)
    await act(speaker, "screen")
    await speaker.page.get_by_role("button", name="Slides or text").click()
    await until(lambda: _sees(host, SCREEN_SEAT), what="the screen at the host")
    await until(lambda: _sees(host, 1), what="the camera beside it")
    assert await speaker.evaluate("() => __screen.track.contentHint") == "detail"
    await expect(host.page.get_by_text("Screen shared by Tapiwa Chikwanda")).to_be_visible()

    # What the browser's own "stop sharing" does.
    await speaker.evaluate("() => { __screen.track.stop(); __screen.track.dispatchEvent(new Event('ended')) }")
    await expect(host.page.get_by_text("Screen shared by Tapiwa Chikwanda")).to_have_count(0)
    assert await sending(speaker, "video")
    assert await speaker.evaluate("() => [__room.connections, __room.negotiationNeeded]") == [1, 1]


async def _sends(person: Person, widths: set[int]) -> bool:
    layers = {
        entry["frameWidth"]
        for entry in await stats(person, "outbound-rtp")
        if entry["kind"] == "video" and entry.get("framesSent") and entry.get("frameWidth")
    }
    return layers == widths


async def _sees(person: Person, seat: int) -> bool:
    return seat in (found := await video_in(person)) and found[seat].decoded > 0
