"""Whatever fails comes back by itself: the server, a relay worker, a page that its browser has frozen."""

import asyncio
import itertools
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

import pytest
from playwright.async_api import Browser, expect

from tests.browser.people import act, audio_energy, enter, go_on_stage, stats, video_in
from tests.support.browser import Person, until
from tests.support.cdp import Tab, tab
from tests.support.server import Administrator, running

pytestmark = [pytest.mark.browser, pytest.mark.timeout(150)]

# Of a server that is up again, of a rebuilt worker's peers, of a page that is thawed.
AFTER_RESTART = 8.0
AFTER_PANIC = 8.0
AFTER_FREEZE = 5.0
# A page that says nothing is shown as away within this; its line is lost by then.
SILENCE = 15.0
# Of a line in doubt: 2.5 s for the answer, and a moment for what is asked with it.
PROBED = 4.0
# How often frames are counted while a worker fails: no viewer elsewhere may miss a count.
LOOK_EVERY = 0.5

STAGE = """() => document.querySelector("room-join").session.room.stage.map(
  ({ seat, participant, microphone, camera, muted_by }) =>
    ({ seat, name: participant?.name ?? null, microphone, camera, muted: muted_by !== null }))"""
ROOM = """() => { const { session } = document.querySelector("room-join");
  return { online: session.online, state: session.media.state, phase: session.room.phase, hand: session.room.myHand,
    roles: session.room.you.roles, hands: session.room.hands.map((hand) => hand.name),
    here: session.room.people.filter((one) => one.presence === "here").map((one) => one.name).sort() }; }"""
SESSION = "document.querySelector('room-join')?.session"
# All sound that has been decoded so far.
ENERGY = """__room.stats().then((all) => all.filter((one) => one.type === "inbound-rtp" && one.kind === "audio")
  .reduce((sum, one) => sum + (one.totalAudioEnergy ?? 0), 0))"""
# The microphone as the encoder gets it: a track that is there and enabled.
OPEN = "() => document.querySelector('room-join').session.media.publisher.tracks.microphone?.enabled ?? false"


async def test_a_restarted_server_has_everybody_back_where_they_were(tmp_path: Path, browser: Browser) -> None:
    async with running(tmp_path) as (server, admin):
        host, speaker, listener = people = await _town_hall(browser, admin)
        await expect(listener.page.locator("room-page").get_by_text("You are next")).to_be_visible()
        stage, seen = await host.evaluate(STAGE), await host.evaluate(ROOM)
        assert [(seat["name"], seat["microphone"], seat["muted"]) for seat in stage[:2]] == [
            ("Rutendo Moyo", True, False),
            ("Tapiwa Chikwanda", False, True),
        ]
        for kill in (True, False):
            await server.stop(kill=kill)
            await until(lambda: _every(people, _is_away), what="pages that see their line lost")
            await server.start()
            up = time.monotonic()
            await until(lambda: _every(people, _is_back), seconds=AFTER_RESTART, what="pages back in the town hall")
            left = AFTER_RESTART - (time.monotonic() - up)
            await until(lambda: _hears(listener, 1), seconds=left, what="the host's voice")
            assert await host.evaluate(STAGE) == stage
            assert await host.evaluate(ROOM) == seen
            assert seen["hands"] == ["Farai"]
            assert (await listener.evaluate(ROOM))["hand"] == 1
            assert await listener.evaluate(STAGE) == stage
            assert await host.evaluate(OPEN)
            assert not await speaker.evaluate(OPEN), "a reconnect never unmutes"
            assert not await _hears(listener, 2)
        assert server.faults == []


