"""What this house knows of python-socketio and engine.io: their packets, their WebSockets, one line to one page.

They were written for friendly clients. Here a client's text decides neither which handler runs nor how much is kept
for it, and what it sends wrong leaves no trace in the log.
"""

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any

import aiohttp.web
import engineio
import engineio.async_drivers.aiohttp
import engineio.packet
import msgspec
import socketio
import socketio.packet

from room_server.signalling.limits import BYTES_BURST, BYTES_RATE, TokenBucket

NAMESPACE = "/townhall"
EVENTS = frozenset({"command", "media"})
# Reaches a handler that refuses; no client can name it.
UNKNOWN = "unknown"
# The largest offer is 512 kB; above it there must be room for a request that is answered "too long" instead of being
# cut off. Beyond this the WebSocket closes with 1009.
LARGEST_MESSAGE = 2 * 1024 * 1024
# With the two a silent page is given up after 10 s at most, and shown as reconnecting within 15 s.
PING_INTERVAL = 5
PING_TIMEOUT = 5
# Fifty batches a second at most (outbox): a page this far behind is served better by what it asks for on coming back.
_BACKLOG = 128

_DIGITS = tuple("0123456")

_quiet = logging.getLogger("room_server.signalling.engine")
_quiet.setLevel(logging.CRITICAL + 1)  # both libraries log payloads at info, and clients' mistakes as errors with trace


class TownHallPacket(socketio.packet.Packet):  # type: ignore[misc]  # the library has no types
    """A Socket.IO packet of ours: text only, of the two events that a client may send."""

    def decode(self, encoded_packet: str) -> int:
        """What is none of ours becomes the event `UNKNOWN`, so that its sender gets an answer.

        `ValueError`: binary packets (their attachments would be kept without a bound).
        """
        try:
            super().decode(encoded_packet)
        except (ValueError, RecursionError):
            if self.packet_type != socketio.packet.EVENT:
                raise
            self.data = None
        if self.packet_type in (socketio.packet.BINARY_EVENT, socketio.packet.BINARY_ACK):
            raise ValueError("binary packets are not part of the protocol")
        # A client that names its event "connect" or "disconnect" would reach the handlers of those.
        if self.packet_type == socketio.packet.EVENT and not _is_ours(self.data):
            self.data = [UNKNOWN]
        return 0


class GuardedWebSocket:
    """engine.io's view of an aiohttp WebSocket: no compression, well-formed text only, no send that waits for ever."""

    def __init__(self, handler: Callable[..., Awaitable[None]], server: Any) -> None:
        self._handler = handler
        self._limit = server.max_http_buffer_size
        self._transport: asyncio.Transport | None = None
        self.ended = asyncio.Event()
        """The connection is over."""
        # Compressing each small message again for each of a thousand pages costs more than it saves.
        self._socket = aiohttp.web.WebSocketResponse(max_msg_size=self._limit, compress=False)
        self.heard = time.monotonic()
        """When the page last sent something, on the monotonic clock."""
        self._bytes = TokenBucket(self.heard, rate=BYTES_RATE, burst=BYTES_BURST)
        self._oversized: Counter[str] = server.oversized

    async def __call__(self, environ: dict[str, Any]) -> aiohttp.web.WebSocketResponse:
        """Serve one connection to its end."""
        request = environ["aiohttp.request"]
        self._transport = request.transport
        self._handler.__self__.websocket = self  # type: ignore[attr-defined]  # how `Line` finds it
        await self._socket.prepare(request)
        try:
            await self._handler(self)
        finally:
            self.ended.set()
        return self._socket

    async def wait(self) -> str:
        """The next frame that engine.io can parse. `OSError`: closed, not of the protocol, or far too much."""
        message = await self._socket.receive()
        if message.type is not aiohttp.WSMsgType.TEXT or not _is_frame(message.data):
            if getattr(message.data, "code", 0) == aiohttp.WSCloseCode.MESSAGE_TOO_BIG:
                self._oversized["too_large"] += 1
            raise OSError("closed or not of the protocol")
        self.heard = time.monotonic()
        # Requests are counted once they are read, but reading is what a flood of large ones costs.
        if not self._bytes.take(self.heard, len(message.data)):
            self._oversized["too_much"] += 1
            raise OSError("too much")
        return str(message.data)

    async def send(self, message: str | bytes) -> None:
        """`OSError` or `TimeoutError`: the page takes nothing any more, and the connection is cut."""
        assert isinstance(message, str)
        try:
            async with asyncio.timeout(PING_INTERVAL + PING_TIMEOUT):
                await self._socket.send_str(message)
        except TimeoutError:
            self.abort()
            raise

    async def close(self) -> None:
        """Say goodbye: the page sees a lost connection and comes back."""
        await self._socket.close(code=aiohttp.WSCloseCode.GOING_AWAY)

    def abort(self) -> None:
        """Cut the connection without a word."""
        if self._transport is not None:
            self._transport.abort()


class _Engine(engineio.AsyncServer):  # type: ignore[misc]  # the library has no types
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.oversized = Counter[str]()
        """Sockets closed for the size of what they sent."""

    async def disconnect(self, sid: str) -> None:
        """End a polling page that sent what is not of the protocol, without waiting until it has heard so."""
        if socket := self.sockets.pop(sid, None):
            await socket.close(wait=False, reason=self.reason.SERVER_DISCONNECT)


