"""The whole server in a process of its own: start, first run, restart, stop, and settings that cannot work."""

import asyncio
import datetime
import os
import re
import signal
import socket
import ssl
import sys
from pathlib import Path

import aiohttp
import yaml

from room_server.api import tls
from room_server.config import Http
from tests.support.server import Server
from tests.support.wire import TownHallSocket, exchange

REFUSED = 2


async def refused(directory: Path, **settings: dict[str, object]) -> list[str]:
    """What the server says when it does not start."""
    config = directory / "config.yaml"
    base: dict[str, dict[str, object]] = {
        "http": {"bind": ["127.0.0.1"], "http_port": 0, "https_port": 0},
        "media": {"bind": ["127.0.0.1"], "announce": ["127.0.0.1"], "port": 0, "workers": 1},
        "storage": {"var_dir": str(directory / "var")},
    }
    for section, values in settings.items():
        base.setdefault(section, {}).update(values)
    config.write_text(yaml.safe_dump(base, sort_keys=False))
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "room_server",
        "--config",
        str(config),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(40):
        out, error = await process.communicate()
    assert process.returncode == REFUSED, error.decode()
    assert out == b""
    return error.decode().splitlines()


async def test_the_first_start_prints_a_setup_link_and_only_that_one(tmp_path: Path) -> None:
    server = Server(tmp_path)
    async with server:
        await server.administrator()
    assert sum("/setup#" in line for line in server.output) == 1
    again = Server(tmp_path)
    async with again:
        assert again.http is not None
        async with again.http.get("/api/me") as response:
            assert response.status == 401
    assert not any("/setup#" in line for line in again.output)


async def test_https_with_the_certificate_made_on_first_run(tmp_path: Path) -> None:
    async with Server(tmp_path) as server:
        settings = yaml.safe_load(server.config.read_text())
        trusting = ssl.create_default_context(cafile=str(tmp_path / "var" / "certificate.pem"))
        async with (
            aiohttp.ClientSession() as http,
            http.get(f"https://localhost:{settings['http']['https_port']}/j", ssl=trusting) as response,
        ):
            assert response.status == 200
            assert "wss://localhost" in response.headers["Content-Security-Policy"]


async def test_sigterm_tells_everybody_and_a_restarted_server_knows_them(tmp_path: Path) -> None:
    server = Server(tmp_path)
    await server.start()
    administrator = await server.administrator()
    hall = await administrator.town_hall()
    token = await administrator.link(hall, "attendee")
    async with aiohttp.ClientSession() as http:
        admission = await exchange(http, server.url, token)
        page = await TownHallSocket().connect(http, server.url)
        joined = await page.command("join", credential=admission["credential"], name="Ann")
        assert (await server.metrics())["room_participants"] == 1
        stopping = asyncio.ensure_future(server.stop())
        assert (await page.told("restarting"))["seconds"] > 0
        await page.closed.wait()
        assert await stopping == 0
        await page.close()

        async with Server(tmp_path) as again:
            page = await TownHallSocket().connect(http, again.url)
            back = await page.command("resume", credential=joined["credential"], revision=0)
            assert back["you"]["id"] == joined["you"]["id"]
            await page.close()


async def test_whoever_started_it_hears_when_it_is_ready_and_when_it_stops(tmp_path: Path) -> None:
    notified = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    notified.bind(str(tmp_path / "notify"))
    notified.setblocking(False)
    os.environ["NOTIFY_SOCKET"] = str(tmp_path / "notify")
    try:
        server = Server(tmp_path)
        await server.start()
    finally:
        del os.environ["NOTIFY_SOCKET"]
    loop = asyncio.get_running_loop()
    assert await loop.sock_recv(notified, 100) == b"READY=1"
    assert await server.stop() == 0
    assert await loop.sock_recv(notified, 100) == b"STOPPING=1"
    notified.close()


