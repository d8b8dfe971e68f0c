"""What `?debug` says of a bad link, read by somebody who was not told what is wrong with it."""

import asyncio
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import expect

from tests.browser.people import enter, go_on_stage
from tests.support.browser import Person, chromium, until
from tests.support.link import link
from tests.support.network import Namespace
from tests.support.picture import write_tone, write_y4m
from tests.support.server import running

ARTEFACTS = Path(__file__).parents[2] / "build" / "artefacts" / "debug"
GOOD: dict[str, Any] = {"loss": 0, "delay": 5, "rate": None, "queue": None}
# What is set on the link, in which direction, and what the panel shall say of it.
TROUBLES: list[tuple[str, dict[str, Any], dict[str, Any], str]] = [
    ("loss-down", {}, {"loss": 0.08}, "of what comes in is lost on the way"),
    ("loss-up", {"loss": 0.08}, {}, "of what goes out is lost on the way"),
    ("slow", {"delay": 200}, {"delay": 200}, "A round trip takes"),
    ("narrow-up", {"rate": 250_000, "queue": 200}, {}, "The way out carries about"),
]
# What may come with a trouble, or stay for a while after it: the buffer shrinks and the estimate of the way out grows
# slowly, and two browsers that encode and decode on two cores are sometimes too busy.
SIDE_EFFECTS = {"unsteady", "concealed", "narrow-up", "busy"}
# Ten seconds of figures are looked at, and the browser takes a few to notice.
PATIENCE = 30
pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]


async def test_the_panel_names_what_is_wrong_with_the_link(tmp_path: Path) -> None:
    ARTEFACTS.mkdir(parents=True, exist_ok=True)
    tone, picture = write_tone(tmp_path / "tone.wav"), write_y4m(tmp_path / "picture.y4m", width=640, height=360)
    with Namespace() as far, Namespace("10.77.0.1/24", "fd77::1/64") as near:
        async with (
            link(far, near, **GOOD) as way,
            running(tmp_path, namespace=near) as (_, admin),
            chromium(video=picture, audio=tone, namespace=near) as home,
            chromium(video=picture, audio=tone, namespace=far) as abroad,
        ):
            town_hall = await admin.town_hall()
            host = await enter(home, admin, town_hall, "host", name="Rutendo")
            await go_on_stage(host)
            await host.page.locator("room-phase-bar button.primary").click()
            speaker = await enter(abroad, admin, town_hall, "speaker", name="Nomvula")
            await go_on_stage(speaker)
            await speaker.page.get_by_role("button", name="Show how the connection is").click()
            for name, up, down, sentence in TROUBLES:
                await asyncio.gather(way.set_up(**GOOD | up), way.set_down(**GOOD | down))
                panel = speaker.page.get_by_role("complementary", name="Connection")
                await expect(panel.get_by_text(sentence)).to_be_visible(timeout=PATIENCE * 1000)
                await speaker.page.screenshot(path=ARTEFACTS / f"{name}-1280.png")
                others = await found(speaker) - {name} - SIDE_EFFECTS
                assert not others, "another trouble than this"
                await way.set(**GOOD)
                await until(partial(over, speaker, name), seconds=PATIENCE, every=0.5, what=f"the end of {name}")


async def found(person: Person) -> set[str]:
    """The codes of what the panel says now."""
    return set(await person.evaluate("() => window.__recorder.findings.map(({ code }) => code)"))


async def over(person: Person, name: str) -> bool:
    """Whether the panel no longer says this, nor anything else but what takes its time."""
    return await found(person) <= SIDE_EFFECTS - {name}
