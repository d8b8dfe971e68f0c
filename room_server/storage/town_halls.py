"""Town halls as they outlive the process."""

import time
from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import delete, insert, select, update

from room_server.ids import TownHallId, new_id
from room_server.storage.database import Database
from room_server.storage.store import TownHallRecord
from room_server.storage.tables import town_halls


class TownHallStore:
    """Implements `store.TownHalls`, and what administration needs besides."""

    def __init__(self, database: Database, clock: Callable[[], float] = time.time) -> None:
        self._database = database
        self._clock = clock

    async def town_hall(self, id: TownHallId) -> TownHallRecord | None:
        async with self._database.read() as connection:
            row = (await connection.execute(select(town_halls).where(town_halls.c.id == id))).one_or_none()
        return None if row is None else record(row)

    async def town_halls(self) -> Sequence[TownHallRecord]:
        """All of them, the newest first."""
        async with self._database.read() as connection:
            rows = (await connection.execute(select(town_halls).order_by(town_halls.c.created_at.desc()))).all()
        return [record(row) for row in rows]

    async def set_phase(self, id: TownHallId, phase: str) -> None:
        async with self._database.write() as connection:
            await connection.execute(update(town_halls).where(town_halls.c.id == id).values(phase=phase))

    async def create(
        self,
        *,
        title: str,
        language: str,
        seats: int,
        capacity: int,
        starts_at: float | None = None,
        video_codec: str = "vp8",
        phase: str = "scheduled",
        id: TownHallId | None = None,
    ) -> TownHallRecord:
        made = TownHallRecord(
            id=id or TownHallId(new_id()),
            title=title,
            phase=phase,
            language=language,
            seats=seats,
            capacity=capacity,
            starts_at=starts_at,
            created_at=self._clock(),
            video_codec=video_codec,
        )
        values = {name: getattr(made, name) for name in made.__struct_fields__}
        async with self._database.write() as connection:
            await connection.execute(insert(town_halls).values(values))
        return made

    async def delete(self, id: TownHallId) -> bool:
        """With its links, participants and credentials. False if there was none."""
        async with self._database.write() as connection:
            return bool((await connection.execute(delete(town_halls).where(town_halls.c.id == id))).rowcount)


def record(row: Any) -> TownHallRecord:
    """The value of a row that holds all columns of `town_halls`, whatever else it holds."""
    return TownHallRecord(
        id=TownHallId(row.id),
        title=row.title,
        phase=row.phase,
        language=row.language,
        seats=row.seats,
        capacity=row.capacity,
        starts_at=row.starts_at,
        created_at=row.created_at,
        video_codec=row.video_codec,
    )
