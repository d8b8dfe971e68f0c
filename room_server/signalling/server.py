"""The Socket.IO server on an aiohttp application."""

import asyncio
import logging
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

import aiohttp.web

from room_server.network import Proxies
from room_server.signalling.halls import Halls
from room_server.signalling.townhall import TownHallNamespace
from room_server.signalling.wire import make_server

log = logging.getLogger(__name__)

# Long enough for one message to leave over a slow mobile line, short enough for a service manager's stop.
_GOODBYE_PATIENCE = 1.0


class Signalling:
    """All of signalling: attach it to the application, `stop` it before the application is cleaned up.

    Clients behind `proxies` are told apart by what these forward. `origins` are those of pages served from elsewhere;
    a page from the host that it connects to is always welcome.
    """

    def __init__(self, halls: Halls, *, proxies: Proxies | None = None, origins: Sequence[str] = ()) -> None:
        self._halls = halls
        self._proxies = proxies or Proxies(())
        self._origins = frozenset(origins)
        self._server = make_server(self._allow_origin)
        self._namespace = TownHallNamespace(self._server, halls, self._network_of)

    def attach(self, app: aiohttp.web.Application) -> None:
        """Serve Socket.IO under /socket.io/ of this application."""
        self._server.attach(app)

    @property
    def refused(self) -> Mapping[str, int]:
        """What was refused so far, by error code; `too_large` and `too_much` are sockets that were closed for it."""
        oversized: Counter[str] = self._server.eio.oversized
        return self._namespace.refused + oversized

    async def stop(self) -> None:
        """Let nobody in, tell everybody that the server restarts, end all media, close all sockets."""
        self._namespace.stop_accepting()
        self._halls.tell_restart()
        lines = self._namespace.lines()
        await asyncio.gather(*(line.shut(_GOODBYE_PATIENCE) for line in lines))
        await self._halls.stop()
        await self._server.shutdown()
        log.info("signalling stopped, %d pages were told", len(lines))

    def _network_of(self, request: aiohttp.web.Request) -> str:
        client = self._proxies.client(
            request.remote or "",
            secure=request.secure,
            forwarded_for=request.headers.get("X-Forwarded-For"),
            forwarded_proto=request.headers.get("X-Forwarded-Proto"),
        )
        return client.network

    def _allow_origin(self, origin: str, environ: dict[str, Any]) -> bool:
        return origin in self._origins or _host_of(origin) == environ.get("HTTP_HOST")


def _host_of(origin: str) -> str:
    try:
        return urlsplit(origin).netloc
    except ValueError:
        return ""
