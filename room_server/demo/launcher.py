"""What `make run` starts: the server with a demonstration town hall, a presenter and a guest; prints the links."""

import argparse
import asyncio
import json
import os
import signal
import socket
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from time import monotonic

import segno

from room_server.addresses import lan_address
from room_server.config import Settings
from room_server.config_file import ConfigError, load
from room_server.demo.children import MISCONFIGURED, Child
from room_server.ids import new_secret

# A first start makes a certificate and a database; a minute means that something is wrong.
_START_PATIENCE = 60.0
_SEED_VARIABLE = "ROOM_SERVER_SEED"


class Tokens:
    """The links of this run; fresh at every start, kept while a part is started again."""

    def __init__(self) -> None:
        self.host, self.attendee, self.presenter, self.guest = (new_secret() for _ in range(4))

    def seed(self) -> str:
        """The demonstration town hall, as the server reads it from its environment."""
        links = [
            {"token": self.host, "roles": ["host", "moderator", "speaker"], "name": "Host"},
            {"token": self.attendee, "roles": ["attendee"], "name": ""},
            {"token": self.presenter, "roles": ["speaker"], "name": "Simulated presenter"},
            {"token": self.guest, "roles": ["attendee"], "name": "Simulated guest"},
        ]
        return json.dumps({"id": "demonstration", "title": "Demonstration town hall", "links": links})


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs until Ctrl-C. Exit code 2: a setting has to be changed first."""
    parser = argparse.ArgumentParser(prog="python -m room_server.demo", description="The server with a demonstration.")
    parser.add_argument("--config", metavar="FILE", help="settings (default: $ROOM_SERVER_CONFIG, then ./config.yaml)")
    options = parser.parse_args(arguments)
    # Phones on the same network listen without meeting the self-signed certificate.
    os.environ.setdefault("ROOM_SERVER__HTTP__HTTP_LAN", "true")
    # The terminal is for the links; what goes wrong still appears.
    os.environ.setdefault("ROOM_SERVER__LOG__LEVEL", "warning")
    file = options.config or os.environ.get("ROOM_SERVER_CONFIG") or _here()
    try:
        settings = load(Path(file) if file else None)
    except ConfigError as error:
        for problem in error.problems:
            _say(problem)
        return MISCONFIGURED
    return asyncio.run(_run(settings, ["--config", str(file)] if file else []))


async def _run(settings: Settings, config: list[str]) -> int:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, stop.set)
    tokens, started = Tokens(), monotonic()
    with tempfile.TemporaryDirectory(prefix="room-server-") as directory, _Readiness(Path(directory)) as readiness:
        environment = {_SEED_VARIABLE: tokens.seed(), **readiness.environment}
        server = Child("server", ["room_server", *config], environment, _say)
        children = [server, *_clients(settings, tokens)]
        _say("starting the server")
        server.start()
        try:
            code = await _first(stop, server, readiness)
            if code is not None:
                return code
            _say(f"the server is up after {monotonic() - started:.1f} s")
            for child in children[1:]:
                child.start()
            print(links(settings, tokens, colours=sys.stdout.isatty()), flush=True)
            return await _watch(stop, server, children[1:])
        finally:
            _say("stopping")
            for child in reversed(children):
                await child.stop()
            _say("stopped")


def _clients(settings: Settings, tokens: Tokens) -> list[Child]:
    """Ordinary clients in processes of their own, on this machine."""
    url = f"http://127.0.0.1:{settings.http.http_port}"
    return [
        # With "=": a token may begin with a dash.
        Child(name, [f"room_server.demo.{name}", "--url", url, f"--token={token}"], {}, _say, finishes=True)
        for name, token in (("presenter", tokens.presenter), ("guest", tokens.guest))
    ]


class _Readiness:
    """Hears from the server itself that it is up (sd_notify), so that no other server on its port can be mistaken."""

    def __init__(self, directory: Path) -> None:
        path = directory / "notify"
        self.environment = {"NOTIFY_SOCKET": str(path)}
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.setblocking(False)
        self._socket.bind(str(path))

    def __enter__(self) -> "_Readiness":
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    async def wait(self) -> None:
        while b"READY=1" not in await asyncio.get_running_loop().sock_recv(self._socket, 4096):
            pass


async def _first(stop: asyncio.Event, server: Child, readiness: _Readiness) -> int | None:
    """None once the server takes people; else the exit code."""
    ready = asyncio.ensure_future(readiness.wait())
    others = {asyncio.ensure_future(stop.wait()), asyncio.ensure_future(server.fatal.wait())}
    await asyncio.wait({ready, *others}, timeout=_START_PATIENCE, return_when=asyncio.FIRST_COMPLETED)
    is_ready = ready.done()
    for future in (ready, *others):
        future.cancel()
    if server.fatal.is_set():
        return MISCONFIGURED
    if stop.is_set():
        return 0
    if not is_ready:
        _say(f"the server is not ready after {_START_PATIENCE:.0f} s; what it wrote is above")
        return 1
    return None


async def _watch(stop: asyncio.Event, server: Child, clients: Sequence[Child]) -> int:
    over = asyncio.ensure_future(_say_when_over(clients))
    fatal = asyncio.ensure_future(server.fatal.wait())
    stopped = asyncio.ensure_future(stop.wait())
    await asyncio.wait({fatal, stopped}, return_when=asyncio.FIRST_COMPLETED)
    for future in (over, fatal, stopped):
        future.cancel()
    return MISCONFIGURED if server.fatal.is_set() else 0


async def _say_when_over(clients: Sequence[Child]) -> None:
    for client in clients:
        await client.finished.wait()
    _say("The demonstration is over. Ctrl-C, then make run: a new one with new links.")


def links(settings: Settings, tokens: Tokens, *, colours: bool) -> str:
    """The links for people, aligned, with the phone's as a QR code."""
    http = settings.http
    here = f"http://localhost:{http.http_port}"
    lan = lan_address(http.bind) if http.http_lan else None
    rows = [("HOST", f"{here}/j?demo#{tokens.host}"), ("ATTENDEE", f"{here}/j#{tokens.attendee}")]
    if lan is None:
        rows.append(("PHONE", "this machine has no address that a phone could reach"))
        return "\n" + _aligned(rows) + "\n\nOpen HOST in a browser. Ctrl-C stops everything."
    lan = f"[{lan}]" if ":" in lan else lan
    elsewhere = http.public_url or f"https://{lan}:{http.https_port}"
    phone = f"http://{lan}:{http.http_port}/j#{tokens.attendee}"
    rows.append(("PHONE", phone))
    hint = (
        f"From another machine HOST is {elsewhere}/j?demo#{tokens.host}\n"
        "(its certificate is self-signed unless you configured one: the browser warns once).\n\n"
        "Open HOST in a browser, ATTENDEE in another window, and scan the code with a phone on this network.\n"
        "Ctrl-C stops everything."
    )
    return f"\n{_aligned(rows)}\n\n{_qr(phone, colours)}\n{hint}"


def _aligned(rows: Sequence[tuple[str, str]]) -> str:
    width = max(len(name) for name, _ in rows)
    return "\n".join(f"  {name:<{width}}  {value}" for name, value in rows)


def _qr(text: str, colours: bool) -> str:
    """Half blocks; dark on light whatever the terminal's own colours. Two modules of margin are enough for phones."""
    rows = [list(row) for row in segno.make(text, error="l", micro=False).matrix_iter(border=2)]
    if len(rows) % 2:
        rows.append([0] * len(rows[0]))
    halves = {(0, 0): " ", (1, 0): "▀", (0, 1): "▄", (1, 1): "█"}
    lines = (
        "".join(halves[bool(upper), bool(lower)] for upper, lower in zip(*pair, strict=True))
        for pair in zip(rows[::2], rows[1::2], strict=True)
    )
    before, after = ("\x1b[30;107m", "\x1b[0m") if colours else ("", "")
    return "\n".join(f"  {before}{line}{after}" for line in lines)


def _here() -> str | None:
    return "config.yaml" if Path("config.yaml").is_file() else None


def _say(line: str) -> None:
    print(line, flush=True)
