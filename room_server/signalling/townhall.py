"""The /townhall namespace: sockets come and go, requests become commands, refusals become acknowledgements."""

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any

import aiohttp.web
import msgspec
import socketio

from room_server.errors import RoomError
from room_server.quality import Quality
from room_server.signalling.connection import Connection
from room_server.signalling.doorstep import Doorstep
from room_server.signalling.halls import Halls
from room_server.signalling.limits import ENTRY_COST, PATIENCE
from room_server.signalling.requests import (
    Join,
    Restart,
    Resume,
    read_command,
    read_media,
)
from room_server.signalling.wire import NAMESPACE, UNKNOWN, Line, on_sockets
from room_server.townhall.commands import Close, LeaveStage, Mute, Remove, RemoveFromStage, Rename, Start

log = logging.getLogger(__name__)

# What these change must outlive the process before it is acknowledged: nobody is on air again by a restart.
_RECORDED = (Start, Close, Remove, Rename, Mute, RemoveFromStage, LeaveStage)

_Ack = dict[str, Any]


class TownHallNamespace:
    """All sockets of the namespace."""

    def __init__(
        self, server: socketio.AsyncServer, halls: Halls, network_of: Callable[[aiohttp.web.Request], str]
    ) -> None:
        self._server = server
        self._halls = halls
        self._network_of = network_of
        self._doorstep = Doorstep()
        self._connections: dict[str, Connection] = {}
        """By the id of their engine.io socket, in the namespace or not yet."""
        self._stopping = False
        self.refused = Counter[str]()
        """Requests that got an error, by its code."""
        on_sockets(server, self._opened, self._closed)
        # Exactly these: the library would call whatever handler a client names.
        for handler in (self.connect, self.disconnect, self.command, self.media):
            server.on(handler.__name__, handler, namespace=NAMESPACE)
        server.on(UNKNOWN, self.unknown, namespace=NAMESPACE)

    def stop_accepting(self) -> None:
        """No new sockets, no new joins."""
        self._stopping = True

    def lines(self) -> list[Line]:
        """All open sockets."""
        return [connection.line for connection in self._connections.values()]

    async def connect(self, _sid: str, _environ: dict[str, Any], _auth: object = None) -> bool:
        """A page comes to the namespace."""
        return not self._stopping

    async def disconnect(self, sid: str, _reason: str = "") -> None:
        """A page leaves the namespace, or its socket is gone."""
        # The library calls this again without the reason on any TypeError within, and hides it: hence one line.
        self._gone(sid)

    async def command(self, sid: str, *payload: object) -> _Ack:
        """`join`, `resume`, or a command of the domain."""
        return await self._answer(sid, payload, self._command)

    async def media(self, sid: str, *payload: object) -> _Ack:
        """`restart`, `view` or `quality`."""
        return await self._answer(sid, payload, self._media)

    async def unknown(self, sid: str) -> _Ack:
        """Anything else that a client may send."""
        return await self._answer(sid, (), self._refuse)

    async def _answer(
        self, sid: str, payload: tuple[object, ...], handle: Callable[[Connection, object], Awaitable[_Ack]]
    ) -> _Ack:
        connection = self._connection(sid)
        if connection is None:
            return RoomError("not_joined", "Connect again.").as_ack()
        try:
            self._take(connection)
            return await handle(connection, payload[0] if len(payload) == 1 else None)
        except RoomError as refusal:
            self.refused[refusal.code] += 1
            return refusal.as_ack()
        except Exception:
            log.exception("a request failed")
            return {"error": "internal", "message": "Something went wrong on the server; try again."}

    async def _command(self, connection: Connection, payload: object) -> _Ack:
        request = read_command(payload)
        if isinstance(request, Join | Resume):
            return await self._enter(connection, request)
        hall, participant = connection.hall, connection.participant
        if hall is None or participant is None:
            raise RoomError("not_joined", "Join the town hall first.", status=403)
        applied = hall.apply(request, participant)
        revision = hall.revision
        if isinstance(request, _RECORDED):
            await hall.written()
        return {"revision": revision, **applied.result}

    async def _media(self, connection: Connection, payload: object) -> _Ack:
        request = read_media(payload)
        if connection.hall is None or connection.participant is None:
            raise RoomError("not_joined", "Join the town hall first.", status=403)
        if isinstance(request, Quality):
            connection.hall.quality(connection.participant, request)
            return {}
        session = connection.hall.session(connection.participant)
        if isinstance(request, Restart):
            return {"answer": session.restart(request.offer)}
        return {"slots": msgspec.to_builtins(session.view(request.slots))}

    async def _refuse(self, _connection: Connection, _payload: object) -> _Ack:
        raise RoomError("malformed", "Send command or media, each with one object.")

    async def _enter(self, connection: Connection, request: Join | Resume) -> _Ack:
        if self._stopping:
            raise RoomError("restarting", "The server is restarting; come back in a few seconds.", status=503)
        self._take(connection, ENTRY_COST)
        if connection.entering:
            raise RoomError("too_many", "Wait for the answer to the join before.", status=429)
        connection.entering = asyncio.current_task()
        try:
            person, credential = await self._halls.credentials.redeem(request.credential)
            if connection.participant not in (None, person.participant):
                raise RoomError("malformed", "This socket belongs to somebody already; open another.")
            hall = await self._halls.running(person.town_hall)
            try:
                entry = await hall.enter(connection, person, credential, request)
            finally:
                self._halls.let_go(hall)
        finally:
            connection.entering = None
        answer: _Ack = msgspec.to_builtins(entry)
        return answer

    def _take(self, connection: Connection, cost: float = 1.0) -> None:
        if connection.bucket.take(time.monotonic(), cost):
            return
        if connection.bucket.refused > PATIENCE:
            connection.line.drop()
        raise RoomError("too_many", "Too many requests; slow down.", status=429)

    def _connection(self, sid: str) -> Connection | None:
        return self._connections.get(self._server.manager.eio_sid_from_sid(sid, NAMESPACE))

    def _opened(self, engine_sid: str, request: aiohttp.web.Request) -> bool:
        network = self._network_of(request)
        if not self._doorstep.has_room(network):
            return False
        line = Line(self._server, engine_sid)
        self._connections[engine_sid] = Connection(line, network, self._doorstep, time.monotonic())
        return True

    def _gone(self, sid: str) -> None:
        if connection := self._connection(sid):
            connection.lose()
            connection.line.unlock()

    def _closed(self, engine_sid: str) -> None:
        if connection := self._connections.pop(engine_sid, None):
            connection.close()
