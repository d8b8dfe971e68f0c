"""Links: who may open them, on which device, until when."""

import asyncio
from pathlib import Path

import pytest

from room_server.errors import RoomError
from room_server.ids import LinkId, TownHallId
from room_server.storage.credentials import CredentialStore
from room_server.storage.database import Database
from room_server.storage.links import Link, LinkStore
from room_server.storage.town_halls import TownHallStore
from tests.support.clock import Clock

STAFF = frozenset({"host", "moderator", "speaker"})
ATTENDEE = frozenset({"attendee"})


@pytest.fixture
def links(database: Database, clock: Clock) -> LinkStore:
    return LinkStore(database, clock)


@pytest.fixture
async def hall(database: Database, clock: Clock) -> TownHallId:
    made = await TownHallStore(database, clock).create(title="Budget", language="en", seats=8, capacity=10)
    return made.id


async def refused(links: LinkStore, token: str, device: str = "device-1") -> str:
    with pytest.raises(RoomError) as caught:
        await links.find(token, device)
    return caught.value.code


async def test_an_attendee_link_lets_every_device_in_as_a_person_of_its_own(links: LinkStore, hall: TownHallId) -> None:
    link, token = await links.create(hall, roles=ATTENDEE, personal=False)
    people = set()
    for device in ("device-1", "device-2", "device-1"):
        opening = await links.find(token, device)
        assert opening.town_hall.title == "Budget"
        assert opening.known is (device == "device-1" and len(people) == 2)
        person, _ = await links.admit(opening.link, device, speaks=True)
        assert person.roles == ATTENDEE
        people.add(person.participant)
    assert len(people) == 2
    assert (await links.of(hall))[0] == link


async def test_a_personal_link_belongs_to_the_first_device(links: LinkStore, hall: TownHallId) -> None:
    link, token = await links.create(hall, roles=STAFF, name="Tariro", personal=True)
    person, _ = await links.admit(link, "device-1", speaks=True)
    assert person.name == "Tariro"
    assert await refused(links, token, "device-2") == "link_other_device"
    assert (await links.find(token, "device-1")).link.bound


async def test_of_two_devices_at_once_one_gets_the_personal_link(links: LinkStore, hall: TownHallId) -> None:
    link, _ = await links.create(hall, roles=STAFF, personal=True)
    results = await asyncio.gather(
        *(links.admit(link, f"device-{number}", speaks=True) for number in range(5)), return_exceptions=True
    )
    assert [type(result) for result in results].count(tuple) == 1
    assert {result.code for result in results if isinstance(result, RoomError)} == {"link_other_device"}


async def test_a_released_link_is_free_for_another_device(
    links: LinkStore, hall: TownHallId, database: Database
) -> None:
    link, token = await links.create(hall, roles=STAFF, personal=True)
    _, credential = await links.admit(link, "device-1", speaks=True)
    await links.release(hall, link.id)
    await links.admit((await links.find(token, "device-2")).link, "device-2", speaks=True)
    assert await refused(links, token, "device-1") == "link_other_device"
    with pytest.raises(RoomError, match="credential_invalid"):
        await CredentialStore(database).redeem(credential)


async def test_revoking_ends_link_and_credentials(
    links: LinkStore, hall: TownHallId, database: Database, clock: Clock
) -> None:
    link, token = await links.create(hall, roles=ATTENDEE, personal=False)
    _, credential = await links.admit(link, "device-1", speaks=True)
    await links.revoke(hall, link.id)
    assert await refused(links, token) == "link_revoked"
    with pytest.raises(RoomError, match="credential_invalid"):
        await CredentialStore(database, clock).redeem(credential)


async def test_rotating_changes_the_token_and_keeps_who_is_in(
    links: LinkStore, hall: TownHallId, database: Database, clock: Clock
) -> None:
    link, old = await links.create(hall, roles=ATTENDEE, personal=False)
    person, credential = await links.admit(link, "device-1", speaks=True)
    new = await links.rotate(hall, link.id)
    assert await refused(links, old) == "link_unknown"
    assert (await links.find(new, "device-1")).known
    assert (await CredentialStore(database, clock).redeem(credential))[0] == person


async def test_a_link_expires(links: LinkStore, hall: TownHallId, clock: Clock) -> None:
    _, token = await links.create(hall, roles=ATTENDEE, personal=False, expires_at=clock.now + 60)
    await links.find(token, "device-1")
    clock.now += 60
    assert await refused(links, token) == "link_expired"


async def test_unknown_links_and_halls(links: LinkStore, hall: TownHallId, database: Database) -> None:
    link, token = await links.create(hall, roles=ATTENDEE, personal=False)
    assert await refused(links, token + "x") == "link_unknown"
    for wrong_hall, wrong_link in ((hall, LinkId("none")), (TownHallId("none"), link.id)):
        for change in (links.revoke, links.rotate, links.release):
            with pytest.raises(RoomError, match="link_unknown"):
                await change(wrong_hall, wrong_link)
    assert await TownHallStore(database).delete(hall)
    assert not await TownHallStore(database).delete(hall)
    assert await refused(links, token) == "link_unknown"


async def test_tokens_are_not_in_the_database(
    links: LinkStore, hall: TownHallId, database: Database, tmp_path: Path
) -> None:
    link, token = await links.create(hall, roles=ATTENDEE, personal=False)
    _, credential = await links.admit(link, "device-secret", speaks=True)
    await database.close()
    everything = b"".join(path.read_bytes() for path in (tmp_path / "var").iterdir())
    assert link.id.encode() in everything
    for secret in (token, credential, "device-secret"):
        assert secret.encode() not in everything


def test_a_link_value_holds_no_token() -> None:
    assert not {"token", "token_hash", "device_hash"} & set(Link.__struct_fields__)


async def test_what_happens_between_finding_and_admitting_counts(
    links: LinkStore, hall: TownHallId, database: Database, clock: Clock
) -> None:
    link, token = await links.create(hall, roles=ATTENDEE, personal=False)
    opening = await links.find(token, "device-1")
    await links.revoke(hall, link.id)
    _, credential = await links.admit(opening.link, "device-1", speaks=True)
    with pytest.raises(RoomError, match="credential_invalid"):
        await CredentialStore(database, clock).redeem(credential)
    await TownHallStore(database).delete(hall)
    with pytest.raises(RoomError, match="town_hall_unknown"):
        await links.admit(opening.link, "device-2", speaks=True)
