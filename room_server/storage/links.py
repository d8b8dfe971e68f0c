"""Links into a town hall, and their exchange for a personal credential."""

import time
from collections.abc import Callable, Sequence
from typing import Any

import msgspec
from sqlalchemy import and_, delete, func, insert, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from room_server.errors import RoomError
from room_server.ids import LinkId, ParticipantId, TownHallId, new_id, new_secret
from room_server.storage.credentials import issue
from room_server.storage.database import Database, secret_hash
from room_server.storage.store import Person, TownHallRecord
from room_server.storage.tables import credentials, links, participants, town_halls

# Before the names of a town hall's columns where a row holds a link's as well.
_HALL = "hall_"


class Link(msgspec.Struct, frozen=True):
    """A link without its token. `personal`: works on the first device that opens it; `bound`: one has opened it."""

    id: LinkId
    town_hall: TownHallId
    roles: frozenset[str]
    name: str
    personal: bool
    bound: bool
    created_at: float
    expires_at: float | None
    revoked_at: float | None


class Opening(msgspec.Struct, frozen=True):
    """A link as one device finds it: valid, and this device may use it. `known`: it has been here before."""

    link: Link
    town_hall: TownHallRecord
    known: bool


class LinkStore:
    """All links of all town halls."""

    def __init__(self, database: Database, clock: Callable[[], float] = time.time) -> None:
        self._database = database
        self._clock = clock

    async def create(
        self,
        town_hall: TownHallId,
        *,
        roles: frozenset[str],
        name: str = "",
        personal: bool,
        expires_at: float | None = None,
        token: str | None = None,
    ) -> tuple[Link, str]:
        """The link and its token, which is not kept."""
        token = token or new_secret()
        made = Link(
            id=LinkId(new_id()),
            town_hall=town_hall,
            roles=roles,
            name=name,
            personal=personal,
            bound=False,
            created_at=self._clock(),
            expires_at=expires_at,
            revoked_at=None,
        )
        values = {
            "id": made.id,
            "town_hall": town_hall,
            "token_hash": secret_hash(token),
            "roles": " ".join(sorted(roles)),
            "name": name,
            "personal": personal,
            "created_at": made.created_at,
            "expires_at": expires_at,
        }
        async with self._database.write() as connection:
            await connection.execute(insert(links).values(values))
        return made, token

    async def of(self, town_hall: TownHallId) -> Sequence[Link]:
        """A town hall's links, the oldest first."""
        query = select(links).where(links.c.town_hall == town_hall).order_by(links.c.created_at, links.c.id)
        async with self._database.read() as connection:
            return [_link(row) for row in (await connection.execute(query)).all()]

    async def revoke(self, town_hall: TownHallId, id: LinkId) -> None:
        """The link and all credentials that came of it work no longer. `RoomError`: link_unknown."""
        async with self._database.write() as connection:
            await _change(connection, town_hall, id, revoked_at=self._clock())
            await _drop_credentials(connection, id)

    async def rotate(self, town_hall: TownHallId, id: LinkId) -> str:
        """A new token in place of the old one; who is in stays in, a binding is undone. `RoomError`: link_unknown."""
        token = new_secret()
        async with self._database.write() as connection:
            await _change(connection, town_hall, id, token_hash=secret_hash(token), device_hash=None)
        return token

    async def release(self, town_hall: TownHallId, id: LinkId) -> None:
        """The next device that opens a personal link gets it; the old one's credentials end.

        `RoomError`: link_unknown.
        """
        async with self._database.write() as connection:
            await _change(connection, town_hall, id, device_hash=None)
            await _drop_credentials(connection, id)

    async def find(self, token: str, device: str) -> Opening:
        """`RoomError`: link_unknown, link_revoked, link_expired, link_other_device, removed."""
        device_hash = secret_hash(device)
        query = (
            select(links, participants.c.removed, *(column.label(_HALL + column.name) for column in town_halls.c))
            .join(town_halls, town_halls.c.id == links.c.town_hall)
            .outerjoin(participants, and_(participants.c.link == links.c.id, participants.c.device_hash == device_hash))
            .where(links.c.token_hash == secret_hash(token))
        )
        async with self._database.read() as connection:
            row = (await connection.execute(query)).one_or_none()
        if row is None:
            raise RoomError(
                "link_unknown",
                "This link is not valid. Check that you copied all of it, or ask for a new one.",
                status=404,
            )
        link = self._usable(row, device_hash)
        fields = {name: getattr(row, _HALL + name) for name in TownHallRecord.__struct_fields__}
        return Opening(link=link, town_hall=TownHallRecord(**fields), known=row.removed is not None)

    async def admit(self, link: Link, device: str, *, speaks: bool) -> tuple[Person, str]:
        """Bind the device, find or make its participant, issue a credential.

        `RoomError`: link_other_device, town_hall_unknown.
        """
        device_hash = secret_hash(device)
        try:
            async with self._database.write() as connection:
                await _bind(connection, link, device_hash)
                participant, name, generation = await self._participant(connection, link, device_hash)
                credential = await issue(connection, participant, generation, speaks=speaks, now=self._clock())
        except IntegrityError:
            # Deleted since `find`: the link that the participant would refer to is gone.
            raise RoomError("town_hall_unknown", "This town hall does not exist any more.", status=404) from None
        person = Person(
            participant=participant,
            town_hall=link.town_hall,
            link=link.id,
            roles=link.roles,
            name=name,
            speaks=speaks,
        )
        return person, credential

    def _usable(self, row: Any, device_hash: str) -> Link:
        if row.revoked_at is not None:
            raise RoomError("link_revoked", "This link has been withdrawn. Ask the host for a new one.", status=410)
        if row.expires_at is not None and row.expires_at <= self._clock():
            raise RoomError("link_expired", "This link has expired. Ask the host for a new one.", status=410)
        if row.removed:
            raise RoomError(
                "removed", "You were removed from this town hall. Only its host can let you in again.", status=403
            )
        if row.personal and row.device_hash not in (None, device_hash):
            raise _other_device()
        return _link(row)

    async def _participant(
        self, connection: AsyncConnection, link: Link, device_hash: str
    ) -> tuple[ParticipantId, str, int]:
        """Who this device is, with the generation of the next credential."""
        newest = select(func.max(credentials.c.generation)).where(credentials.c.participant == participants.c.id)
        query = select(participants.c.id, participants.c.name, newest.scalar_subquery().label("newest")).where(
            participants.c.link == link.id, participants.c.device_hash == device_hash
        )
        known = (await connection.execute(query)).one_or_none()
        if known is not None:
            return ParticipantId(known.id), known.name, 0 if known.newest is None else known.newest + 1
        id = ParticipantId(new_id())
        values = {
            "id": id,
            "link": link.id,
            "device_hash": device_hash,
            "name": link.name,
            "removed": False,
            "created_at": self._clock(),
        }
        await connection.execute(insert(participants).values(values))
        return id, link.name, 0


