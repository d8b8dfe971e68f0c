"""Whether the process runs, whether it may take people, and its figures."""

import ipaddress
from collections.abc import Awaitable, Callable, Sequence

from aiohttp import web

from room_server.api.replies import reply
from room_server.errors import RoomError
from room_server.metrics import Metrics
from room_server.network import CLIENT, contains


class Health:
    """`ready` becomes true when everything has started, and false again when stopping begins."""

    def __init__(
        self, metrics: Metrics, metrics_networks: Sequence[str], database: Callable[[], Awaitable[bool]]
    ) -> None:
        self._metrics = metrics
        self._networks = [ipaddress.ip_network(text, strict=False) for text in metrics_networks]
        self._database = database
        self.ready = False

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/health", self._health),
            web.get("/ready", self._ready),
            web.get("/metrics", self._figures),
        ]

    async def _health(self, _request: web.Request) -> web.Response:
        return reply({"status": "ok"})

    async def _ready(self, _request: web.Request) -> web.Response:
        database = await self._database()
        ready = self.ready and database
        return reply({"ready": ready, "accepting": self.ready, "database": database}, 200 if ready else 503)

    async def _figures(self, request: web.Request) -> web.Response:
        client = request[CLIENT]
        # A proxy that nobody declared looks like this machine but speaks for the whole world.
        if not contains(self._networks, client.address) or (client.address.is_loopback and not client.local):
            raise RoomError(
                "forbidden", "Add your network to http.metrics_networks in config.yaml to read this.", status=403
            )
        return web.Response(
            body=self._metrics.render(), headers={"Content-Type": "text/plain; version=0.0.4; charset=utf-8"}
        )
