"""The town halls that run in this process."""

import asyncio
import logging
import time
from collections.abc import Callable, Mapping
from typing import Any

from room_server.errors import RoomError
from room_server.ids import LinkId, TownHallId
from room_server.quality import Quality
from room_server.session.plane import MediaPlane
from room_server.signalling.hall import RunningHall
from room_server.signalling.notices import Restarting
from room_server.storage.store import Credentials, States, TownHallRecord, TownHalls

log = logging.getLogger(__name__)

# How long pages should wait for the server to be back; `make run` takes less.
_RESTART_SECONDS = 5
# A database that is away must not keep the process from stopping.
_WRITE_PATIENCE = 5.0


class Halls:
    """Town halls by id, loaded when first needed. Implements `api.ports.LiveTownHalls`."""

    def __init__(
        self,
        town_halls: TownHalls,
        states: States,
        credentials: Credentials,
        plane: MediaPlane,
        *,
        clock: Callable[[], float] = time.time,
        on_quality: Callable[[Quality], None] = lambda _quality: None,
    ) -> None:
        """`on_quality`: told what pages say of their last minute."""
        self.credentials = credentials
        self._town_halls = town_halls
        self._states = states
        self._plane = plane
        self._clock = clock
        self._on_quality = on_quality
        self._running: dict[TownHallId, RunningHall] = {}
        self._loading = asyncio.Lock()

    async def restore(self) -> None:
        """Start the town halls in which people took part when the process before ended; before anybody joins."""
        for id in await self._states.unfinished():
            record = await self._town_halls.town_hall(id)
            if record is None or record.phase == "closed":
                await self._states.drop_state(id)
                continue
            hall = self._running[id] = self._start(record, await self._states.state(id))
            log.info("town hall %s: %d people are expected back", id, hall.people)

    async def running(self, id: TownHallId) -> RunningHall:
        """The town hall, started in the phase it was left in. `RoomError`: town_hall_unknown."""
        async with self._loading:
            hall = self._running.get(id)
            if hall is None:
                hall = self._running[id] = await self._load(id)
            return hall

    async def open(self, id: TownHallId) -> None:
        """scheduled -> backstage. `RoomError`: town_hall_unknown, wrong_phase."""
        hall = await self.running(id)
        hall.open()
        await hall.written()

    async def close(self, id: TownHallId) -> None:
        """any -> closed. `RoomError`: town_hall_unknown."""
        hall = await self.running(id)
        hall.close()
        await hall.written()

    async def forget(self, id: TownHallId) -> None:
        """Deleted: everyone out, nothing kept."""
        async with self._loading:
            hall = self._running.pop(id, None)
        if hall:
            await hall.forget()

    async def revoke_link(self, id: TownHallId, link: LinkId) -> None:
        """Whoever came by this link is out at once."""
        async with self._loading:  # behind those who came before the link ended and wait for their town hall
            hall = self._running.get(id)
        if hall:
            hall.revoke_link(link)

    def page_closed(self, credential: str) -> None:
        """A page says goodbye as it is closed."""
        for hall in list(self._running.values()):
            hall.page_closed(credential)

    async def call_reports(self, id: TownHallId) -> list[dict[str, Any]]:
        """What became of everybody's connection; empty for one that does not run."""
        hall = self._running.get(id)
        return await hall.call_reports() if hall else []

    def people(self, id: TownHallId) -> int:
        """How many take part now; 0 for one that does not run."""
        hall = self._running.get(id)
        return hall.people if hall else 0

    @property
    def crowd(self) -> tuple[int, int]:
        """How many town halls run in this process, and how many people take part in them."""
        return len(self._running), sum(hall.people for hall in self._running.values())

    def let_go(self, hall: RunningHall) -> None:
        """Keep no town hall in memory that is over."""
        if hall.over:
            self._running = {id: other for id, other in self._running.items() if other is not hall}

    def tell_restart(self) -> None:
        """Tell everybody that the server stops and is expected back."""
        for hall in self._running.values():
            hall.tell_all(Restarting(seconds=_RESTART_SECONDS))

    async def stop(self) -> None:
        """Free all media, and write what can still be written. Phases stay as they are."""
        running, self._running = self._running, {}
        await asyncio.gather(*(hall.stop(_WRITE_PATIENCE) for hall in running.values()))

    async def _load(self, id: TownHallId) -> RunningHall:
        record = await self._town_halls.town_hall(id)
        if record is None:
            raise RoomError("town_hall_unknown", "This town hall does not exist any more.", status=404)
        return self._start(record, {})

    def _start(self, record: TownHallRecord, kept: Mapping[str, str]) -> RunningHall:
        return RunningHall(
            record,
            kept,
            town_halls=self._town_halls,
            states=self._states,
            credentials=self.credentials,
            plane=self._plane,
            clock=self._clock,
            on_over=self.let_go,
            on_quality=self._on_quality,
        )