async def _bind(connection: AsyncConnection, link: Link, device_hash: str) -> None:
    if not link.personal:
        return
    free = or_(links.c.device_hash.is_(None), links.c.device_hash == device_hash)
    bound = await connection.execute(update(links).where(links.c.id == link.id, free).values(device_hash=device_hash))
    if not bound.rowcount:
        raise _other_device()


async def _change(connection: AsyncConnection, town_hall: TownHallId, id: LinkId, **values: object) -> None:
    changed = await connection.execute(
        update(links).where(links.c.id == id, links.c.town_hall == town_hall).values(**values)
    )
    if not changed.rowcount:
        raise RoomError("link_unknown", "This town hall has no such link.", status=404)


async def _drop_credentials(connection: AsyncConnection, link: LinkId) -> None:
    of_link = select(participants.c.id).where(participants.c.link == link)
    await connection.execute(delete(credentials).where(credentials.c.participant.in_(of_link)))


def _other_device() -> RoomError:
    return RoomError(
        "link_other_device",
        "This personal link is already in use on another device. Use that device, or ask the host to release the link.",
        status=409,
    )


def _link(row: Any) -> Link:
    return Link(
        id=LinkId(row.id),
        town_hall=TownHallId(row.town_hall),
        roles=frozenset(row.roles.split()),
        name=row.name,
        personal=row.personal,
        bound=row.device_hash is not None,
        created_at=row.created_at,
        expires_at=row.expires_at,
        revoked_at=row.revoked_at,
    )
