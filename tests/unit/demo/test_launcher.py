"""What `make run` starts, in a process of its own: the links it prints open a town hall where someone speaks."""

import asyncio
import os
import re
import signal
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import yaml

from room_server.config import Http, Settings
from room_server.demo.launcher import Tokens, links
from tests.support.server import free_port
from tests.support.wire import TownHallSocket, exchange


def configure(directory: Path, https_port: int) -> Path:
    config = directory / "config.yaml"
    settings = {
        "http": {"bind": ["127.0.0.1"], "http_port": free_port(), "https_port": https_port},
        "media": {"bind": ["127.0.0.1"], "port": 0, "workers": 1},
        "storage": {"var_dir": str(directory / "var")},
    }
    config.write_text(yaml.safe_dump(settings))
    return config


@asynccontextmanager
async def launched(config: Path) -> AsyncIterator[asyncio.subprocess.Process]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "room_server.demo",
        "--config",
        str(config),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGINT)
            await process.communicate()


async def test_the_printed_host_link_shows_a_stage_with_a_presenter_and_a_hand(tmp_path: Path) -> None:
    async with launched(configure(tmp_path, free_port())) as process, asyncio.timeout(45):
        assert process.stdout is not None
        said = []
        while not said or "Ctrl-C" not in said[-1]:
            said.append((await process.stdout.readline()).decode())
        found = re.search(r"HOST +(http://localhost:\d+)/j\?demo#(\S+)", "".join(said))
        assert found is not None
        url, token = found.groups()
        url = url.replace("localhost", "127.0.0.1")
        async with aiohttp.ClientSession() as http:
            admission = await exchange(http, url, token)
            assert admission["roles"] == ["host", "moderator", "speaker"]
            assert admission["speaks"]
            page = await TownHallSocket().connect(http, url)
            joined = await page.command("join", credential=admission["credential"], name=admission["name"])
            assert joined["snapshot"]["phase"] == "backstage"
            if not joined["snapshot"]["hands"]:
                await page.told("hands", lambda event: bool(event["hands"]), timeout=30)
            if joined["snapshot"]["stage"][0]["participant"] is None:
                await page.told("seats", lambda event: event["stage"][0]["participant"] is not None, timeout=30)
            await page.close()
        process.send_signal(signal.SIGINT)
        rest, _ = await process.communicate()
        assert process.returncode == 0
        assert rest.decode().splitlines()[-2:] == ["stopping", "stopped"]


async def test_a_port_taken_ends_it_at_once_with_the_servers_own_line(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        async with launched(configure(tmp_path, other.getsockname()[1])) as process, asyncio.timeout(40):
            out, _ = await process.communicate()
            assert process.returncode == 2
            assert "is taken by another program: choose another http.https_port" in out.decode()


async def test_bad_settings_end_it_before_anything_starts(tmp_path: Path) -> None:
    config = tmp_path / "config.yaml"
    config.write_text("http:\n  https_prot: 1\n")
    async with launched(config) as process, asyncio.timeout(40):
        out, _ = await process.communicate()
        assert process.returncode == 2
        assert out.decode().count("\n") == 1
        assert "config.yaml:2: http.https_prot: unknown key" in out.decode()


def test_links_are_aligned_and_the_phone_has_a_code() -> None:
    tokens = Tokens()
    text = links(Settings(http=Http(http_lan=True)), tokens, colours=False)
    rows = re.findall(r"^  (HOST|ATTENDEE|PHONE) +(\S.*)$", text, re.MULTILINE)
    assert [name for name, _ in rows] == ["HOST", "ATTENDEE", "PHONE"]
    assert len({text.index(value) - text.rindex("\n", 0, text.index(value)) for _, value in rows}) == 1
    assert dict(rows)["HOST"].endswith(f"/j?demo#{tokens.host}")
    code = [line for line in text.splitlines() if set(line) <= set(" ▀▄█") and line.strip()]
    assert not code or len({len(line) for line in code}) == 1


def test_without_a_reachable_address_it_says_so() -> None:
    text = links(Settings(http=Http(http_lan=True, bind=("127.0.0.1",))), Tokens(), colours=False)
    assert "PHONE     this machine has no address that a phone could reach" in text
    assert "█" not in text
