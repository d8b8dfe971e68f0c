"""Who is here, who is away, who has gone: browsers that die, pages that are closed, people who are put out."""

import asyncio
import os
import signal
import time

import pytest
from playwright.async_api import Browser, expect

from tests.browser.people import act, enter, go_on_stage, video_in
from tests.support.browser import Person, chromium, until
from tests.support.server import Administrator, Server

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]

# A loss that is seen, a page that is closed, a person who is put out.
SEEN_LOSS = 3.0
CLOSED = 1.0
REMOVED = 0.5

PEOPLE = """() => Object.fromEntries(document.querySelector("room-join").session.room.people.map(
  (one) => [one.name, one.presence]))"""
SEATED = """() => document.querySelector("room-join").session.room.stage.filter((seat) => seat.participant)
  .map((seat) => seat.participant.name)"""


async def test_a_killed_browser_is_away_within_seconds_and_its_seat_is_kept(
    browser: Browser, hall: tuple[Server, Administrator, str]
) -> None:
    _, admin, town_hall = hall
    host = await enter(browser, admin, town_hall, "host", name="Rutendo Moyo")
    async with chromium() as doomed:
        speaker = await enter(doomed, admin, town_hall, "speaker", name="Tapiwa Chikwanda")
        await go_on_stage(speaker)
        await until(lambda: _sees(host, 1), what="the picture of whom we lose")
        for pid in await _processes(doomed):
            os.kill(pid, signal.SIGKILL)
        killed = time.monotonic()
        await until(lambda: _presence(host, "Tapiwa Chikwanda", "reconnecting"), seconds=SEEN_LOSS, what="away")
        assert time.monotonic() - killed <= SEEN_LOSS
    tile = host.page.locator('room-tile[data-seat="1"]')
    await expect(tile.get_by_text("Reconnecting")).to_be_visible()
    await expect(tile.locator("video.shown")).to_have_count(0, timeout=1000)
    assert await host.evaluate(SEATED) == ["Tapiwa Chikwanda"]
    # A moderator need not wait for the minute to be over.
    await host.page.get_by_role("button", name="Off stage: Tapiwa Chikwanda").click()
    await expect(host.page.get_by_role("heading", name="On stage (0 of 8)")).to_be_visible()


async def test_whoever_closes_the_page_has_left_at_once(
    browser: Browser, hall: tuple[Server, Administrator, str]
) -> None:
    _, admin, town_hall = hall
    host = await enter(browser, admin, town_hall, "host", name="Rutendo Moyo")
    speaker = await enter(browser, admin, town_hall, "speaker", name="Tapiwa Chikwanda")
    await go_on_stage(speaker, camera=False)
    await until(lambda: _presence(host, "Tapiwa Chikwanda", "here"), what="the speaker")
    # A page that its browser keeps for later has not left.
    await speaker.evaluate("() => dispatchEvent(new PageTransitionEvent('pagehide', { persisted: true }))")
    await act(speaker, "microphone")
    await until(lambda: _muted(host), what="the answer to what came after it")
    assert await _presence(host, "Tapiwa Chikwanda", "here")
    await speaker.page.close()
    closed = time.monotonic()
    await until(lambda: _presence(host, "Tapiwa Chikwanda", None), seconds=CLOSED, every=0.01, what="gone")
    assert time.monotonic() - closed <= CLOSED
    assert await host.evaluate(SEATED) == []


async def test_somebody_removed_is_out_at_once_and_nothing_of_theirs_goes_on(
    browser: Browser, hall: tuple[Server, Administrator, str]
) -> None:
    server, admin, town_hall = hall
    host = await enter(browser, admin, town_hall, "host", name="Rutendo Moyo")
    speaker = await enter(browser, admin, town_hall, "speaker", name="Tapiwa Chikwanda")
    await go_on_stage(host)
    await go_on_stage(speaker)
    for person, seat in ((host, 2), (speaker, 1)):
        await until(lambda p=person, s=seat: _sees(p, s), what=f"the picture of seat {seat}")
    await speaker.evaluate(
        "() => { window.__tracks = Object.values(document.querySelector('room-join').session.media.publisher.tracks)"
        ".filter(Boolean); window.__pc = document.querySelector('room-join').session.media.connection.pc; }"
    )
    await host.page.get_by_role("button", name="Remove Tapiwa Chikwanda from the town hall").first.click()
    await host.page.locator("room-dialog").get_by_role("button", name="Remove").click()
    pressed = time.monotonic()
    await until(
        lambda: speaker.evaluate(
            "() => document.querySelector('room-join').session.view.reason === 'removed'"
            " && __pc.connectionState === 'closed' && __tracks.every((track) => track.readyState === 'ended')"
        ),
        seconds=REMOVED, every=0.01, what="the removed page",
    )  # fmt: skip
    assert time.monotonic() - pressed <= REMOVED
    await expect(speaker.page.get_by_role("heading", name="You were removed from this town hall")).to_be_visible()
    await expect(host.page.locator('room-tile[data-seat="2"] video.shown')).to_have_count(0)
    before = (await video_in(host))[2].received
    dropped = await server.metrics()
    await asyncio.sleep(1)  # frames of a second, had anything been let through
    assert (await video_in(host))[2].received == before
    assert (await server.metrics())["room_relay_peers"] == dropped["room_relay_peers"] == 1


async def _processes(browser: Browser) -> list[int]:
    """Of this browser alone."""
    session = await browser.new_browser_cdp_session()
    found = await session.send("SystemInfo.getProcessInfo")
    return [int(process["id"]) for process in found["processInfo"]]


async def _presence(person: Person, name: str, presence: str | None) -> bool:
    people: dict[str, str] = await person.evaluate(PEOPLE)
    return people.get(name) == presence


async def _muted(person: Person) -> bool:
    return not await person.evaluate("() => document.querySelector('room-join').session.room.stage[0].microphone")


async def _sees(person: Person, seat: int) -> bool:
    found = await video_in(person)
    return seat in found and found[seat].decoded > 0
