"""A town hall's media on the real relay over loopback, without signalling around it."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from room_server._relay import Relay
from room_server.session import MediaSession, RelayPlane
from tests.support.media_client import MediaClient

HALL = "hall"


class Listener:
    """Keeps what a session tells, and lets a test wait for it."""

    def __init__(self) -> None:
        self.told: list[object] = []
        self._news = asyncio.Event()

    def media_state(self, connected: bool) -> None:
        self._hear(connected)

    def media_gone(self, reason: str) -> None:
        self._hear(reason)

    async def heard(self, what: object, *, timeout: float = 10) -> None:
        async with asyncio.timeout(timeout):
            while what not in self.told:
                self._news.clear()
                await self._news.wait()

    def _hear(self, what: object) -> None:
        self.told.append(what)
        self._news.set()


class Stage:
    """One hall with three seats, on two workers."""

    def __init__(self) -> None:
        self.relay = Relay(bind=["127.0.0.1"], port=0, workers=2)
        self.plane = RelayPlane(self.relay, announce=["127.0.0.1"])
        self.speakers: list[int] = []

    async def join(
        self, client: MediaClient, *, staff: bool = False, listener: Listener | None = None, **more: Any
    ) -> MediaSession:
        """Join with an aiortc client, and wait until it is connected."""
        offer, publish = await client.offer()
        session = await self.plane.join(
            HALL, offer=offer, publish=publish, staff=staff, network="n", listener=listener or Listener(), **more
        )
        await client.accept(session.answer)
        return session

    def seat(self, seat: int, session: MediaSession, *, audio: bool = True, video: bool = True) -> None:
        """Put somebody on a seat and open its gates."""
        self.plane.seat_assign(HALL, seat, session, audio="microphone", video="camera")
        self.plane.seat_gate(HALL, seat, audio=audio, video=video)

    def counted(self, seat: int, name: str) -> int:
        """One of a seat's packet counters."""
        return self.plane.seat_counters(HALL).get(seat, {}).get(name, 0)

    async def until_counted(self, seat: int, name: str, more: int, *, timeout: float = 10) -> None:
        """Until a seat's counter has grown by `more`; the relay announces no counts, so it is asked."""
        goal = self.counted(seat, name) + more
        await eventually(lambda: self.counted(seat, name) >= goal, timeout=timeout)


async def eventually(condition: Callable[[], bool], *, timeout: float = 10) -> None:
    """For what nobody announces, such as a counter."""
    async with asyncio.timeout(timeout):
        while not condition():  # noqa: ASYNC110 - nobody announces it
            await asyncio.sleep(0.02)


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    made = Stage()
    await made.plane.start()
    made.plane.hall_open(HALL, seats=3, on_speaker=made.speakers.append)
    yield made
    await made.plane.close()
    made.relay.close()
