"""PROTOCOL.md by hand, no client library: the exchange over HTTP, Socket.IO over one WebSocket."""

import asyncio
import json
import secrets
from collections.abc import Callable
from typing import Any

import aiohttp

_NAMESPACE = "/townhall"


class Refused(Exception):
    """An acknowledgement or a reply with `error`."""

    def __init__(self, answer: dict[str, Any]) -> None:
        super().__init__(f"{answer['error']}: {answer.get('message')}")
        self.code = answer["error"]


async def exchange(http: aiohttp.ClientSession, url: str, token: str, device: str | None = None) -> dict[str, Any]:
    """A link's token for a personal credential."""
    body = {"token": token, "device": device or secrets.token_urlsafe(16)}
    async with http.post(f"{url}/api/exchange", json=body) as response:
        answer: dict[str, Any] = await response.json()
    if "error" in answer:
        raise Refused(answer)
    return answer


class TownHallSocket:
    """One socket: requests with acknowledgements, and everything that it is told."""

    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []
        """All events so far, oldest first, each with its batch's `revision` where it has one."""
        self.closed = asyncio.Event()
        self._socket: aiohttp.ClientWebSocketResponse | None = None
        self._reader: asyncio.Task[None] | None = None
        self._acks: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._news = asyncio.Condition()

    async def connect(self, http: aiohttp.ClientSession, url: str) -> "TownHallSocket":
        """Open the namespace."""
        target = f"{url.replace('http', 'ws', 1)}/socket.io/?EIO=4&transport=websocket"
        self._socket = await http.ws_connect(target, max_msg_size=0)
        opening = await self._socket.receive_str()
        assert opening.startswith("0"), opening
        await self._socket.send_str(f"40{_NAMESPACE},")
        opened = await self._socket.receive_str()
        assert opened.startswith(f"40{_NAMESPACE},"), opened
        self._reader = asyncio.ensure_future(self._read(self._socket))
        return self

    async def command(self, type: str, **fields: Any) -> dict[str, Any]:
        """A command's acknowledgement, or `Refused`."""
        return await self.ask("command", {"type": type, **fields})

    async def media(self, type: str, **fields: Any) -> dict[str, Any]:
        """A media request's acknowledgement, or `Refused`."""
        return await self.ask("media", {"type": type, **fields})

    async def ask(self, event: str, payload: object, *, timeout: float = 30) -> dict[str, Any]:
        """Any request; `ConnectionError` if the socket closes first."""
        assert self._socket is not None
        number = len(self._acks)
        future = self._acks[number] = asyncio.get_running_loop().create_future()
        await self._socket.send_str(f"42{_NAMESPACE},{number}" + json.dumps([event, payload]))
        # Not `wait_for`: until Python 3.12 it forgets that it was cancelled if the answer comes in the same turn.
        async with asyncio.timeout(timeout):
            answer = await future
        if "error" in answer:
            raise Refused(answer)
        return answer

    async def told(
        self,
        type: str,
        where: Callable[[dict[str, Any]], bool] = lambda _: True,
        *,
        since: int = 0,
        timeout: float = 10,
    ) -> dict[str, Any]:
        """The first event of that type from place `since` of `events` on for which `where` holds."""

        def match() -> dict[str, Any] | None:
            return next((event for event in self.events[since:] if event["type"] == type and where(event)), None)

        async with asyncio.timeout(timeout), self._news:
            await self._news.wait_for(lambda: match() is not None)
        found = match()
        assert found is not None
        return found

    async def close(self) -> None:
        """Close the socket. Idempotent."""
        if self._socket is not None:
            await self._socket.close()
        if self._reader is not None:
            await asyncio.gather(self._reader, return_exceptions=True)

    async def _read(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        try:
            async for message in socket:
                if message.type == aiohttp.WSMsgType.TEXT:
                    await self._packet(socket, message.data)
        finally:
            self.closed.set()
            for future in self._acks.values():
                if not future.done():
                    future.set_exception(ConnectionError("the socket was closed"))

    async def _packet(self, socket: aiohttp.ClientWebSocketResponse, text: str) -> None:
        if text == "2":
            await socket.send_str("3")
            return
        kind, _, payload = text.partition(",")
        if kind == f"43{_NAMESPACE}":
            number, bracket, rest = payload.partition("[")
            (answer,) = json.loads(bracket + rest)
            if not self._acks[int(number)].done():
                self._acks[int(number)].set_result(answer)
        elif kind == f"42{_NAMESPACE}":
            _, batch = json.loads(payload)
            revision = {"revision": batch["revision"]} if "revision" in batch else {}
            async with self._news:
                self.events += [{**event, **revision} for event in batch["events"]]
                self._news.notify_all()
        elif kind.startswith(f"41{_NAMESPACE}"):
            await socket.close()
