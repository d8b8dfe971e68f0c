"""A Chromium driven by its DevTools protocol alone: Playwright keeps every page visible, so none can be frozen."""

import asyncio
import contextlib
import itertools
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp

from tests.support.browser import CHROMIUM, FLAGS

_START_SECONDS = 30
_ANSWER_SECONDS = 15


class Tab:
    """One page. All its methods raise `AssertionError` with what the browser says where something is refused."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self._numbers = itertools.count(1)
        self._answers: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._reader = asyncio.create_task(self._read())

    async def send(self, method: str, **parameters: object) -> dict[str, Any]:
        """One command of the protocol; its result."""
        number = next(self._numbers)
        answer = self._answers[number] = asyncio.get_running_loop().create_future()
        await self._socket.send_json({"id": number, "method": method, "params": parameters})
        async with asyncio.timeout(_ANSWER_SECONDS):
            message = await answer
        assert "error" not in message, message["error"]
        result: dict[str, Any] = message["result"]
        return result

    async def evaluate(self, expression: str) -> Any:
        """The value of an expression, its promise awaited; it counts as a person's tap."""
        found = await self.send(
            "Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True, userGesture=True
        )
        assert "exceptionDetails" not in found, found["exceptionDetails"]
        return found["result"].get("value")

    async def close(self) -> None:
        await self._socket.close()
        await self._reader

    async def _read(self) -> None:
        async for message in self._socket:
            packet = json.loads(message.data)
            if (answer := self._answers.pop(packet.get("id"), None)) and not answer.done():
                answer.set_result(packet)


@contextlib.asynccontextmanager
async def tab(profile: Path) -> AsyncIterator[Tab]:
    """A browser with one empty page, whose profile is in an empty directory."""
    process = await asyncio.create_subprocess_exec(
        CHROMIUM, *FLAGS, f"--user-data-dir={profile}", "--remote-debugging-port=0", "about:blank",
        stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    try:
        async with aiohttp.ClientSession() as http, asyncio.timeout(None) as deadline:
            deadline.reschedule(asyncio.get_running_loop().time() + _START_SECONDS)
            address = await _page_address(http, profile / "DevToolsActivePort")
            opened = Tab(await http.ws_connect(address, max_msg_size=0))
            deadline.reschedule(None)
            try:
                yield opened
            finally:
                await opened.close()
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        await process.wait()


async def _page_address(http: aiohttp.ClientSession, port_file: Path) -> str:
    while True:  # a starting program says nothing: it is asked until it answers
        with contextlib.suppress(OSError, IndexError, aiohttp.ClientError):
            port = (await asyncio.to_thread(port_file.read_text)).split()[0]
            async with http.get(f"http://127.0.0.1:{port}/json/list") as response:
                pages = [target for target in await response.json() if target["type"] == "page"]
                if pages:
                    return str(pages[0]["webSocketDebuggerUrl"])
        await asyncio.sleep(0.05)
