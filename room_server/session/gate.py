"""Who may join next: one per loop turn, at a bounded rate, fair between networks. People behind one NAT wait.

Coming in is some milliseconds of the one loop that everybody's commands go through.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from room_server.errors import RoomError

DEFAULT_RATE: Final = 150.0
"""Joins per second: with socket, snapshot and handshake one costs the loop some 3 ms; half of it stays for others."""
DEFAULT_CAPACITY: Final = 4096
"""Joins that wait: half a minute of them, which is as long as anybody will."""


class JoinGate:
    """A fair queue in front of the joins. Waits are cancelled like any other await."""

    def __init__(self, *, rate: float = DEFAULT_RATE, capacity: int = DEFAULT_CAPACITY) -> None:
        self._interval = 1 / rate
        self._rate = rate
        self._capacity = capacity
        self._waiting: dict[str, deque[asyncio.Future[None]]] = {}
        """Network -> its joins, oldest first; the first network is served next and then goes to the end."""
        self._count = 0
        self._due = 0.0
        self._timer: asyncio.TimerHandle | None = None

    @property
    def waiting(self) -> int:
        """How many joins are in the queue."""
        return self._count

    @asynccontextmanager
    async def turn(self, network: str) -> AsyncIterator[None]:
        """Wait for one's turn. `RoomError` too_many where the queue is full and this network has its share of it."""
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._enter(network, future)
        try:
            await future
        except asyncio.CancelledError:
            self._forget(network, future)
            raise
        yield

    def _enter(self, network: str, future: asyncio.Future[None]) -> None:
        if self._count >= self._capacity:
            self._make_room(network)
        self._waiting.setdefault(network, deque()).append(future)
        self._count += 1
        self._schedule()

    def _make_room(self, network: str) -> None:
        """Turn away the newest of the network with the longest queue: the newcomer itself, if that is its own."""
        longest = max(self._waiting, key=lambda name: len(self._waiting[name]))
        if len(self._waiting[longest]) <= len(self._waiting.get(network, ())) + 1:
            raise self._too_many()
        turned_away = self._waiting[longest][-1]
        self._forget(longest, turned_away)
        turned_away.set_exception(self._too_many())

    def _too_many(self) -> RoomError:
        seconds = max(1, round(self._capacity / self._rate))
        return RoomError("too_many", f"Very many people are joining just now: try again in {seconds} s.", status=429)

    def _forget(self, network: str, future: asyncio.Future[None]) -> None:
        queue = self._waiting.get(network)
        if queue is not None and future in queue:
            queue.remove(future)
            self._count -= 1
            if not queue:
                del self._waiting[network]

    def _schedule(self) -> None:
        """The loop gets a turn between any two joins, however late they are."""
        if self._timer is None and self._waiting:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(max(0.0, self._due - loop.time()), self._admit)

    def _admit(self) -> None:
        self._timer = None
        if not self._waiting:
            return
        network, queue = next(iter(self._waiting.items()))
        future = queue.popleft()
        self._count -= 1
        del self._waiting[network]
        if queue:
            self._waiting[network] = queue
        self._due = max(self._due + self._interval, asyncio.get_running_loop().time())
        if not future.done():
            future.set_result(None)
        self._schedule()
