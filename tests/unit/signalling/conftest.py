"""A real server on loopback, and real Socket.IO clients."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
import socketio
from aiohttp import web

from room_server.ids import TownHallId
from room_server.signalling.halls import Halls
from room_server.signalling.server import Signalling
from tests.unit.signalling.neighbours import MemoryStore, RecordingPlane

NAMESPACE = "/townhall"
PATIENCE = 10.0


class Page:
    """A page's connection: asks, and keeps what it is told."""

    def __init__(self, url: str) -> None:
        self._url = url
        self.client = socketio.AsyncClient(reconnection=False)
        self.batches: list[dict[str, Any]] = []
        self.closed = asyncio.Event()
        self._news = asyncio.Condition()
        self.client.on("event", self._on_event, namespace=NAMESPACE)
        self.client.on("disconnect", self._on_disconnect, namespace=NAMESPACE)

    async def connect(self, transport: str = "websocket") -> "Page":
        """Open the socket."""
        await self.client.connect(self._url, namespaces=[NAMESPACE], transports=[transport])
        return self

    async def ask(self, payload: object, event: str = "command") -> dict[str, Any]:
        """Send a request; its acknowledgement."""
        answer: dict[str, Any] = await self.client.call(event, payload, namespace=NAMESPACE, timeout=PATIENCE)
        return answer

    async def join(self, credential: str, name: str = "Ann", **more: object) -> dict[str, Any]:
        """Connect and join."""
        if not self.client.connected:
            await self.connect()
        return await self.ask({"type": "join", "credential": credential, "name": name, **more})

    async def do(self, type_: str, **more: object) -> dict[str, Any]:
        """A command that has to succeed."""
        answer = await self.ask({"type": type_, **more})
        assert "error" not in answer, answer
        return answer

    @property
    def events(self) -> list[dict[str, Any]]:
        """All events so far, oldest first."""
        return [event for batch in self.batches for event in batch["events"]]

    def types(self) -> list[str]:
        """Their types."""
        return [event["type"] for event in self.events]

    async def told(self, type_: str, **fields: object) -> dict[str, Any]:
        """Wait for an event with these fields."""

        def matching() -> list[dict[str, Any]]:
            wanted = {"type": type_, **fields}
            return [event for event in self.events if wanted.items() <= event.items()]

        async with asyncio.timeout(PATIENCE), self._news:
            await self._news.wait_for(lambda: bool(matching()))
        return matching()[-1]

    async def close(self) -> None:
        """Close the socket as a page does that is closed."""
        await self.client.disconnect()

    async def cut(self) -> None:
        """Lose the connection without a word."""
        await self.client.eio.ws.close()

    async def _on_event(self, batch: dict[str, Any]) -> None:
        async with self._news:
            self.batches.append(batch)
            self._news.notify_all()

    async def _on_disconnect(self, _reason: str) -> None:
        self.closed.set()


class ShiftedClock:
    """Time as it passes, and what tests add to it."""

    def __init__(self) -> None:
        self.shift = 0.0

    def __call__(self) -> float:
        return time.time() + self.shift


class House:
    """The server with its neighbours, restartable."""

    def __init__(self) -> None:
        self.store = MemoryStore()
        self.clock = ShiftedClock()
        self.pages: list[Page] = []

    async def start(self) -> None:
        """A new process."""
        self.plane = RecordingPlane()
        self.halls = Halls(self.store, self.store, self.store, self.plane, clock=self.clock)
        await self.halls.restore()
        self.signalling = Signalling(self.halls)
        app = web.Application()
        self.signalling.attach(app)
        self._runner = web.AppRunner(app)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.url = f"http://127.0.0.1:{site._server.sockets[0].getsockname()[1]}"

    async def stop(self) -> None:
        """SIGTERM."""
        await self.signalling.stop()
        await self._runner.cleanup()

    def wait(self, seconds: float, id: str = "t") -> None:
        """Time passes, and the timer of the town hall goes off."""
        self.clock.shift += seconds
        self.halls._running[TownHallId(id)]._tick()

    def page(self) -> Page:
        """A page that is not connected yet."""
        self.pages.append(Page(self.url))
        return self.pages[-1]

    async def enter(self, id: str, *roles: str, town_hall: str = "t", **more: Any) -> Page:
        """Somebody new, in the town hall."""
        page = self.page()
        answer = await page.join(self.store.admit(id, *roles, town_hall=town_hall), id.title(), **more)
        assert "error" not in answer, answer
        page.entry = answer
        return page


@pytest.fixture
async def house() -> AsyncIterator[House]:
    """A started server with one town hall, backstage."""
    house = House()
    house.store.schedule()
    await house.start()
    yield house
    for page in house.pages:
        await page.close()
    await house.stop()


async def until(condition: Callable[[], bool], wait: Callable[[], Awaitable[None]] | None = None) -> None:
    """Wait for something that tells nobody."""
    async with asyncio.timeout(PATIENCE):
        while not condition():
            await (wait() if wait else asyncio.sleep(0.005))
