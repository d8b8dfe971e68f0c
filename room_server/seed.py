"""A town hall given from outside at start-up: what `make run` shows. `room-server` by itself never has one."""

import msgspec

from room_server.config import Settings
from room_server.errors import RoomError
from room_server.ids import TownHallId
from room_server.storage.database import Database
from room_server.storage.links import LinkStore
from room_server.storage.town_halls import TownHallStore
from room_server.townhall.roles import Role

VARIABLE = "ROOM_SERVER_SEED"
"""The environment variable that holds a `Seed` in JSON. It holds secrets, so it is no argument."""

# Any device id will do to ask whether a link exists.
_PROBE = "seed"


class SeedLink(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A link with a token of the caller's choice. It is not personal: any number of devices may open it."""

    token: str
    roles: list[Role]
    name: str = ""


class Seed(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A town hall that starts backstage."""

    id: str
    title: str
    links: list[SeedLink]


async def plant(database: Database, settings: Settings, seed: Seed) -> None:
    """Make the town hall anew, unless it is the one with these links: then a restarted server keeps it."""
    town_halls, links = TownHallStore(database), LinkStore(database)
    id = TownHallId(seed.id)
    if await _known(links, seed):
        return
    await town_halls.delete(id)
    defaults = settings.town_hall
    await town_halls.create(
        id=id,
        title=seed.title,
        language=defaults.language,
        seats=defaults.seats,
        capacity=defaults.capacity,
        video_codec=defaults.video_codec,
        phase="backstage",
    )
    for link in seed.links:
        await links.create(id, roles=frozenset(link.roles), name=link.name, personal=False, token=link.token)


async def _known(links: LinkStore, seed: Seed) -> bool:
    try:
        for link in seed.links:
            await links.find(link.token, _PROBE)
    except RoomError:
        return False
    return True
