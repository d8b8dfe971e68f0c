"""Firefox on the stage and in the audience, in a namespace of its own."""

from pathlib import Path

import pytest

from tests.browser.people import Anybody, audio_energy, enter, go_on_stage, video_in
from tests.support.browser import chromium, until
from tests.support.firefox import firefox
from tests.support.network import Namespace
from tests.support.server import running

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]

FRAMES = 60


async def test_firefox_and_chromium_see_and_hear_firefox(tmp_path: Path) -> None:
    with Namespace("10.77.0.1/24", "fd77::1/64") as host:
        async with (
            running(tmp_path, namespace=host) as (_, admin),
            firefox(host) as foxes,
            chromium(namespace=host) as browser,
        ):
            hall = await admin.town_hall()
            speaker = await enter(foxes, admin, hall, "host", "speaker", name="Tendai Moyo")
            await go_on_stage(speaker)
            await speaker.click("room-phase-bar button.primary")
            viewers = [await enter(browsers, admin, hall, "attendee", name="Ruth") for browsers in (foxes, browser)]
            for viewer in viewers:
                await until(lambda viewer=viewer: _sees_and_hears(viewer), what=f"{FRAMES} frames, and sound")
            assert [person.errors() for person in (speaker, *viewers)] == [[], [], []]


async def test_what_goes_wrong_on_a_page_is_told() -> None:
    with Namespace("10.77.0.1/24") as host:
        async with firefox(host) as browser:
            person = await browser.open("data:text/html,<button hidden>Join</button>", "")
            with pytest.raises(AssertionError, match="nothing of that name"):
                await person.evaluate("() => { throw new Error('nothing of that name'); }")
            with pytest.raises(AssertionError, match="button"):
                await person.shown("button", seconds=0.2)
            await person.evaluate("() => console.error('lost')")
            await until(lambda: _told(person, "error: lost"))


async def _sees_and_hears(person: Anybody) -> bool:
    pictures, sound = await video_in(person), await audio_energy(person)
    return 1 in pictures and pictures[1].decoded >= FRAMES and sound.get(1, 0) > 0.001


async def _told(person: Anybody, line: str) -> bool:
    return line in person.errors()