class _Server(socketio.AsyncServer):  # type: ignore[misc]  # the library has no types
    def _engineio_server_class(self) -> type[_Engine]:
        return _Engine


class Line:
    """One page's connection, as the rest of signalling sees it. Not one of its methods waits but `shut`."""

    def __init__(self, server: socketio.AsyncServer, engine_sid: str) -> None:
        self._server = server
        self._engine_sid = engine_sid
        self._tasks: set[asyncio.Task[None]] = set()

    def send(self, packet: engineio.packet.Packet) -> bool:
        """Queue a packet of `encode`. False: the page is gone, or so far behind that it has been cut off."""
        socket = self._server.eio.sockets.get(self._engine_sid)
        if socket is None or socket.closed:
            return False
        if socket.queue.qsize() >= _BACKLOG:
            self.drop()
            return False
        socket.queue.put_nowait(packet)
        return True

    def silent_for(self) -> float:
        """Seconds since the page last sent something; 0 where that is not known."""
        socket = self._server.eio.sockets.get(self._engine_sid)
        websocket = getattr(socket, "websocket", None)
        return time.monotonic() - websocket.heard if websocket else 0.0

    def leave(self) -> None:
        """End it for good: after what is queued, the page is told not to come back by itself."""
        if sid := self._server.manager.sid_from_eio_sid(self._engine_sid, NAMESPACE):
            self._spawn(self._server.disconnect(sid, namespace=NAMESPACE))

    def drop(self) -> None:
        """Cut it off at once: the page comes back and resumes."""
        socket = self._server.eio.sockets.get(self._engine_sid)
        if websocket := getattr(socket, "websocket", None):
            websocket.abort()
        elif socket is not None:
            self._spawn(socket.close(wait=False, abort=True))

    async def shut(self, patience: float) -> None:
        """Close it once what is queued has left, or after `patience` seconds: the page comes back by itself."""
        socket = self._server.eio.sockets.get(self._engine_sid)
        websocket = getattr(socket, "websocket", None)
        if socket is None:
            return
        if websocket is None:
            await socket.close(wait=False)
            return
        self.unlock()
        try:
            async with asyncio.timeout(patience):
                await websocket.ended.wait()
        except TimeoutError:
            self.drop()

    def unlock(self) -> None:
        """End what waits for something to send: engine.io forgets it when a polling page says goodbye."""
        if socket := self._server.eio.sockets.get(self._engine_sid):
            socket.queue.put_nowait(None)

    def _spawn(self, work: Any) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def encode(revision: int, events: list[msgspec.Struct]) -> engineio.packet.Packet:
    """The `event` message of PROTOCOL.md, encoded once for however many pages."""
    payload = msgspec.json.encode({"revision": revision, "events": events}).decode()
    data = f'{socketio.packet.EVENT}{NAMESPACE},["event",{payload}]'
    return engineio.packet.Packet(engineio.packet.MESSAGE, data=data)


def make_server(allow_origin: Callable[[str, dict[str, Any]], bool]) -> socketio.AsyncServer:
    """A Socket.IO server that bounds what a client may send and be sent."""
    server = _Server(
        async_mode="aiohttp",
        serializer=TownHallPacket,
        transports=["websocket", "polling"],
        max_http_buffer_size=LARGEST_MESSAGE,
        ping_interval=PING_INTERVAL,
        ping_timeout=PING_TIMEOUT,
        http_compression=False,
        cors_allowed_origins=allow_origin,
        namespaces=[NAMESPACE],
        logger=_quiet,
        engineio_logger=_quiet,
    )
    server.eio._async = {**server.eio._async, "websocket": GuardedWebSocket, "translate_request": _translated}
    return server


def on_sockets(
    server: socketio.AsyncServer,
    opened: Callable[[str, aiohttp.web.Request], bool],
    closed: Callable[[str], None],
) -> None:
    """Tell of every engine.io socket by its id, long before it is in a namespace; `opened` may turn it away."""

    async def connect(engine_sid: str, environ: dict[str, Any]) -> bool:
        await server._handle_eio_connect(engine_sid, environ)
        if opened(engine_sid, environ["aiohttp.request"]):
            return True
        del server.environ[engine_sid]
        return False

    async def disconnect(engine_sid: str, reason: str) -> None:
        await server._handle_eio_disconnect(engine_sid, reason)
        closed(engine_sid)

    server.eio.on("connect", connect)
    server.eio.on("disconnect", disconnect)


class _Body:
    """What a polling page posts; never JSONP's form, which is a second's work to take apart."""

    def __init__(self, content: aiohttp.StreamReader) -> None:
        self._content = content

    async def read(self, length: int) -> bytes:
        """`ValueError`: not of the protocol."""
        body = await self._content.read(length)
        if body.startswith(b"d="):
            raise ValueError("JSONP is not part of the protocol")
        return body


def _translated(request: aiohttp.web.Request) -> dict[str, Any]:
    environ: dict[str, Any] = engineio.async_drivers.aiohttp.translate_request(request)
    return {**environ, "wsgi.input": _Body(request.content)}


def _is_frame(text: str) -> bool:
    """A Socket.IO packet, or one of engine.io's own few characters ("3", "2probe", "5"): its parser trusts more."""
    return text[:1] in _DIGITS and (text[1:2] in _DIGITS if text[0] == "4" else len(text) <= len("2probe"))


def _is_ours(data: Any) -> bool:
    return isinstance(data, list) and bool(data) and isinstance(data[0], str) and data[0] in EVENTS
