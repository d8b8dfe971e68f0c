"""Two hundred people join in the same second, each from an address of its own, with all limits on."""

import asyncio
import contextlib
import json
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.support.server import Server, running
from tests.unit.session import offers

pytestmark = pytest.mark.load

PEOPLE = 200
OFFER = Path(offers.__file__).with_name("chromium_attendee.sdp")
LAG = 0.15
"""Seconds that nobody's request may wait while they all come."""
CPU_PER_JOIN = 0.005
"""Seconds of the server's threads, from the opening of the socket to SRTP keys."""


class Crowd:
    """The crowd's process."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    @classmethod
    async def of(cls, server: Server, token: str) -> "Crowd":
        """Everybody has exchanged the link, and waits."""
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.support.crowd", server.url, token, str(PEOPLE), str(OFFER),
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
        )  # fmt: skip
        crowd = cls(process)
        assert await crowd._says() == {"exchanged": PEOPLE}
        return crowd

    async def join(self) -> dict[str, Any]:
        """All at once; how it went."""
        assert self._process.stdin is not None
        self._process.stdin.write(b"\n")
        return await self._says()

    async def leave(self) -> dict[str, Any]:
        """What they received."""
        out, _ = await self._process.communicate(b"")
        assert self._process.returncode == 0
        said: dict[str, Any] = json.loads(out)
        return said

    async def _says(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        said: dict[str, Any] = json.loads(await self._process.stdout.readline())
        return said


@contextlib.asynccontextmanager
async def somebody_else(server: Server) -> AsyncIterator[list[float]]:
    """One more client that asks for something small again and again; how long each answer took, in seconds."""
    waits: list[float] = []

    async def ask(http: aiohttp.ClientSession) -> None:
        loop = asyncio.get_running_loop()
        while True:
            began = loop.time()
            async with http.get(f"{server.url}/health") as response:
                await response.read()
            waits.append(loop.time() - began)

    async with aiohttp.ClientSession() as http:
        asking = asyncio.ensure_future(ask(http))
        yield waits
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)


async def test_all_get_in_for_little_and_nobody_else_has_to_wait(tmp_path: Path) -> None:
    async with running(tmp_path) as (server, administrator):
        crowd = await Crowd.of(server, await administrator.link(await administrator.town_hall(), "attendee"))
        before = server.cpu_seconds
        said = await crowd.join()
        per_join = (server.cpu_seconds - before) / PEOPLE
        assert (said["joined"], said["failed"]) == (PEOPLE, [])
        assert (await crowd.leave())["undecryptable"] == 0

        crowd = await Crowd.of(server, await administrator.link(await administrator.town_hall(), "attendee"))
        async with somebody_else(server) as waits:
            again = await crowd.join()
        await crowd.leave()
        assert again["joined"] == PEOPLE
        figures = {
            "cpu_ms_per_join": per_join * 1000,
            "worst_wait_ms": max(waits) * 1000,
            "worst_join_s": said["worst"],
        }
        print(json.dumps(figures))
        assert max(waits) <= LAG, figures
        assert per_join <= CPU_PER_JOIN, figures