async def test_a_worker_that_panics_takes_nobody_elsewhere_with_it(tmp_path: Path, browser: Browser) -> None:
    async with running(tmp_path, drills=True) as (server, admin):
        hall = await admin.town_hall()
        host = await enter(browser, admin, hall, "host", name="Rutendo Moyo")
        await go_on_stage(host)
        await host.page.get_by_role("button", name="Start").click()
        listeners = [await enter(browser, admin, hall, "attendee", name=f"Guest {n}") for n in range(3)]
        for listener in listeners:
            await until(lambda one=listener: _sees(one, 1), what="the host's picture")
        ports = await server.drill("ports")
        homes = {person: ports.index(await _port(person)) for person in (host, *listeners)}
        beside = [one for one in listeners if homes[one] == homes[host]]
        struck = [one for one in listeners if homes[one] != homes[host]]
        assert beside
        assert struck, "people are spread over the workers"

        over = asyncio.Event()
        watch = asyncio.create_task(_count_frames(beside, over))
        await server.drill("panic", worker=1 - homes[host])
        begun = time.monotonic()
        for person in struck:
            await until(lambda one=person: _connections(one, 2), seconds=AFTER_PANIC, what="a new transport")
            left = AFTER_PANIC - (time.monotonic() - begun)
            await until(lambda one=person: _sees(one, 1), seconds=left, what="the picture by the new transport")
        over.set()
        counts = await watch
        grown = [after > before for looks in zip(*counts, strict=True) for before, after in itertools.pairwise(looks)]
        assert all(grown), counts
        assert await _connections(host, 1)
        assert any("panic" in line for line in server.output)


async def test_a_frozen_page_is_back_when_it_is_thawed(tmp_path: Path, browser: Browser) -> None:
    async with running(tmp_path) as (server, admin), tab(tmp_path / "profile") as frozen:
        hall = await admin.town_hall()
        host = await enter(browser, admin, hall, "host", name="Rutendo Moyo")
        await go_on_stage(host, camera=False)
        await frozen.send("Page.navigate", url=f"{server.url}/j?debug#{await admin.link(hall, 'speaker')}")
        await until(lambda: frozen.evaluate(f"{SESSION}?.view.kind === 'entry'"), what="the entry")
        await frozen.evaluate(f"{SESSION}.join('Tapiwa Chikwanda')")
        await until(lambda: frozen.evaluate(f"{SESSION}.media.state === 'connected'"), what="its media")
        await frozen.evaluate(f"{SESSION}.actions.goOnStage('take_seat')")
        await frozen.evaluate(f"{SESSION}.actions.setMicrophone(false)")
        await until(
            lambda: host.evaluate("() => document.querySelector('room-join').session.room.stage[1].participant")
        )
        stage = await host.evaluate(STAGE)

        await frozen.send("Page.setWebLifecycleState", state="frozen")
        await until(lambda: _here(host, ["Rutendo Moyo"]), seconds=SILENCE, what="away who does not answer")
        await frozen.send("Page.setWebLifecycleState", state="active")
        await until(
            lambda: frozen.evaluate(f"{SESSION}.online === 'online' && {SESSION}.media.state === 'connected'"),
            seconds=AFTER_FREEZE, what="the thawed page",
        )  # fmt: skip
        before = await frozen.evaluate(ENERGY)
        await until(lambda: _more(frozen, before), what="the host's voice goes on")
        assert await frozen.evaluate(f"({STAGE})()") == await host.evaluate(STAGE) == stage
        assert not await frozen.evaluate(f"({OPEN})()"), "a reconnect never unmutes"
        await until(lambda: _here(host, ["Rutendo Moyo", "Tapiwa Chikwanda"]), what="both")


