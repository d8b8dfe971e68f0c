"""The Socket.IO server on an aiohttp application."""

import asyncio
import ipaddress
import logging
from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import urlsplit

import aiohttp.web

from room_server.signalling.halls import Halls
from room_server.signalling.townhall import TownHallNamespace
from room_server.signalling.wire import make_server

log = logging.getLogger(__name__)

# Long enough for one message to leave over a slow mobile line, short enough for a service manager's stop.
_GOODBYE_PATIENCE = 1.0


def network_of(request: aiohttp.web.Request) -> str:
    """The client's address prefix that shares one turn at the gate: an IPv4 address, or an IPv6 /64."""
    try:
        address = ipaddress.ip_address((request.remote or "").partition("%")[0])
    except ValueError:
        return "unknown"
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is None:
            return str(ipaddress.ip_network((address, 64), strict=False))
        address = address.ipv4_mapped
    return str(address)


class Signalling:
    """All of signalling: attach it to the application, `stop` it before the application is cleaned up.

    `network_of` tells a client's network where a proxy stands in between. `origins` are those of pages served from
    elsewhere; a page from the host that it connects to is always welcome.
    """

    def __init__(
        self,
        halls: Halls,
        *,
        network_of: Callable[[aiohttp.web.Request], str] = network_of,
        origins: Sequence[str] = (),
    ) -> None:
        self._halls = halls
        self._origins = frozenset(origins)
        self._server = make_server(self._allow_origin)
        self._namespace = TownHallNamespace(self._server, halls, network_of)

    def attach(self, app: aiohttp.web.Application) -> None:
        """Serve Socket.IO under /socket.io/ of this application."""
        self._server.attach(app)

    async def stop(self) -> None:
        """Let nobody in, tell everybody that the server restarts, end all media, close all sockets."""
        self._namespace.stop_accepting()
        self._halls.tell_restart()
        lines = self._namespace.lines()
        await asyncio.gather(*(line.shut(_GOODBYE_PATIENCE) for line in lines))
        await self._halls.stop()
        await self._server.shutdown()
        log.info("signalling stopped, %d pages were told", len(lines))

    def _allow_origin(self, origin: str, environ: dict[str, Any]) -> bool:
        return origin in self._origins or urlsplit(origin).netloc == environ.get("HTTP_HOST")
