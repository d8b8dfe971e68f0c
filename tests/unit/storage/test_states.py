"""What is kept of running town halls: by key, replaced whole, gone with its town hall."""

import pytest
from sqlalchemy.exc import IntegrityError

from room_server.ids import TownHallId
from room_server.storage.database import Database
from room_server.storage.states import StateStore
from room_server.storage.town_halls import TownHallStore


async def schedule(database: Database, id: str = "a") -> TownHallId:
    made = await TownHallStore(database).create(title="Budget", language="en", seats=8, capacity=9, id=TownHallId(id))
    return made.id


async def test_values_are_replaced_kept_and_forgotten(database: Database) -> None:
    store, hall = StateStore(database), await schedule(database)
    other = await schedule(database, "b")
    await store.keep(hall, {"stage": "{}", "p:ann": "{1}", "p:bob": "{2}"})
    await store.keep(other, {"stage": "{3}"})
    await store.keep(hall, {"stage": "{4}", "p:ann": None, "p:cat": None})
    assert await store.state(hall) == {"stage": "{4}", "p:bob": "{2}"}
    assert sorted(await store.unfinished()) == [hall, other]
    await store.drop_state(hall)
    assert await store.state(hall) == {}
    assert await store.unfinished() == [other]
    assert await store.state(other) == {"stage": "{3}"}


async def test_all_of_a_write_or_nothing(database: Database) -> None:
    store = StateStore(database)
    with pytest.raises(IntegrityError):
        await store.keep(TownHallId("nowhere"), {"stage": "{}"})
    assert await store.unfinished() == []


async def test_a_deleted_town_hall_keeps_nothing(database: Database) -> None:
    store, hall = StateStore(database), await schedule(database)
    await store.keep(hall, {"stage": "{}"})
    await TownHallStore(database).delete(hall)
    assert await store.unfinished() == []
