"""Signalling and the real relay over HTTP on loopback, on a storage in memory: a server without accounts or pages.

Tokens say who comes: `name.role.role` is admitted under that name with those roles, the same person every time.
"""

from typing import Any

from aiohttp import web

from room_server._relay import Relay
from room_server.ids import ParticipantId
from room_server.session import RelayPlane
from room_server.signalling.halls import Halls
from room_server.signalling.server import Signalling
from tests.unit.signalling.neighbours import MemoryStore

TOWN_HALL = "t"


class ServedTownHall:
    """Use as `async with`; one town hall, backstage."""

    def __init__(self, *, seats: int = 3, capacity: int = 1000, workers: int = 2) -> None:
        self.store = MemoryStore()
        self.store.schedule(TOWN_HALL, seats=seats, capacity=capacity)
        self.relay = Relay(bind=["127.0.0.1"], port=0, workers=workers)
        self.plane = RelayPlane(self.relay, announce=["127.0.0.1"])
        self.halls = Halls(self.store, self.store, self.store, self.plane)
        self.signalling = Signalling(self.halls)
        self.url = ""

    async def __aenter__(self) -> "ServedTownHall":
        await self.plane.start()
        await self.serve()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.unserve()
        await self.plane.close()
        self.relay.close()

    async def serve(self, port: int = 0) -> None:
        """Listen."""
        app = web.Application()
        app.router.add_post("/api/exchange", self._exchange)
        self.signalling.attach(app)
        self._runner = web.AppRunner(app)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", port)
        await site.start()
        assert site._server is not None
        self.url = f"http://127.0.0.1:{site._server.sockets[0].getsockname()[1]}"

    async def unserve(self) -> None:
        """Stop, telling everybody."""
        await self.signalling.stop()
        await self._runner.cleanup()

    async def cut_all(self) -> None:
        """Close every socket without a word, as a broken network does in the end."""
        for line in self.signalling._namespace.lines():
            line.drop()

    async def _exchange(self, request: web.Request) -> web.Response:
        name, *roles = (await request.json())["token"].split(".")
        answer: dict[str, Any]
        if ParticipantId(name) in self.store.revoked:
            answer = {"error": "removed", "message": "You have been removed."}
        else:
            answer = {"credential": self.store.admit(name, *roles), "roles": roles, "name": "", "speaks": True}
        return web.json_response(answer)
