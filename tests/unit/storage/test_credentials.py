"""Rotation: a lost answer locks nobody out, a used credential retires those before it."""

import pytest

from room_server.errors import RoomError
from room_server.storage.credentials import CREDENTIAL_LIFETIME, CredentialStore
from room_server.storage.database import Database
from room_server.storage.links import Link, LinkStore
from room_server.storage.store import Person
from room_server.storage.town_halls import TownHallStore
from tests.support.clock import Clock

ATTENDEE = frozenset({"attendee"})


@pytest.fixture
def store(database: Database, clock: Clock) -> CredentialStore:
    return CredentialStore(database, clock)


@pytest.fixture
async def link(database: Database, clock: Clock) -> Link:
    hall = await TownHallStore(database, clock).create(title="Budget", language="en", seats=8, capacity=10)
    made, _ = await LinkStore(database, clock).create(hall.id, roles=ATTENDEE, personal=False)
    return made


@pytest.fixture
async def admitted(database: Database, clock: Clock, link: Link) -> tuple[Person, str]:
    return await LinkStore(database, clock).admit(link, "device-1", speaks=False)


async def refused(store: CredentialStore, credential: str) -> str:
    with pytest.raises(RoomError) as caught:
        await store.redeem(credential)
    return caught.value.code


async def test_each_use_gives_the_next(store: CredentialStore, admitted: tuple[Person, str]) -> None:
    person, credential = admitted
    seen = {credential}
    for _ in range(5):
        again, credential = await store.redeem(credential)
        assert again == person
        seen.add(credential)
    assert len(seen) == 6


async def test_the_old_one_works_until_the_next_is_used(store: CredentialStore, admitted: tuple[Person, str]) -> None:
    _, first = admitted
    _, second = await store.redeem(first)
    _, third = await store.redeem(first)
    assert second != third
    await store.redeem(third)
    assert await refused(store, first) == "credential_invalid"


async def test_many_lost_answers_keep_few_credentials(store: CredentialStore, admitted: tuple[Person, str]) -> None:
    _, first = admitted
    _, earliest = await store.redeem(first)
    for _ in range(4):
        store_clock(store).now += 1
        _, latest = await store.redeem(first)
    assert await refused(store, earliest) == "credential_invalid"
    await store.redeem(latest)


async def test_the_same_device_again_is_the_same_person(
    store: CredentialStore, admitted: tuple[Person, str], link: Link, database: Database, clock: Clock
) -> None:
    person, old = admitted
    again, new = await LinkStore(database, clock).admit(link, "device-1", speaks=True)
    assert again.participant == person.participant
    assert again.speaks
    assert not person.speaks
    assert (await store.redeem(new))[0].speaks
    assert await refused(store, old) == "credential_invalid"


async def test_rename_outlives_the_connection(store: CredentialStore, admitted: tuple[Person, str]) -> None:
    person, credential = admitted
    await store.rename({person.participant: "Rudo"})
    assert (await store.redeem(credential))[0].name == "Rudo"


async def test_removal_ends_credential_and_link_on_that_device(
    store: CredentialStore, admitted: tuple[Person, str], link: Link, database: Database, clock: Clock
) -> None:
    person, credential = admitted
    links = LinkStore(database, clock)
    token = await links.rotate(link.town_hall, link.id)
    await store.revoke(person.participant)
    assert await refused(store, credential) == "removed"
    with pytest.raises(RoomError, match="removed"):
        await links.find(token, "device-1")
    await links.find(token, "device-2")


async def test_a_credential_ends_when_long_unused(
    store: CredentialStore, admitted: tuple[Person, str], clock: Clock
) -> None:
    _, credential = admitted
    clock.now += CREDENTIAL_LIFETIME
    assert await refused(store, credential) == "credential_invalid"


async def test_garbage(store: CredentialStore) -> None:
    for credential in ("", "x", "\x00", "é" * 100_000):
        assert await refused(store, credential) == "credential_invalid"


def store_clock(store: CredentialStore) -> Clock:
    clock = store._clock
    assert isinstance(clock, Clock)
    return clock
