"""Personal credentials: random, rotating at every use, each bound to one participant."""

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import Row, bindparam, delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from room_server.errors import RoomError
from room_server.ids import LinkId, ParticipantId, TownHallId, new_secret
from room_server.storage.batch import Batch
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
        self._redemptions = Batch(self._redeem_all)

    async def redeem(self, credential: str) -> tuple[Person, str]:
        return await self._redemptions.ask(credential)

    async def _redeem_all(self, presented: Sequence[str]) -> Sequence[tuple[Person, str] | Exception]:
        """One transaction and four statements, however many come at once."""
        now = self._clock()
        hashes = [secret_hash(credential) for credential in presented]
        async with self._database.write() as connection:
            rows = {row.hash: row for row in await connection.execute(_PRESENTED, {"hashes": hashes})}
            outcomes = [_checked(rows.get(hash), now) for hash in hashes]
            accepted = [row for row in outcomes if not isinstance(row, Exception)]
            if accepted:
                successors = await _rotate(connection, accepted, now)
        fresh = iter(successors if accepted else ())
        return [row if isinstance(row, Exception) else (_person(row), next(fresh)) for row in outcomes]

    async def rename(self, names: Mapping[ParticipantId, str]) -> None:
        async with self._database.write() as connection:
            await connection.execute(_RENAME, [{"who": who, "called": name} for who, name in names.items()])

    async def revoke(self, participant: ParticipantId) -> None:
        """`redeem` says removed, and so does their link on the same device."""
        async with self._database.write() as connection:
            await connection.execute(update(participants).where(participants.c.id == participant).values(removed=True))


async def issue(
    connection: AsyncConnection, participant: ParticipantId, generation: int, *, speaks: bool, now: float
) -> str:
    """A fresh credential beside those the participant has; using it retires those of smaller generations."""
    credential = new_secret()
    await connection.execute(insert(credentials), [_values(credential, participant, generation, speaks, now)])
    return credential


_sibling = credentials.alias()
# What `redeem` must know of the presented credentials; "successors" are those given out for each and not yet used.
_PRESENTED = (
    select(
        credentials.c.hash,
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
            _sibling.c.participant == credentials.c.participant,
            _sibling.c.generation == credentials.c.generation + 1,
        )
        .scalar_subquery()
        .label("successors"),
    )
    .join(participants, participants.c.id == credentials.c.participant)
    .join(links, links.c.id == participants.c.link)
    .where(credentials.c.hash.in_(bindparam("hashes", expanding=True)))
)
_RENAME = update(participants).where(participants.c.id == bindparam("who")).values(name=bindparam("called"))
_RETIRE = delete(credentials).where(
    credentials.c.participant == bindparam("who"), credentials.c.generation < bindparam("than")
)


def _checked(row: Row[*tuple[Any, ...]] | None, now: float) -> Row[*tuple[Any, ...]] | RoomError:
    if row is None or row.revoked_at is not None or row.created_at + CREDENTIAL_LIFETIME <= now:
        return RoomError(
            "credential_invalid", "You are not recognised any more. Open your link again to come back.", status=403
        )
    if row.removed:
        return RoomError(
            "removed", "You were removed from this town hall. Only its host can let you in again.", status=403
        )
    return row


async def _rotate(connection: AsyncConnection, rows: Sequence[Row[*tuple[Any, ...]]], now: float) -> list[str]:
    """Retire what these have outlived, and give each a successor; the successors in the rows' order."""
    for row in rows:
        if row.successors >= _SIBLINGS:
            await _drop_oldest(connection, row.participant, row.generation + 1)
    await connection.execute(_RETIRE, [{"who": row.participant, "than": row.generation} for row in rows])
    successors = [new_secret() for _ in rows]
    await connection.execute(
        insert(credentials),
        [
            _values(successor, row.participant, row.generation + 1, row.speaks, now)
            for row, successor in zip(rows, successors, strict=True)
        ],
    )
    return successors


def _values(credential: str, participant: str, generation: int, speaks: bool, now: float) -> dict[str, object]:
    return {
        "hash": secret_hash(credential),
        "participant": participant,
        "generation": generation,
        "speaks": speaks,
        "created_at": now,
    }


def _person(row: Row[*tuple[Any, ...]]) -> Person:
    return Person(
        participant=ParticipantId(row.participant),
        town_hall=TownHallId(row.town_hall),
        link=LinkId(row.link),
        roles=frozenset(row.roles.split()),
        name=row.name,
        speaks=row.speaks,
    )


async def _drop_oldest(connection: AsyncConnection, participant: str, generation: int) -> None:
    """Make room for one more credential of this generation."""
    newest_first = (
        select(credentials.c.hash)
        .where(credentials.c.participant == participant, credentials.c.generation == generation)
        .order_by(credentials.c.created_at.desc())
    )
    surplus = (await connection.execute(newest_first)).scalars().all()[_SIBLINGS - 1 :]
    await connection.execute(delete(credentials).where(credentials.c.hash.in_(surplus)))
