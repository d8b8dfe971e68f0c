"""The database: opened, brought to the newest schema, read and written. SQLite by default, others by URL."""

import asyncio
import contextlib
import hashlib
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, event, text
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

MIGRATIONS = Path(__file__).parent / "migrations"

# Another process (a backup) may hold the file for a moment; longer than this is a fault to report.
_BUSY_TIMEOUT_MS = 5000


class Database:
    """One engine. Writers take turns, so that SQLite never answers "locked" and read-then-write is atomic."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._writing = asyncio.Lock()

    @classmethod
    async def open(cls, url: str) -> "Database":
        """Connect and migrate to the newest schema. Makes the directory of an SQLite file.

        Raises `OSError`, `sqlite3.Error`, or what the driver of another database raises.
        """
        parsed = make_url(url)
        sqlite = parsed.get_backend_name() == "sqlite"
        if sqlite and parsed.database and parsed.database != ":memory:":
            await asyncio.to_thread(_probe_sqlite, Path(parsed.database))
        engine = create_async_engine(parsed)
        if sqlite:
            _prepare_sqlite(engine)
        database = cls(engine)
        try:
            async with database.write() as connection:
                await connection.run_sync(migrate)
        except BaseException:
            await engine.dispose()
            raise
        return database

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        """A connection for reading; what is written on it is lost."""
        async with self._engine.connect() as connection:
            yield await connection.execution_options(reading=True)

    @asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncConnection]:
        """A transaction: committed at the end, rolled back by an exception."""
        async with self._writing, self._engine.begin() as connection:
            yield connection

    async def answers(self) -> bool:
        """Whether the database is reachable."""
        try:
            async with self.read() as connection:
                await connection.execute(text("SELECT 1"))
        except Exception:  # whatever a driver raises, the answer is no
            return False
        return True

    async def close(self) -> None:
        await self._engine.dispose()


def migrate(connection: Connection, revision: str = "head") -> None:
    """Bring the schema up to a revision, the newest, inside the connection's transaction."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    command.upgrade(config, revision)


def secret_hash(secret: str) -> str:
    """How a secret is stored. Plain SHA-256 does: secrets here are random, 192 bits, so nobody can try them all."""
    # A header may hold bytes that are no text, and come as lone surrogates.
    return hashlib.sha256(secret.encode(errors="surrogatepass")).hexdigest()


def _probe_sqlite(path: Path) -> None:
    """Open and lock the file once by the plain driver: the asynchronous one leaves a thread behind where that fails."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with contextlib.closing(sqlite3.connect(path, timeout=_BUSY_TIMEOUT_MS / 1000)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("PRAGMA schema_version")
        connection.rollback()


def _prepare_sqlite(engine: AsyncEngine) -> None:
    @event.listens_for(engine.sync_engine, "connect")
    def pragmas(connection: Any, _record: Any) -> None:
        # The driver would begin transactions by itself, and deferred; `begin` below does it instead.
        connection.isolation_level = None
        cursor = connection.cursor()
        cursor.execute("PRAGMA journal_mode=WAL")
        cursor.execute("PRAGMA synchronous=NORMAL")
        cursor.execute("PRAGMA foreign_keys=ON")
        cursor.execute(f"PRAGMA busy_timeout={_BUSY_TIMEOUT_MS}")
        cursor.close()

    @event.listens_for(engine.sync_engine, "begin")
    def begin(connection: Connection) -> None:
        # IMMEDIATE: a transaction that reads first and writes later cannot fail half-way for the lock.
        reading = connection.get_execution_options().get("reading")
        connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")
