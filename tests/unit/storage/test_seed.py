"""The town hall given at start-up: made anew for new links, kept for known ones."""

import msgspec

from room_server.config import Settings
from room_server.ids import TownHallId
from room_server.seed import Seed, plant
from room_server.storage.database import Database
from room_server.storage.links import LinkStore
from room_server.storage.town_halls import TownHallStore


def seed(token: str) -> Seed:
    links = [{"token": token, "roles": ["host", "speaker"], "name": "Host"}]
    return msgspec.convert({"id": "demonstration", "title": "Try it", "links": links}, Seed)


async def test_planted_backstage_with_links_for_any_number_of_devices(database: Database) -> None:
    await plant(database, Settings(), seed("token-1"))
    links = LinkStore(database)
    for device in ("device-1", "device-2"):
        opening = await links.find("token-1", device)
        assert (opening.town_hall.phase, opening.town_hall.title) == ("backstage", "Try it")
        person, _ = await links.admit(opening.link, device, speaks=True)
        assert (person.roles, person.name) == ({"host", "speaker"}, "Host")


async def test_a_restarted_server_keeps_it_and_a_new_run_makes_it_anew(database: Database) -> None:
    halls, id = TownHallStore(database), TownHallId("demonstration")
    await plant(database, Settings(), seed("token-1"))
    await halls.set_phase(id, "live")
    await plant(database, Settings(), seed("token-1"))
    kept = await halls.town_hall(id)
    assert kept is not None
    assert kept.phase == "live"
    await plant(database, Settings(), seed("token-2"))
    anew = await halls.town_hall(id)
    assert anew is not None
    assert anew.phase == "backstage"
    assert len(await LinkStore(database).of(id)) == 1
