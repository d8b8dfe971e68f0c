"""Strangers on the web listeners: a refusal or a closed door, no hanging request, not a word in the log."""

import asyncio
import io
import json
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from tests.support.server import Server

pytestmark = pytest.mark.interop

REQUESTS = (
    b"\x00\xff\x13garbage\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: x\r\nA: " + b"x" * 20_000 + b"\r\n\r\n",
    b"GET http://[ HTTP/1.1\r\nHost: x\r\n\r\n",
    b"POST /api/exchange HTTP/1.1\r\nHost: x\r\nContent-Length: abc\r\n\r\n",
    b"GET /api/me HTTP/1.1\r\nHost: x\r\nCookie: room_session=\xff\xfe; =;\r\n\r\n",
    b"GET /socket.io/?EIO=4 HTTP/1.1\r\nHost: x\r\nOrigin: http://[\r\n\r\n",
    b"GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: x\r\nConnection: upgrade\r\n"
    b"Upgrade: websocket\r\n\r\n",
    b"POST /api/exchange HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{",
)


@pytest.fixture
async def quiet(tmp_path: Path) -> AsyncIterator[Server]:
    """A server that has nothing to say when it ends."""
    async with Server(tmp_path, log={"level": "debug"}) as server:
        yield server
        assert await server.stop() == 0
    assert server.faults == []


async def test_http_that_is_none(quiet: Server) -> None:
    for request in REQUESTS:
        reader, writer = await asyncio.open_connection("127.0.0.1", quiet.http_port)
        writer.write(request)
        writer.write_eof()
        status = await asyncio.wait_for(reader.readline(), 5)
        assert status.split(b" ")[1:2] in ([b"400"], [b"401"], []), request
        writer.close()
        await writer.wait_closed()


async def test_polling_pages_that_send_what_is_none(quiet: Server) -> None:
    address = f"{quiet.url}/socket.io/?EIO=4&transport=polling"
    hostile = {b"2": 400, b"9": 200, b"\xff": 200, b"d=" + b"&a=b" * 400_000: 200, b"4" * 3_000_000: 400, b"bAAAA": 200}
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(5)) as http:
        for body, status in hostile.items():
            async with http.get(address) as response:
                sid = json.loads((await response.text())[1:])["sid"]
            async with http.post(f"{address}&sid={sid}", data=io.BytesIO(body)) as response:
                assert response.status == status
