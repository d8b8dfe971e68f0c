"""Names on record: a crowd's together, a change of name at once, none lost to a database that is away."""

import asyncio
from collections.abc import Mapping

import pytest

from room_server.ids import ParticipantId
from room_server.signalling import names as module
from room_server.signalling import records
from room_server.signalling.names import Names
from room_server.signalling.records import Records

ANN, BOB, CAT = map(ParticipantId, ("ann", "bob", "cat"))


class Store:
    """Keeps names, and what each write held; away for so many writes."""

    def __init__(self, *, away: int = 0) -> None:
        self.away = away
        self.writes: list[dict[ParticipantId, str]] = []
        self.written = asyncio.Event()
        self.names: Names
        self.records = Records(lambda: None)

    async def rename(self, names: Mapping[ParticipantId, str]) -> None:
        if self.away:
            self.away -= 1
            # What changes meanwhile is newer than what is being written.
            self.names.add(BOB, "Robert")
            raise ConnectionError("away")
        self.writes.append(dict(names))
        self.written.set()


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(records, "_BACK_OFF", (0.001,))


def made(store: Store) -> Names:
    store.names = Names(store, store.records)
    return store.names


async def test_a_crowds_names_are_one_write(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_CROWD_DELAY", 0.02)
    store = Store()
    names = made(store)
    for id in (ANN, BOB, CAT):
        names.add(id, id.title(), soon=False)
    assert not names.settled
    assert store.records.settled
    await asyncio.wait_for(store.written.wait(), 5)
    assert store.writes == [{ANN: "Ann", BOB: "Bob", CAT: "Cat"}]
    assert names.settled


async def test_a_change_of_name_is_written_at_once_with_all_that_waits() -> None:
    store = Store()
    names = made(store)
    names.add(ANN, "Ann", soon=False)
    names.add(BOB, "Bob")
    await store.records.settle(5)
    assert store.writes == [{ANN: "Ann", BOB: "Bob"}]
    names.flush()
    assert store.records.settled


async def test_what_could_not_be_written_is_tried_again_under_the_newest_name() -> None:
    store = Store(away=2)
    names = made(store)
    names.add(ANN, "Ann", soon=False)
    names.add(BOB, "Bob")
    await store.records.settle(5)
    assert store.writes == [{ANN: "Ann", BOB: "Robert"}]
    assert names.settled


async def test_nothing_is_written_for_a_town_hall_that_is_deleted() -> None:
    store = Store()
    names = made(store)
    names.add(ANN, "Ann", soon=False)
    names.drop()
    assert names.settled
    names.flush()
    await store.records.close(5)
    assert store.writes == []
