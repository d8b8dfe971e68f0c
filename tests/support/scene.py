"""A town hall under attack: a publisher and a viewer beside it, and what it costs them and the server."""

import asyncio
import contextlib
import statistics
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from tests.support.client import TownHallClient
from tests.support.film import STAGE, Camera, Screening
from tests.support.light import Identity, LightClient
from tests.support.server import Administrator, Server, running
from tests.unit.session import offers

_ASK_EVERY = 0.15
"""Seconds: below the ten requests a second that a page may send."""
BYSTANDERS = 2
_SETTLE = 0.3
"""Seconds until what was sent has arrived."""


@dataclass
class Toll:
    """What the bystanders and the server went through."""

    frames: int = 0
    """Filmed."""
    whole: int = 0
    """Seen whole."""
    worst_gap: float = 0.0
    """Seconds without a whole frame."""
    answers: list[float] = field(default_factory=list)
    """Seconds that requests waited for their answers."""
    grown: int = 0
    """Bytes of the server's resident memory."""
    lines: int = 0
    """Written to the log."""
    counted: dict[str, float] = field(default_factory=dict)
    """By how much each sample of /metrics has grown."""

    def dropped(self, reason: str) -> float:
        """Packets dropped under that name."""
        return self.counted.get(f'room_relay_drops_total{{reason="{reason}"}}', 0.0)

    def count(self, name: str) -> float:
        """One of the relay's counters."""
        return self.counted.get(f"room_relay_{name}_total", 0.0)

    @property
    def median_answer(self) -> float:
        return statistics.median(self.answers)


class Scene:
    """One worker, so that everybody shares it with the attacker."""

    def __init__(self, server: Server, administrator: Administrator, hall: str) -> None:
        self.server, self.administrator, self.hall = server, administrator, hall
        self.identity = Identity()
        self.people: list[TownHallClient] = []
        self.host: TownHallClient
        self.camera: Camera
        self.screening: Screening

    async def enter(self, *roles: str, offer: str = "chromium_attendee") -> TownHallClient:
        """Somebody with media."""
        person = TownHallClient(self.server.url, await self.administrator.link(self.hall, *roles))
        self.people.append(person)
        publish: Any = STAGE if "a=sendonly" in offers.load(offer) else {}
        await person.join_light(self.identity, offers.load(offer), publish)
        return person

    async def begin(self) -> None:
        """On air: a host on stage with an open camera, and somebody who watches."""
        self.host = await self.enter("host", offer="chromium_stage")
        viewer = await self.enter("attendee")
        for command in ("start", "take_seat"):
            await self.host.socket.command(command)
        await self.host.socket.command("set_media", microphone=True, camera=True)
        self.camera, self.screening = Camera(light(self.host)), Screening(light(viewer))
        async with asyncio.timeout(10), self.filming():
            while not self.screening.times:  # noqa: ASYNC110 - what a client receives is announced to nobody
                await asyncio.sleep(0.05)

    @property
    def port(self) -> int:
        """The worker's UDP port."""
        return light(self.host).relay[1]

    @contextlib.asynccontextmanager
    async def watched(self) -> AsyncIterator[Toll]:
        """The toll of what happens meanwhile; complete when the context has ended."""
        toll, loop = Toll(), asyncio.get_running_loop()
        before, memory, lines = await self.server.metrics(), self._memory(), len(self.server.output)
        async with self.filming(), self._asking(toll.answers):
            await asyncio.sleep(_SETTLE)
            first, began = self.camera.frames + 1, loop.time()
            yield toll
            last = self.camera.frames
            toll.worst_gap = self.screening.worst_gap(began)
            await asyncio.sleep(_SETTLE)
        toll.frames, toll.whole = last - first + 1, self.screening.whole(first, last)
        after = await self.server.metrics()
        toll.counted = {name: value - before.get(name, 0.0) for name, value in after.items()}
        toll.grown, toll.lines = self._memory() - memory, len(self.server.output) - lines

    @contextlib.asynccontextmanager
    async def filming(self) -> AsyncIterator[None]:
        """The host's camera runs."""
        async with _meanwhile(self.camera.film()):
            yield

    async def dismiss(self) -> None:
        """Whoever came after the bystanders leaves."""
        while len(self.people) > BYSTANDERS:
            person = self.people.pop()
            await person.socket.command("leave")
            await person.close()

    async def close(self) -> None:
        for person in self.people:
            await person.close()

    def _memory(self) -> int:
        return int(psutil.Process(self.server.pid).memory_info().rss)

    @contextlib.asynccontextmanager
    async def _asking(self, answers: list[float]) -> AsyncIterator[None]:
        async def ask() -> None:
            loop = asyncio.get_running_loop()
            while True:
                began = loop.time()
                await self.host.socket.command("set_media", microphone=True)
                answers.append(loop.time() - began)
                await asyncio.sleep(_ASK_EVERY)

        async with _meanwhile(ask()):
            yield


def light(person: TownHallClient) -> LightClient:
    """Somebody's media."""
    assert isinstance(person.media, LightClient)
    return person.media


@contextlib.asynccontextmanager
async def _meanwhile(work: Any) -> AsyncIterator[None]:
    task = asyncio.ensure_future(work)
    try:
        yield
    finally:
        ended = task.done()
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        assert not ended, "it ended by itself"


@contextlib.asynccontextmanager
async def on_air(directory: Path) -> AsyncIterator[Scene]:
    """A server with one worker, and a town hall that is on air there."""
    async with running(directory, media={"workers": 1}) as (server, administrator):
        scene = Scene(server, administrator, await administrator.town_hall())
        try:
            await scene.begin()
            yield scene
        finally:
            await scene.close()