async def test_a_new_certificate_is_taken_without_a_restart(tmp_path: Path) -> None:
    now = datetime.datetime.now(datetime.UTC)
    own, newer = (tls.certificate(Http(), tmp_path / name, now) for name in ("own", "newer"))
    async with Server(tmp_path, http={"certificate": str(own.chain), "key": str(own.key)}) as server:
        port = yaml.safe_load(server.config.read_text())["http"]["https_port"]
        assert await fingerprint(port) == own.fingerprint
        own.key.write_bytes(b"damaged")
        os.kill(server.pid, signal.SIGHUP)
        await until_said(server, "certificate_kept")
        assert await fingerprint(port) == own.fingerprint
        own.key.write_bytes(newer.key.read_bytes())
        own.chain.write_bytes(newer.chain.read_bytes())
        os.kill(server.pid, signal.SIGHUP)
        await until_said(server, "certificate_reloaded")
        assert await fingerprint(port) == newer.fingerprint


async def test_the_log_holds_no_secret_and_no_whole_address(tmp_path: Path) -> None:
    server = Server(tmp_path, log={"level": "debug", "format": "json"}, http={"trusted_proxies": ["127.0.0.1"]})
    async with server:
        administrator = await server.administrator()
        token = await administrator.link(await administrator.town_hall(), "attendee")
        forwarded = {"X-Forwarded-For": "203.0.113.77"}
        async with aiohttp.ClientSession(headers=forwarded) as http:
            admission = await exchange(http, server.url, token, "device-of-ann-0123456789")
            page = await TownHallSocket().connect(http, server.url)
            joined = await page.command("join", credential=admission["credential"], name="Ann Moyo")
            await page.close()
        session = [cookie.value for cookie in server.http.cookie_jar] if server.http else []
    said = "".join(server.output)
    assert "203.0.113.0/24" in said
    secrets = [token, admission["credential"], joined["credential"], "device-of-ann", "203.0.113.77", "horse", *session]
    assert len(session) == 1
    for secret in secrets:
        assert secret not in said


async def test_a_tcp_port_taken(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        (line,) = await refused(tmp_path, http={"https_port": port})
    assert line == (
        f"room-server: TCP port {port} on 127.0.0.1 is taken by another program: "
        "choose another http.https_port or stop that program"
    )


async def test_a_udp_port_taken(tmp_path: Path) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind(("127.0.0.1", 0))
        port = other.getsockname()[1]
        (line,) = await refused(tmp_path, media={"port": port})
    assert line.startswith(f"room-server: UDP ports from {port} cannot be opened (")
    assert line.endswith("check media.port, media.workers and media.bind")


async def test_bad_settings_are_all_named(tmp_path: Path) -> None:
    lines = await refused(tmp_path, http={"https_prot": 1}, log={"level": "loud"})
    assert [re.sub(r"\S+/", "", line) for line in lines] == [
        "room-server: config.yaml:6: http.https_prot: unknown key (did you mean https_port?); allowed: bind, "
        "https_port, http_port, http_lan, certificate, key, public_url, trusted_proxies, metrics_networks",
        "room-server: config.yaml:17: log.level: 'loud' is not allowed; allowed: debug, error, info, warning",
    ]


async def test_what_cannot_be_used_is_named_with_its_setting(tmp_path: Path) -> None:
    (line,) = await refused(tmp_path, http={"certificate": "none.pem", "key": "none.key"})
    assert line.endswith("check http.certificate and http.key")
    (line,) = await refused(tmp_path, storage={"database": "sqlite+aiosqlite:////proc/none.sqlite3"})
    assert line.endswith("check storage.database and storage.var_dir")
    (line,) = await refused(tmp_path, media={"announce": ["no such host"]})
    assert "media.announce: no such host" in line


async def fingerprint(port: int) -> str:
    """Of the certificate that a new connection is shown."""
    accepting = ssl.create_default_context()
    accepting.check_hostname = False
    accepting.verify_mode = ssl.CERT_NONE
    _, writer = await asyncio.open_connection("127.0.0.1", port, ssl=accepting)
    shown = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
    writer.close()
    await writer.wait_closed()
    return tls.fingerprint(shown)


async def until_said(server: Server, fact: str) -> None:
    async with asyncio.timeout(10):
        # Another process speaks: there is nothing here to await.
        while not any(fact in line for line in server.output):  # noqa: ASYNC110 - nobody announces it
            await asyncio.sleep(0.01)
