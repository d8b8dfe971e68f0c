"""Personal credentials: random, rotating at every use, each bound to one participant."""

import time
from collections.abc import Callable

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from room_server.errors import RoomError
from room_server.ids import LinkId, ParticipantId, TownHallId, new_secret
from room_server.storage.database import Database, secret_hash
from room_server.storage.store import Person
from room_server.storage.tables import credentials, links, participants

# Someone who comes back to a weekly event keeps the seat by the same page; a forgotten phone does not for ever.
CREDENTIAL_LIFETIME = 30 * 24 * 3600.0

# Answers that may be lost in a row before the first of their credentials is forgotten: a page on a bad link retries.
_SIBLINGS = 4


class CredentialStore:
    """Implements `store.Credentials`."""

    def __init__(self, database: Database, clock: Callable[[], float] = time.time) -> None:
        self._database = database
        self._clock = clock

    async def redeem(self, credential: str) -> tuple[Person, str]:
        now = self._clock()
        query = (
            select(
                credentials.c.participant,
                credentials.c.generation,
                credentials.c.speaks,
                credentials.c.created_at,
                participants.c.name,
                participants.c.removed,
                links.c.id.label("link"),
                links.c.town_hall,
                links.c.roles,
            )
            .join(participants, participants.c.id == credentials.c.participant)
            .join(links, links.c.id == participants.c.link)
            .where(credentials.c.hash == secret_hash(credential))
        )
        async with self._database.write() as connection:
            row = (await connection.execute(query)).one_or_none()
            if row is None or row.created_at + CREDENTIAL_LIFETIME <= now:
                raise RoomError(
                    "credential_invalid",
                    "You are not recognised any more. Open your link again to come back.",
                    status=403,
                )
            if row.removed:
                raise RoomError(
                    "removed", "You were removed from this town hall. Only its host can let you in again.", status=403
                )
            participant = ParticipantId(row.participant)
            successor = await _rotate(connection, participant, row.generation, speaks=row.speaks, now=now)
        person = Person(
            participant=participant,
            town_hall=TownHallId(row.town_hall),
            link=LinkId(row.link),
            roles=frozenset(row.roles.split()),
            name=row.name,
            speaks=row.speaks,
        )
        return person, successor

    async def rename(self, participant: ParticipantId, name: str) -> None:
        async with self._database.write() as connection:
            await connection.execute(update(participants).where(participants.c.id == participant).values(name=name))

    async def revoke(self, participant: ParticipantId) -> None:
        """`redeem` says removed, and so does their link on the same device."""
        async with self._database.write() as connection:
            await connection.execute(update(participants).where(participants.c.id == participant).values(removed=True))


async def issue(connection: AsyncConnection, participant: ParticipantId, *, speaks: bool, now: float) -> str:
    """A fresh credential beside those the participant has; using it retires them."""
    newest = select(func.max(credentials.c.generation)).where(credentials.c.participant == participant)
    generation = (await connection.execute(newest)).scalar_one_or_none()
    return await _add(connection, participant, 0 if generation is None else generation + 1, speaks=speaks, now=now)


async def _rotate(
    connection: AsyncConnection, participant: ParticipantId, generation: int, *, speaks: bool, now: float
) -> str:
    """The successor of a credential that was just used. Its ancestors are retired, its older siblings bounded."""
    successor = await _add(connection, participant, generation + 1, speaks=speaks, now=now)
    mine = credentials.c.participant == participant
    await connection.execute(delete(credentials).where(mine, credentials.c.generation < generation))
    siblings = (
        select(credentials.c.hash)
        .where(mine, credentials.c.generation == generation + 1)
        .order_by(credentials.c.created_at.desc())
    )
    surplus = (await connection.execute(siblings)).scalars().all()[_SIBLINGS:]
    if surplus:
        await connection.execute(delete(credentials).where(credentials.c.hash.in_(surplus)))
    return successor


async def _add(
    connection: AsyncConnection, participant: ParticipantId, generation: int, *, speaks: bool, now: float
) -> str:
    credential = new_secret()
    values = {
        "hash": secret_hash(credential),
        "participant": participant,
        "generation": generation,
        "speaks": speaks,
        "created_at": now,
    }
    await connection.execute(insert(credentials).values(values))
    return credential
