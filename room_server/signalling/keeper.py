"""Keeps a running town hall for the next process: what has changed, together, no more often than that needs."""

import asyncio
from collections.abc import Callable, Iterable

from room_server.ids import TownHallId
from room_server.signalling.records import Records
from room_server.storage.store import States
from room_server.townhall.event import Recorded
from room_server.townhall.kept import STAGE, touched
from room_server.townhall.townhall import TownHall

# Who comes and goes in the audience may wait for the rest of the crowd; who sits on stage is written at once.
_CROWD_DELAY = 1.0


class Keeper:
    """Whatever changes while a write waits or runs goes into the one that follows. Bound to the running loop."""

    def __init__(
        self, town_hall: TownHall, id: TownHallId, *, states: States, records: Records, clock: Callable[[], float]
    ) -> None:
        self._town_hall = town_hall
        self._id = id
        self._states = states
        self._records = records
        self._clock = clock
        self._changed: set[str] = set()
        self._queued = False
        self._timer: asyncio.TimerHandle | None = None

    @property
    def settled(self) -> bool:
        """Whether nothing waits for its turn to be queued."""
        return not self._changed or self._queued

    def follow(self, events: Iterable[Recorded]) -> None:
        """These have happened."""
        keys = touched(events)
        if not keys:
            return
        self._changed |= keys
        if STAGE in keys or not self._town_hall.people():
            self.flush()
        elif self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(_CROWD_DELAY, self.flush)

    def flush(self) -> None:
        """Queue what has changed."""
        if self._timer:
            self._timer.cancel()
            self._timer = None
        if self._changed and not self._queued:
            self._queued = True
            self._records.add("state", self._write)

    def drop(self) -> None:
        """Keep nothing more: the town hall itself is being deleted."""
        if self._timer:
            self._timer.cancel()
            self._timer = None
        self._changed.clear()

    async def _write(self) -> None:
        keys, self._changed, self._queued = self._changed, set(), False
        try:
            if keys:
                await self._states.keep(self._id, self._town_hall.keep(keys, self._clock()))
        except BaseException:
            self._changed |= keys
            raise
