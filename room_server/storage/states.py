"""What happens in running town halls, kept for the next process."""

from collections.abc import Mapping, Sequence

from sqlalchemy import bindparam, delete, insert, select

from room_server.ids import TownHallId
from room_server.storage.database import Database
from room_server.storage.tables import running_states

_DROP_KEY = delete(running_states).where(
    running_states.c.town_hall == bindparam("hall"), running_states.c.key == bindparam("which")
)


class StateStore:
    """Implements `store.States`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def unfinished(self) -> Sequence[TownHallId]:
        async with self._database.read() as connection:
            found = await connection.execute(select(running_states.c.town_hall).distinct())
            return [TownHallId(id) for id in found.scalars()]

    async def state(self, id: TownHallId) -> Mapping[str, str]:
        wanted = select(running_states.c.key, running_states.c.value).where(running_states.c.town_hall == id)
        async with self._database.read() as connection:
            return {row.key: row.value for row in await connection.execute(wanted)}

    async def keep(self, id: TownHallId, values: Mapping[str, str | None]) -> None:
        rows = [{"town_hall": id, "key": key, "value": value} for key, value in values.items() if value is not None]
        async with self._database.write() as connection:
            await connection.execute(_DROP_KEY, [{"hall": id, "which": key} for key in values])
            if rows:
                await connection.execute(insert(running_states), rows)

    async def drop_state(self, id: TownHallId) -> None:
        async with self._database.write() as connection:
            await connection.execute(delete(running_states).where(running_states.c.town_hall == id))
