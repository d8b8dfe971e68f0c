"""What most tests of the pages begin with."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Browser

from tests.support.browser import chromium
from tests.support.server import Administrator, Server, running


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    """Chromium with fake devices."""
    async with chromium() as browser:
        yield browser


@pytest.fixture
async def hall(tmp_path: Path) -> AsyncIterator[tuple[Server, Administrator, str]]:
    """A server with an administrator, and the id of a town hall that is backstage."""
    async with running(tmp_path) as (server, admin):
        yield server, admin, await admin.town_hall()


@pytest.fixture
async def admin(tmp_path: Path) -> AsyncIterator[Administrator]:
    """The administrator of a server."""
    async with running(tmp_path) as (_, administrator):
        yield administrator
