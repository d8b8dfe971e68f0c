"""The simulated people in processes of their own, as guests of a served town hall."""

import asyncio
import signal
import sys
from collections.abc import AsyncIterator, Callable
from typing import Any

import numpy as np
import psutil
import pytest

from room_server.demo import font
from room_server.demo.picture import HEIGHT, LABEL, LABEL_LEFT, LABEL_SCALE, LABEL_TOP, WIDTH
from tests.interop.conftest import eventually
from tests.support.client import TownHallClient
from tests.support.media_client import MediaClient, Received
from tests.support.served import TOWN_HALL, ServedTownHall
from tests.support.wire import TownHallSocket

pytestmark = pytest.mark.interop

Event = dict[str, Any]


@pytest.fixture
async def served() -> AsyncIterator[ServedTownHall]:
    async with ServedTownHall() as town_hall:
        yield town_hall


class Simulated:
    """A demonstration process; ends with the block."""

    def __init__(self, served: ServedTownHall, character: str, token: str) -> None:
        self._arguments = [f"room_server.demo.{character}", "--url", served.url, "--token", token]

    async def __aenter__(self) -> asyncio.subprocess.Process:
        self.process = await asyncio.create_subprocess_exec(
            sys.executable, "-W", "error", "-m", *self._arguments, stderr=asyncio.subprocess.PIPE
        )
        return self.process

    async def __aexit__(self, *_: object) -> None:
        if self.process.returncode is None:
            self.process.send_signal(signal.SIGTERM)
        _, said = await asyncio.wait_for(self.process.communicate(), 10)
        assert b"Traceback" not in said, said.decode()
        assert self.process.returncode == 0, said.decode()


def seated(name: str, **state: bool) -> Callable[[Event], bool]:
    """A `seats` event with that person on a seat in that state."""

    def matches(event: Event) -> bool:
        seats = [seat for seat in event["stage"] if (seat["participant"] or {}).get("id") == name]
        return len(seats) == 1 and all(seats[0][kind] is on for kind, on in state.items())

    return matches


def empty(event: Event) -> bool:
    return all(seat["participant"] is None for seat in event["stage"])


async def watch(client: TownHallClient) -> tuple[TownHallSocket, MediaClient, Received, Received]:
    """Join as staff with a picture slot and a sound slot for every seat; the first seat's."""
    media = await client.join_decoding(audio_slots=3, video_slots=3)
    return client.socket, media, media.received["3"], media.received["0"]


def label_is_readable(picture: np.ndarray) -> bool:
    if picture.shape != (HEIGHT, WIDTH):
        return False
    letters = font.mask(LABEL, LABEL_SCALE)
    rows, columns = letters.shape
    band = picture[LABEL_TOP : LABEL_TOP + rows, LABEL_LEFT : LABEL_LEFT + columns]
    return bool(band[letters].mean() > 170 and band[~letters].mean() < 70)


async def test_the_presenter_shows_speaks_and_says_what_it_is(served: ServedTownHall) -> None:
    async with TownHallClient(served.url, "hal.host") as host, Simulated(served, "presenter", "pat.speaker") as pat:
        socket, media, picture, voice = await watch(host)
        await media.until(lambda: label_is_readable(picture.picture) and voice.energy > 0.001, timeout=15)
        before, shown, began = psutil.Process(pat.pid).cpu_times(), picture.frames, asyncio.get_running_loop().time()
        await media.until(lambda: picture.frames >= shown + 60)
        after, seconds = psutil.Process(pat.pid).cpu_times(), asyncio.get_running_loop().time() - began
        assert 17 <= 60 / seconds <= 23
        assert (after.user + after.system - before.user - before.system) / seconds < 0.25

        await socket.command("mute", participant="pat", kind="microphone")
        await eventually(lambda: served.plane.seat_counters(TOWN_HALL)[1]["audio_in"] > 0)
        await socket.told("seats", seated("pat", microphone=False, camera=True))
        sent = served.plane.seat_counters(TOWN_HALL)[1]["audio_in"]
        shown = picture.frames
        await media.until(lambda: picture.frames >= shown + 20)
        assert served.plane.seat_counters(TOWN_HALL)[1]["audio_in"] - sent <= 10

        place = len(socket.events)
        await socket.command("remove_from_stage", participant="pat")
        await socket.told("seats", empty, since=place)
        await served.cut_all()
        # The host's media stay; the presenter's end and come back, but stay off the stage.
        await eventually(lambda: served.relay.metrics()["peers"] == 1)
        await eventually(lambda: served.relay.metrics()["peers"] == 2)
        async with TownHallClient(served.url, "ida.host") as other:
            snapshot = (await other.join())["snapshot"]
            assert "pat" in [person["id"] for person in snapshot["participants"]]
            assert empty(snapshot)


async def test_the_presenter_comes_back_to_its_seat_after_a_loss(served: ServedTownHall) -> None:
    async with Simulated(served, "presenter", "pat.speaker"):
        async with TownHallClient(served.url, "hal.host") as host:
            _, media, picture, _ = await watch(host)
            await media.until(lambda: label_is_readable(picture.picture), timeout=15)
        await served.cut_all()
        async with TownHallClient(served.url, "hal.host") as host:
            _, media, picture, voice = await watch(host)
            await media.until(lambda: label_is_readable(picture.picture) and voice.energy > 0.001, timeout=15)


async def test_the_guest_raises_a_hand_and_speaks_when_invited(served: ServedTownHall) -> None:
    async with TownHallClient(served.url, "hal.host") as host, Simulated(served, "guest", "gus.attendee"):
        socket, media, picture, voice = await watch(host)
        hands = await socket.told("hands", lambda e: [hand["participant"] for hand in e["hands"]] == ["gus"])
        assert hands["hands"][0]["name"] == "Simulated guest"
        await socket.command("invite", participant="gus")
        await socket.told("seats", seated("gus", microphone=True, camera=False))
        await media.until(lambda: voice.energy > 0.001)
        assert picture.frames == 0


async def test_who_is_removed_does_not_come_back(served: ServedTownHall) -> None:
    async with TownHallClient(served.url, "hal.host") as host, Simulated(served, "guest", "gus.attendee") as gus:
        await host.join()
        await host.socket.told("hands", lambda e: bool(e["hands"]), timeout=15)
        await host.socket.command("remove", participant="gus")
        assert await asyncio.wait_for(gus.wait(), 10) == 0


@pytest.mark.parametrize(("character", "here"), [("guest", "hands"), ("presenter", "seats")])
async def test_both_go_for_good_when_the_town_hall_is_closed(served: ServedTownHall, character: str, here: str) -> None:
    token = {"guest": "sim.attendee", "presenter": "sim.speaker"}[character]
    async with TownHallClient(served.url, "hal.host") as host, Simulated(served, character, token) as simulated:
        await host.join()
        await host.socket.told(here, timeout=15)
        await host.socket.command("close")
        assert await asyncio.wait_for(simulated.wait(), 10) == 0
