"""Town halls as records."""

from room_server.ids import TownHallId
from room_server.storage.database import Database
from room_server.storage.town_halls import TownHallStore
from tests.support.clock import Clock


async def test_made_found_listed_changed_deleted(database: Database, clock: Clock) -> None:
    store = TownHallStore(database, clock)
    first = await store.create(
        title="Budget", language="sn", seats=4, capacity=10, starts_at=clock.now + 3600, video_codec="av1"
    )
    clock.now += 1
    second = await store.create(title="Health", language="en", seats=8, capacity=20)
    assert await store.town_hall(first.id) == first
    assert list(await store.town_halls()) == [second, first]
    await store.set_phase(first.id, "live")
    changed = await store.town_hall(first.id)
    assert changed is not None
    assert (changed.phase, changed.video_codec, second.video_codec) == ("live", "av1", "vp8")
    assert await store.delete(first.id)
    assert await store.town_hall(first.id) is None
    assert await store.town_hall(TownHallId("none")) is None
