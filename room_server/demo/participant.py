"""One simulated person on the wire: link, credential, socket, media connection, and coming back after any loss.

What the person does is up to a `Character`; this knows only how to be there (room_server/signalling/PROTOCOL.md).
"""

import asyncio
import logging
import random
import secrets
from typing import Any, Final, Protocol

import aiohttp
import socketio

from room_server.demo.uplink import Uplink

_NAMESPACE: Final = "/townhall"
_ACK_TIMEOUT: Final = 30.0  # seconds; a join may wait its turn behind a crowd
_FIRST_PAUSE: Final = 0.5  # seconds before coming back, doubled each time
_LONGEST_PAUSE: Final = 10.0
# After these it is no use to come back.
_FINAL: Final = frozenset(
    {
        "link_unknown",
        "link_expired",
        "link_revoked",
        "link_other_device",
        "link_needs_https",
        "removed",
        "forbidden",
        "town_hall_closed",
    }
)

log = logging.getLogger(__name__)


class Refused(Exception):
    """The server said no: its code, and its sentence."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code


class Character(Protocol):
    """What a participant does once it is there. Calls come one after another."""

    camera: bool
    name: str

    async def arrived(self, participant: "Participant", snapshot: dict[str, Any] | None) -> None:
        """Joined or back; the snapshot is None where nothing was missed but events that follow."""

    async def heard(self, participant: "Participant", event: dict[str, Any]) -> None:
        """An event of the town hall."""


class Participant:
    """Runs a character until the server wants it no more."""

    def __init__(self, url: str, token: str, character: Character) -> None:
        self.id = ""
        self.uplink: Uplink | None = None
        self._url = url.rstrip("/")
        self._token = token
        self._device = secrets.token_urlsafe(16)
        self._character = character
        self._credential: str | None = None
        self._revision: int | None = None
        self._socket: socketio.AsyncClient | None = None
        self._was_in = False

    async def run(self) -> str:
        """Be there, and come back with growing pauses. Returns why it is over."""
        pause = _FIRST_PAUSE
        async with aiohttp.ClientSession() as http:
            while True:
                try:
                    return await self._visit(http)
                except Refused as refused:
                    if refused.code in _FINAL:
                        return str(refused)
                    self._credential = self._revision = None
                    log.warning("refused: %s", refused)
                except (aiohttp.ClientError, ConnectionError, socketio.exceptions.SocketIOError, OSError) as error:
                    log.info("connection lost: %s", error)
                if self._was_in:
                    self._was_in, pause = False, _FIRST_PAUSE
                await asyncio.sleep(pause * random.uniform(0.7, 1.3))
                pause = min(_LONGEST_PAUSE, pause * 2)

    async def command(self, type: str, **fields: Any) -> dict[str, Any]:
        """Send a command. `Refused` with the server's reason."""
        assert self._socket is not None
        answer: dict[str, Any] = await self._socket.call(
            "command", {"type": type, **fields}, namespace=_NAMESPACE, timeout=_ACK_TIMEOUT
        )
        if "error" in answer:
            raise Refused(answer["error"], answer["message"])
        return answer

    async def _visit(self, http: aiohttp.ClientSession) -> str:
        """One connection from its beginning to its end; returns only when there is nothing to come back to."""
        if self._credential is None:
            self._credential = await self._exchange(http)
        news: asyncio.Queue[dict[str, Any] | None] = asyncio.Queue()
        socket = socketio.AsyncClient(reconnection=False, http_session=http)
        socket.on("event", lambda batch: self._received(batch, news), namespace=_NAMESPACE)
        socket.on("disconnect", lambda *_reason: news.put_nowait(None), namespace=_NAMESPACE)
        self._socket = socket
        try:
            await socket.connect(self._url, namespaces=[_NAMESPACE], transports=["websocket"])
            await self._enter()
            return await self._stay(news)
        finally:
            await self._hang_up()
            await socket.disconnect()

    async def _exchange(self, http: aiohttp.ClientSession) -> str:
        body = {"token": self._token, "device": self._device}
        async with http.post(f"{self._url}/api/exchange", json=body) as response:
            answer = await response.json()
        if "error" in answer:
            raise Refused(answer["error"], answer["message"])
        return str(answer["credential"])

    async def _enter(self) -> None:
        """Join, or resume where it left off, with a new media connection either way."""
        await self._hang_up()
        uplink = self.uplink = Uplink(camera=self._character.camera)
        offer, publish = await uplink.offer()
        kind: dict[str, Any] = {"type": "join", "name": self._character.name, "slots": 0}
        if self._revision is not None:
            kind = {"type": "resume", "revision": self._revision}
        answer = await self.command(**kind, credential=self._credential, offer=offer, publish=publish)
        self.id, self._credential, self._revision = answer["you"]["id"], answer["credential"], answer["revision"]
        await uplink.accept(answer["media"]["answer"])
        self._was_in = True
        await self._character.arrived(self, answer.get("snapshot"))
        for event in answer.get("events", []):
            await self._character.heard(self, event)

    async def _stay(self, news: "asyncio.Queue[dict[str, Any] | None]") -> str:
        while True:
            event = await self._next(news)
            if event is None:
                raise ConnectionError("the socket or the media connection was closed")
            match event["type"]:
                case "removed":
                    return "removed from the town hall"
                case "replaced":
                    return "replaced by a newer connection"
                case "phase" if event["phase"] == "closed":
                    return "the town hall is over"
                case "rejoin":
                    await self._enter()
                case _:
                    await self._character.heard(self, event)

    async def _next(self, news: "asyncio.Queue[dict[str, Any] | None]") -> dict[str, Any] | None:
        assert self.uplink is not None
        waits = asyncio.ensure_future(news.get()), asyncio.ensure_future(self.uplink.lost.wait())
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
            return waits[0].result() if waits[0].done() else None
        finally:
            for wait in waits:
                wait.cancel()

    def _received(self, batch: dict[str, Any], news: "asyncio.Queue[dict[str, Any] | None]") -> None:
        if "revision" in batch:
            self._revision = batch["revision"]
        for event in batch["events"]:
            news.put_nowait(event)

    async def _hang_up(self) -> None:
        if self.uplink is not None:
            await self.uplink.close()
            self.uplink = None
