"""Opening, migrating, and what SQLite is told to do."""

import asyncio
import sqlite3
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import create_async_engine

from room_server.storage.database import Database, migrate
from room_server.storage.tables import metadata, sessions, town_halls


async def test_migrations_lead_from_empty_to_exactly_the_tables_of_the_code(database: Database) -> None:
    def differences(connection: sa.Connection) -> list[object]:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        return list(compare_metadata(context, metadata))

    async with database.read() as connection:
        assert await connection.run_sync(differences) == []


async def test_a_town_hall_from_before_codecs_keeps_vp8(tmp_path: Path) -> None:
    url = f"sqlite+aiosqlite:///{tmp_path / 'a.sqlite3'}"
    engine = create_async_engine(url)
    async with engine.begin() as connection:
        await connection.run_sync(lambda plain: migrate(plain, "0002"))
        columns = ", ".join(hall("a"))
        await connection.execute(
            sa.text(f"INSERT INTO town_halls ({columns}) VALUES (:{columns.replace(', ', ', :')})"), hall("a")
        )
    await engine.dispose()
    database = await Database.open(url)
    async with database.read() as connection:
        assert (await connection.execute(sa.select(town_halls.c.video_codec))).scalars().all() == ["vp8"]
    await database.close()


async def test_opening_again_keeps_what_is_there(tmp_path: Path) -> None:
    url = f"sqlite+aiosqlite:///{tmp_path / 'a.sqlite3'}"
    first = await Database.open(url)
    async with first.write() as connection:
        await connection.execute(sa.insert(town_halls).values(**hall("a")))
    await first.close()
    second = await Database.open(url)
    async with second.read() as connection:
        assert (await connection.execute(sa.select(town_halls.c.id))).scalars().all() == ["a"]
    await second.close()


async def test_sqlite_pragmas(database: Database) -> None:
    async with database.read() as connection:
        found = {
            name: (await connection.exec_driver_sql(f"PRAGMA {name}")).scalar_one()
            for name in ("journal_mode", "foreign_keys", "busy_timeout")
        }
    assert found == {"journal_mode": "wal", "foreign_keys": 1, "busy_timeout": 5000}


async def test_foreign_keys_are_enforced(database: Database) -> None:
    with pytest.raises(IntegrityError):
        async with database.write() as connection:
            await connection.execute(sa.insert(sessions).values(token_hash="x", account="nobody", expires_at=1.0))


async def test_a_failed_transaction_leaves_nothing(database: Database) -> None:
    async def fail() -> None:
        async with database.write() as connection:
            await connection.execute(sa.insert(town_halls).values(**hall("a")))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail()
    async with database.read() as connection:
        assert (await connection.execute(sa.select(town_halls.c.id))).all() == []


async def test_fifty_writers_at_once_all_succeed(database: Database) -> None:
    async def one(number: int) -> None:
        async with database.write() as connection:
            await connection.execute(sa.insert(town_halls).values(**hall(str(number))))

    await asyncio.gather(*(one(number) for number in range(50)))
    async with database.read() as connection:
        assert (await connection.execute(sa.select(sa.func.count()).select_from(town_halls))).scalar_one() == 50


async def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.sqlite3").write_bytes(b"not a database at all " * 100)
    with pytest.raises(sqlite3.DatabaseError, match="not a database"):
        await Database.open(f"sqlite+aiosqlite:///{tmp_path / 'a.sqlite3'}")
    with pytest.raises(sqlite3.OperationalError, match="unable to open"):
        await Database.open(f"sqlite+aiosqlite:///{tmp_path}")


async def test_answers(database: Database, tmp_path: Path) -> None:
    assert await database.answers()
    broken = Database(sa.ext.asyncio.create_async_engine(f"sqlite+aiosqlite:///{tmp_path}/none/none.sqlite3"))
    assert not await broken.answers()
    await broken.close()


async def test_the_file_is_readable_by_any_sqlite(database: Database, tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "var" / "test.sqlite3") as plain:
        assert plain.execute("SELECT version_num FROM alembic_version").fetchall() == [("0003",)]
    plain.close()


def hall(id: str) -> dict[str, object]:
    return {
        "id": id,
        "title": id,
        "phase": "scheduled",
        "language": "en",
        "seats": 8,
        "capacity": 10,
        "created_at": 1.0,
    }
