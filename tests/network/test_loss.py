"""A stage over poor links: 5 % of all packets lost each way, 40 ms there and back. Pictures go on.

`make loss` runs it alone. The long form is 20 s, then 20 comings and goings on stage; the short one is for a first
look, and in so few seconds a single late base picture is one frame in a hundred.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest
from playwright.async_api import Browser

from tests.browser.people import Anybody, act, enter, frames_sent, go_on_stage, stats, video_in
from tests.support.browser import chromium, until
from tests.support.link import link
from tests.support.network import Namespace
from tests.support.picture import write_tone, write_y4m
from tests.support.server import Administrator, Server, running

pytestmark = [pytest.mark.browser, pytest.mark.loss, pytest.mark.timeout(240)]

POOR = {"delay": 20, "loss": 0.05}
# Two layers, so that encoders and decoders leave time to the rest of the machine.
WIDTH, HEIGHT = 640, 360
# Sent throughout, and each picture of the camera in it: the larger layer comes and goes with the publisher's estimate.
SMALLEST = "q"
SHARE = 0.97
LONGEST_FREEZE = 0.5
# Where losses are seen a picture waits for its repairs; on a good path it waits for less than half as long.
PATIENT = 0.15
# Between one change on stage and the next.
STAY_SECONDS = 1

# Keeps the longest time between two frames of a tile; `longestGap()` is that since its last call, in seconds.
WATCH = """(video) => {
  let last = performance.now(), longest = 0;
  const shown = (now) => {
    longest = Math.max(longest, now - last);
    last = now;
    video.requestVideoFrameCallback(shown);
  };
  video.requestVideoFrameCallback(shown);
  window.longestGap = () => {
    const was = Math.max(longest, performance.now() - last);
    longest = 0;
    return was / 1000;
  };
}"""


@dataclass
class Hall:
    """A live town hall on two workers: a browser for who publishes and one for who watches, on a poor link each."""

    server: Server
    admin: Administrator
    id: str
    publishers: Browser
    viewers: Browser


@asynccontextmanager
async def hall_on_poor_links(directory: Path) -> AsyncIterator[Hall]:
    picture = write_y4m(directory / "picture.y4m", width=WIDTH, height=HEIGHT)
    tone = write_tone(directory / "tone.wav")
    async with AsyncExitStack() as stack:
        host = stack.enter_context(Namespace("10.77.0.1/24", "fd77::1/64"))
        near = [stack.enter_context(Namespace()) for _ in range(2)]
        for seed, end in enumerate(near):
            await stack.enter_async_context(link(end, host, seed=seed, **POOR))
        server, admin = await stack.enter_async_context(running(directory, namespace=host, media={"workers": 2}))
        browsers = [await stack.enter_async_context(chromium(video=picture, audio=tone, namespace=end)) for end in near]
        yield Hall(server, admin, await admin.town_hall(), *browsers)


@pytest.mark.parametrize(
    ("seconds", "changes"),
    [pytest.param(8, 6, id="short"), pytest.param(20, 20, id="long")],
)
async def test_pictures_go_on(tmp_path: Path, seconds: float, changes: int) -> None:
    async with hall_on_poor_links(tmp_path) as hall:
        publisher = await enter(hall.publishers, hall.admin, hall.id, "host", "speaker", name="Tendai Moyo")
        await go_on_stage(publisher)
        await publisher.click("room-phase-bar button.primary")
        viewers = [await enter(hall.viewers, hall.admin, hall.id, "attendee", name=name) for name in ("Ruth", "Farai")]
        workers = [await _port(person) for person in (publisher, *viewers)]
        assert workers.count(workers[0]) == 2, f"one viewer on the publisher's worker, one on another: {workers}"
        for viewer in viewers:
            patience = Patience(viewer)
            await until(patience.has_begun, what="a picture that waits for its repairs")
            await viewer.evaluate_on('room-tile[data-seat="1"] video', WATCH)
        await _pictures_went_on("alone on stage", publisher, viewers, asyncio.sleep(seconds))  # the window itself
        other = await enter(hall.publishers, hall.admin, hall.id, "speaker", name="Chipo")
        await _pictures_went_on("comings and goings", publisher, viewers, _come_and_go(other, viewers, changes))


async def _come_and_go(other: Anybody, viewers: list[Anybody], changes: int) -> None:
    for change in range(changes):
        if change % 2 == 0:
            seen = [(await _decoded(viewer)).get(2, 0) for viewer in viewers]
            await go_on_stage(other)
            for viewer, before in zip(viewers, seen, strict=True):
                await until(partial(_sees_more, viewer, before), what=f"the other's picture, change {change}")
        else:
            await act(other, "leave-stage")
            await other.shown("[data-act=take-seat]")
        await asyncio.sleep(STAY_SECONDS)  # what is judged is how pictures go on in between


async def _sees_more(viewer: Anybody, before: int) -> bool:
    return (await _decoded(viewer)).get(2, 0) > before


async def _pictures_went_on(when: str, publisher: Anybody, viewers: list[Anybody], window: Awaitable[None]) -> None:
    """Of the frames that the publisher's camera makes meanwhile nearly all are decoded, and none is long in coming."""
    before = [await _counted(publisher, viewer) for viewer in viewers]
    for viewer in viewers:
        await viewer.evaluate("() => window.longestGap()")
    await window
    for viewer, (sent_before, decoded_before) in zip(viewers, before, strict=True):
        sent, decoded = await _counted(publisher, viewer)
        gap = await viewer.evaluate("() => window.longestGap()")
        made, shown = sent - sent_before, decoded - decoded_before
        print(f"{when}: {shown} of {made} frames ({shown / made:.1%}), at most {gap:.2f} s without one")
        assert shown >= SHARE * made
        assert gap <= LONGEST_FREEZE


async def _counted(publisher: Anybody, viewer: Anybody) -> tuple[int, int]:
    """Frames that the publisher's camera has made, and of these that the viewer's decoder has put out."""
    sent, decoded = await asyncio.gather(frames_sent(publisher), _decoded(viewer))
    return sent[SMALLEST], decoded[1]


async def _decoded(viewer: Anybody) -> dict[int, int]:
    return {seat: frames.decoded for seat, frames in (await video_in(viewer)).items()}


async def _port(person: Anybody) -> int:
    """The relay's port that this page speaks to: each worker has its own."""
    pair = await until(lambda: _pair(person), what="a way to the relay")
    found = [entry for entry in await stats(person, "remote-candidate") if entry["id"] == pair["remoteCandidateId"]]
    return int(found[0]["port"])


async def _pair(person: Anybody) -> dict[str, str] | None:
    return next((entry for entry in await stats(person, "candidate-pair") if entry.get("nominated")), None)


class Patience:
    """How long the pictures of a viewer are meant to wait before they are shown."""

    def __init__(self, viewer: Anybody) -> None:
        self._viewer = viewer
        self._before = (0.0, 0)

    async def has_begun(self) -> bool:
        """Whether those shown since the last call waited long enough for repairs."""
        entries = [entry for entry in await stats(self._viewer, "inbound-rtp") if entry["kind"] == "video"]
        waited = sum(entry.get("jitterBufferTargetDelay", 0.0) for entry in entries)
        frames = sum(entry.get("jitterBufferEmittedCount", 0) for entry in entries)
        (waited_before, frames_before), self._before = self._before, (waited, frames)
        return bool(frames > frames_before and waited - waited_before >= PATIENT * (frames - frames_before))
