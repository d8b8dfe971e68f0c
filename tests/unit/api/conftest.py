"""The real application on a real loopback server and a real database; other machines come through a trusted proxy."""

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientResponse
from aiohttp.test_utils import TestClient, TestServer
from argon2 import PasswordHasher

from room_server.api.passwords import Passwords
from room_server.api.server import Api
from room_server.config import Settings
from room_server.config_file import load
from room_server.errors import RoomError
from room_server.ids import LinkId, TownHallId
from room_server.metrics import Metrics
from room_server.storage.database import Database
from room_server.storage.town_halls import TownHallStore
from tests.support.clock import Clock

HTTPS_PORT = 8443
ELSEWHERE = {"X-Forwarded-For": "203.0.113.9", "X-Forwarded-Proto": "http"}
ELSEWHERE_HTTPS = {"X-Forwarded-For": "203.0.113.9", "X-Forwarded-Proto": "https"}


class RunningHalls:
    """Stands where signalling would: keeps phases in the real store and remembers what it was asked."""

    def __init__(self, store: TownHallStore) -> None:
        self._store = store
        self.present: dict[TownHallId, int] = {}
        self.asked: list[tuple[str, ...]] = []

    async def open(self, id: TownHallId) -> None:
        record = await self._store.town_hall(id)
        if record is None or record.phase != "scheduled":
            raise RoomError("wrong_phase", "It is open already.", status=409)
        await self._store.set_phase(id, "backstage")

    async def close(self, id: TownHallId) -> None:
        await self._store.set_phase(id, "closed")

    async def forget(self, id: TownHallId) -> None:
        self.asked.append(("forget", id))

    async def revoke_link(self, id: TownHallId, link: LinkId) -> None:
        self.asked.append(("revoke_link", id, link))

    def page_closed(self, credential: str) -> None:
        self.asked.append(("page_closed", credential))

    async def call_reports(self, id: TownHallId) -> list[dict[str, Any]]:
        return [{"participant": "ann", "of": id}]

    def people(self, id: TownHallId) -> int:
        return self.present.get(id, 0)


class House:
    """The application under test and what a test needs to talk to it."""

    def __init__(self, api: Api, client: TestClient[Any, Any], live: RunningHalls, database: Database) -> None:
        self.api = api
        self.client = client
        self.live = live
        self.database = database

    async def post(self, path: str, body: Any = None, **options: Any) -> tuple[int, Any]:
        return await self.ask("POST", path, json={} if body is None else body, **options)

    async def ask(self, method: str, path: str, **options: Any) -> tuple[int, Any]:
        response = await self.client.request(method, path, allow_redirects=False, **options)
        return response.status, await response.json()

    async def get(self, path: str, **options: Any) -> ClientResponse:
        response = await self.client.get(path, allow_redirects=False, **options)
        await response.read()
        return response


OpenHouse = Callable[..., Awaitable[House]]


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def open_house(tmp_path: Path, clock: Clock) -> AsyncIterator[OpenHouse]:
    """Opens the application with settings in YAML."""
    opened: list[House] = []

    async def start(yaml: str = "http: {trusted_proxies: [127.0.0.1]}") -> House:
        path = tmp_path / "config.yaml"
        path.write_text(yaml)
        settings: Settings = load(path, {})
        database = await Database.open(f"sqlite+aiosqlite:///{tmp_path / 'test.sqlite3'}")
        live = RunningHalls(TownHallStore(database, clock))
        # The weakest hash that argon2 knows: what is tested is where it is used.
        passwords = Passwords(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
        api = Api(settings, database, live, Metrics(), https_port=HTTPS_PORT, passwords=passwords, clock=clock)
        client = TestClient(TestServer(api.app))
        await client.start_server()
        opened.append(House(api, client, live, database))
        return opened[-1]

    yield start
    for house in opened:
        await house.client.close()
        await house.database.close()


@pytest.fixture
async def house(open_house: OpenHouse) -> House:
    return await open_house()


@pytest.fixture
async def administration(house: House, clock: Clock) -> House:
    """With a logged-in administrator."""
    from tests.unit.api.test_accounts import set_up

    assert (await set_up(house, clock))[0] == 200
    return house
