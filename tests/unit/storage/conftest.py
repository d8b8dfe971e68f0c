"""A real database in a file, and a clock that tests own."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from room_server.storage.database import Database
from tests.support.clock import Clock


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    opened = await Database.open(f"sqlite+aiosqlite:///{tmp_path / 'var' / 'test.sqlite3'}")
    yield opened
    await opened.close()