async def test_the_line_is_lost_and_the_media_go_on(tmp_path: Path, browser: Browser) -> None:
    async with running(tmp_path) as (_, admin):
        host, _, listener = await _town_hall(browser, admin)
        await listener.evaluate("() => document.querySelector('room-join').session.wire.pause()")
        await expect(listener.page.locator("room-page").get_by_text("Sound and pictures go on")).to_be_visible()
        await until(lambda: _grows(listener), what="the voice without a line")
        await expect(host.page.locator("room-console").get_by_text("Reconnecting").first).to_be_visible(timeout=3000)
        await listener.evaluate("() => document.querySelector('room-join').session.wire.open()")
        await until(lambda: _is_back(listener), what="the line")
        await expect(listener.page.locator("room-page").get_by_text("Sound and pictures go on")).to_have_count(0)
        assert await _connections(listener, 1), "the transport was kept"

        # A line that has died without a word is found out as soon as the page has a reason to doubt it.
        await listener.evaluate(
            "() => { document.querySelector('room-join').session.wire.socket.io.engine.transport.ws.onmessage = null;"
            " document.dispatchEvent(new Event('resume')); }"
        )
        await until(lambda: _is_away(listener), seconds=PROBED, what="the verdict on the line")
        await until(lambda: _is_back(listener), seconds=PROBED, what="another line")
        assert await _connections(listener, 1), "the transport was kept"

        # What was muted without a line is muted for all with it.
        await host.evaluate("() => document.querySelector('room-join').session.wire.pause()")
        await act(host, "microphone")
        assert not await host.evaluate(OPEN), "silent at once"
        await host.evaluate("() => document.querySelector('room-join').session.wire.open()")
        await until(lambda: _muted(host), what="the mute on the server")
        await expect(host.page.locator("room-page").get_by_text("Your microphone is off.")).to_be_visible()


async def _town_hall(browser: Browser, admin: Administrator) -> tuple[Person, Person, Person]:
    """Live: a host who speaks on seat 1, a speaker on seat 2 whom the host has muted, a listener with a raised hand."""
    hall = await admin.town_hall()
    host = await enter(browser, admin, hall, "host", name="Rutendo Moyo")
    speaker = await enter(browser, admin, hall, "speaker", name="Tapiwa Chikwanda")
    listener = await enter(browser, admin, hall, "attendee", name="Farai")
    await go_on_stage(host, camera=False)
    await go_on_stage(speaker, camera=False)
    await host.page.get_by_role("button", name="Start").click()
    await host.page.get_by_role("button", name="Mute Tapiwa Chikwanda", exact=True).click()
    await expect(speaker.page.locator("room-page").get_by_text("A moderator has muted you")).to_be_visible()
    await act(listener, "raise-hand")
    await expect(host.page.get_by_role("heading", name="Raised hands (1)")).to_be_visible()
    await until(lambda: _hears(listener, 1), what="the host's voice")
    return host, speaker, listener


async def _every(people: Sequence[Person], check: Callable[[Person], Awaitable[bool]]) -> bool:
    return all([await check(person) for person in people])


async def _here(person: Person, names: list[str]) -> bool:
    return bool((await person.evaluate(ROOM))["here"] == names)


async def _is_away(person: Person) -> bool:
    return bool((await person.evaluate(ROOM))["online"] != "online")


async def _is_back(person: Person) -> bool:
    room = await person.evaluate(ROOM)
    return bool(room["online"] == "online" and room["state"] == "connected")


async def _connections(person: Person, number: int) -> bool:
    return bool(await person.evaluate("() => __room.connections") == number)


async def _hears(person: Person, seat: int) -> bool:
    return (await audio_energy(person)).get(seat, 0) > 0


async def _grows(person: Person) -> bool:
    before = (await audio_energy(person))[1]
    await asyncio.sleep(0.2)  # some packets' time
    return (await audio_energy(person))[1] > before


async def _sees(person: Person, seat: int) -> bool:
    found = await video_in(person)
    return seat in found and found[seat].decoded > 0


async def _port(person: Person) -> int:
    """The relay's port that this page sends to."""
    remote = await stats(person, "remote-candidate")
    return int(remote[0]["port"])


async def _count_frames(people: Sequence[Person], over: asyncio.Event) -> list[list[int]]:
    """Decoded frames of seat 1 for each of them, twice a second until it is over, and twice more."""
    looks: list[list[int]] = []
    rest = 2
    while rest:
        looks.append([(await video_in(person))[1].decoded for person in people])
        rest -= over.is_set()
        await asyncio.sleep(LOOK_EVERY)
    return looks


async def _muted(person: Person) -> bool:
    return not (await person.evaluate(STAGE))[0]["microphone"]


async def _more(frozen: Tab, energy: float) -> bool:
    return bool(await frozen.evaluate(ENERGY) > energy)
