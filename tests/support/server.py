"""A real room-server in its own process, set up as an administrator would: set-up link, account, town hall, links."""

import asyncio
import contextlib
import os
import re
import signal
import socket
import sys
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import aiohttp
import psutil
import pyotp
import yaml

from tests.support.drill import DOOR, drill
from tests.support.network import Namespace

_START_SECONDS = 30
_PASSWORD = "correct horse battery"
_SET_UP = re.compile(r"/setup#([A-Za-z0-9_-]+)")


class Server:
    """Use as `async with`; `url` is what browsers open: plain HTTP on loopback, which they hold for secure.

    In a `namespace` it listens on the addresses of that one, and browsers open HTTPS on the first; `local_url` is plain
    HTTP on loopback always. `drills`: it has the door of `tests.support.drill`.
    """

    def __init__(
        self,
        directory: Path,
        *,
        namespace: Namespace | None = None,
        drills: bool = False,
        **settings: Mapping[str, object],
    ) -> None:
        self.directory, self._namespace = directory, namespace
        self._module = "tests.support.drill" if drills else "room_server"
        self._door = directory / "door"
        self.http_port, self.https_port = free_port(), free_port()
        self.local_url = f"http://127.0.0.1:{self.http_port}"
        addresses = ["127.0.0.1"] if namespace is None else namespace.addresses
        self.url = self.local_url if namespace is None else f"https://{host_of(namespace.address)}:{self.https_port}"
        self.output: list[str] = []
        base: dict[str, dict[str, object]] = {
            "http": {"bind": addresses, "http_port": self.http_port, "https_port": self.https_port},
            "media": {"bind": addresses, "announce": addresses, "port": 0, "workers": 2},
            "storage": {"var_dir": str(directory / "var")},
        }
        for section, values in settings.items():
            base.setdefault(section, {}).update(values)
        self.config = directory / "config.yaml"
        self.config.write_text(yaml.safe_dump(base))
        self._process: asyncio.subprocess.Process | None = None
        self._reader: asyncio.Task[None] | None = None
        self._ready = asyncio.Event()
        self._set_up: asyncio.Future[str] | None = None
        self.http: aiohttp.ClientSession | None = None

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    @property
    def cpu_seconds(self) -> float:
        """User and system time of all its threads so far."""
        times = psutil.Process(self.pid).cpu_times()
        return float(times.user + times.system)

    @property
    def faults(self) -> list[str]:
        """Lines of its log that look like mistakes of its own."""
        return [line for line in self.output if "Traceback" in line or " error " in line]

    async def start(self) -> None:
        self._set_up = asyncio.get_running_loop().create_future()
        command = (sys.executable, "-m", self._module, "--config", str(self.config))
        self._process = await asyncio.create_subprocess_exec(
            *(command if self._namespace is None else self._namespace.command(*command)),
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
            env={**os.environ, "PYTHONUNBUFFERED": "1", DOOR: str(self._door)},
        )  # fmt: skip
        self._reader = asyncio.create_task(self._read())
        connector = None if self._namespace is None else self._namespace.connector()
        self.http = aiohttp.ClientSession(
            self.local_url, cookie_jar=aiohttp.CookieJar(unsafe=True), connector=connector
        )
        async with asyncio.timeout(_START_SECONDS):
            while not await self._answers():
                if self._process.returncode is not None:
                    raise AssertionError("room-server ended:\n" + "".join(self.output))
                await asyncio.sleep(0.05)  # polling another process: there is nothing here to await

    async def stop(self, *, kill: bool = False) -> int:
        """SIGTERM, or SIGKILL; the exit code."""
        assert self._process is not None
        assert self._reader is not None
        if self.http is not None:
            await self.http.close()
        if self._process.returncode is None:
            self._process.send_signal(signal.SIGKILL if kill else signal.SIGTERM)
        async with asyncio.timeout(_START_SECONDS):
            code = await self._process.wait()
            await self._reader
        return code

    async def __aenter__(self) -> Self:
        try:
            await self.start()
        except BaseException:  # a machine too busy to start it in time must not keep it running for ever
            await self.stop(kill=True)
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()
        if kind is not None:
            print("".join(self.output[-80:]))

    async def drill(self, name: str, **arguments: object) -> Any:
        """Make it fail on purpose; it must have been started with `drills`."""
        return await drill(self._door, name, **arguments)

    async def administrator(self) -> "Administrator":
        """Make the first account by the printed set-up link and log in."""
        assert self._set_up is not None
        assert self.http is not None
        async with asyncio.timeout(_START_SECONDS):
            token = await self._set_up
        secret = (await self._post("/api/setup/begin", {"token": token}))["secret"]
        code = pyotp.TOTP(secret).now()
        await self._post("/api/setup/finish", {"token": token, "name": "admin", "password": _PASSWORD, "code": code})
        return Administrator(self)

    async def metrics(self) -> dict[str, float]:
        """Every sample of /metrics by its name with labels."""
        assert self.http is not None
        async with self.http.get("/metrics") as response:
            text = await response.text()
        samples = (line.rsplit(" ", 1) for line in text.splitlines() if line and not line.startswith("#"))
        return {name: float(value) for name, value in samples}

    async def _post(self, path: str, body: Mapping[str, object]) -> Any:
        assert self.http is not None
        async with self.http.post(path, json=body) as response:
            answer = await response.json()
            assert response.status < 300, answer
            return answer

    async def _answers(self) -> bool:
        assert self.http is not None
        with contextlib.suppress(aiohttp.ClientError):
            async with self.http.get("/ready") as response:
                return response.status == 200
        return False

    async def _read(self) -> None:
        assert self._process is not None
        assert self._process.stdout is not None
        assert self._set_up is not None
        async for raw in self._process.stdout:
            line = raw.decode(errors="replace")
            self.output.append(line)
            if (found := _SET_UP.search(line)) and not self._set_up.done():
                self._set_up.set_result(found.group(1))


@dataclass
class Administrator:
    """What an administrator does over REST."""

    server: Server
    _session: Any = field(default=None, repr=False)

    async def town_hall(self, *, title: str = "Trade with the diaspora", opened: bool = True, **options: object) -> str:
        made = await self.server._post("/api/town-halls", {"title": title, **options})
        if opened:
            await self.server._post(f"/api/town-halls/{made['id']}/open", {})
        return str(made["id"])

    async def link(self, town_hall: str, *roles: str, name: str = "") -> str:
        """The link's token."""
        made = await self.server._post(f"/api/town-halls/{town_hall}/links", {"roles": list(roles), "name": name})
        return str(made["url"]).split("#", 1)[1]


def free_port() -> int:
    """A TCP port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def host_of(address: str) -> str:
    """The address as a URL writes it."""
    return f"[{address}]" if ":" in address else address


@contextlib.asynccontextmanager
async def running(
    directory: Path, *, namespace: Namespace | None = None, drills: bool = False, **settings: Mapping[str, object]
) -> AsyncIterator[tuple[Server, Administrator]]:
    """A server with an administrator logged in."""
    async with Server(directory, namespace=namespace, drills=drills, **settings) as server:
        yield server, await server.administrator()
