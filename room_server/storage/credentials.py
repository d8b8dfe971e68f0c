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
        sibling = credentials.alias()
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
                links.c.revoked_at,
                select(func.count())
                .where(
                    sibling.c.participant == credentials.c.participant,
                    sibling.c.generation == credentials.c.generation + 1,
                )
                .scalar_subquery()
                .label("successors"),
            )
            .join(participants, participants.c.id == credentials.c.participant)
            .join(links, links.c.id == participants.c.link)
            .where(credentials.c.hash == secret_hash(credential))
        )
        async with self._database.write() as connection:
            row = (await connection.execute(query)).one_or_none()
            if row is None or row.revoked_at is not None or row.created_at + CREDENTIAL_LIFETIME <= now:
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
            if row.successors >= _SIBLINGS:
                await _drop_oldest(connection, participant, row.generation + 1)
            await connection.execute(
                delete(credentials).where(
                    credentials.c.participant == participant, credentials.c.generation < row.generation
                )
            )
            successor = await issue(connection, participant, row.generation + 1, speaks=row.speaks, now=now)
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


async def issue(
    connection: AsyncConnection, participant: ParticipantId, generation: int, *, speaks: bool, now: float
) -> str:
    """A fresh credential beside those the participant has; using it retires those of smaller generations."""
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


async def _drop_oldest(connection: AsyncConnection, participant: ParticipantId, generation: int) -> None:
    """Make room for one more credential of this generation."""
    newest_first = (
        select(credentials.c.hash)
        .where(credentials.c.participant == participant, credentials.c.generation == generation)
        .order_by(credentials.c.created_at.desc())
    )
    surplus = (await connection.execute(newest_first)).scalars().all()[_SIBLINGS - 1 :]
    await connection.execute(delete(credentials).where(credentials.c.hash.in_(surplus)))
