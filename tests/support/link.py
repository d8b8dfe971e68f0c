"""A poor network between two namespaces: the crate's seeded link emulator on a TUN device in each.

Conditions are those of `relay/src/link/conditions.rs`: `rate` in bits per second, `delay`, `jitter`, `reorder_by` and
`queue` in milliseconds, `queue_bytes`, shares of packets `loss` and `reorder`, `burst` as (enter, leave, loss),
`udp_blocked` and `cut` as booleans, `rebind` as the number of a NAT's mapping of ports. None takes a bound away.
"""

import asyncio
import contextlib
import fcntl
import itertools
import json
import os
import socket
import struct
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

from tests.support.network import Namespace

PROGRAM = Path(__file__).parents[2] / "room_server" / "relay" / "target" / "debug" / "link"
_TUNSETIFF = 0x400454CA
_IFF_TUN, _IFF_NO_PI = 0x0001, 0x1000
# A queue that drops is the emulator's business: the device's own holds more than its sockets send at once.
_DEVICE_QUEUE = 5000
_STOP_SECONDS = 5
_numbers = itertools.count()


class Link:
    """A running link. `addresses` are the client's on `device`: IPv4, IPv6."""

    def __init__(
        self, process: asyncio.subprocess.Process, commands: socket.socket, device: str, addresses: tuple[str, str]
    ) -> None:
        self._process, self._commands = process, commands
        self.device, self.addresses = device, addresses
        self._turn = asyncio.Lock()
        self._unread = b""

    async def set(self, **conditions: Any) -> None:
        """Change these conditions in both directions, for packets that come from now on."""
        await self._ask("both", conditions)

    async def set_up(self, **conditions: Any) -> None:
        """Change these conditions from the client to the server."""
        await self._ask("up", conditions)

    async def set_down(self, **conditions: Any) -> None:
        """Change these conditions from the server to the client."""
        await self._ask("down", conditions)

    async def counts(self) -> dict[str, dict[str, int]]:
        """By direction: packets, bytes, delivered, delivered_bytes, lost, queue_full, blocked, reordered."""
        return await self._ask("counts", {})

    async def _ask(self, verb: str, conditions: dict[str, Any]) -> Any:
        words = (f"{name}={_word(value)}" for name, value in conditions.items())
        loop = asyncio.get_running_loop()
        async with self._turn:
            await loop.sock_sendall(self._commands, f"{' '.join((verb, *words))}\n".encode())
            while b"\n" not in self._unread:
                read = await loop.sock_recv(self._commands, 4096)
                assert read, f"the link emulator ended: {self._unread.decode()}"
                self._unread += read
            line, self._unread = self._unread.split(b"\n", 1)
        answer = json.loads(line)
        assert "error" not in answer, answer["error"]
        return answer

    async def _stop(self) -> None:
        self._commands.close()
        async with asyncio.timeout(_STOP_SECONDS):
            code = await self._process.wait()
        assert code == 0, f"the link emulator ended with {code}"


@contextlib.asynccontextmanager
async def link(client: Namespace, server: Namespace, *, seed: int = 1, **conditions: Any) -> AsyncIterator[Link]:
    """Join `client` to `server` by an interface `client` has from then on, called `Link.device`, with an address of
    each family. The first link is the client's way to everywhere; what has a later one's address goes through that.
    """
    number = next(_numbers) % 250 + 1
    device = f"link{number}"
    addresses = (f"10.78.{number}.2", f"fd78:{number:x}::2")
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    with contextlib.closing(ours), _tun(client, device) as near, _tun(server, device) as far:
        client.give(device, f"{addresses[0]}/24", f"{addresses[1]}/64")
        client.addresses += addresses
        for family, address in zip(("-4", "-6"), addresses, strict=True):
            client.ip(
                f"route add default dev {device} src {address} metric {number}",
                f"route add default dev {device} src {address} table {number}",
                # Looked at last: with the device down its address reaches nobody, as with a carrier that lets
                # nobody else's through.
                f"rule add from {address} unreachable",
                f"rule add from {address} table {number}",
                family=family,
            )
        server.ip(
            f"link set {device} up",
            f"route add 10.78.{number}.0/24 dev {device}",
            f"route add fd78:{number:x}::/64 dev {device}",
        )
        with theirs:
            process = await asyncio.create_subprocess_exec(
                PROGRAM, str(seed), stdin=near, stdout=far, stderr=theirs.fileno()
            )
        running = Link(process, ours, device, addresses)
        try:
            await running.set(**conditions)
            yield running
        finally:
            await running._stop()


@contextlib.contextmanager
def _tun(host: Namespace, device: str) -> Iterator[int]:
    """A TUN device of `host`, there while its descriptor is open."""
    with host.entered():
        try:
            fd = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError as error:
            raise AssertionError(
                f"The link emulator needs /dev/net/tun, readable and writable: {error.strerror}"
            ) from None
        try:
            fcntl.ioctl(fd, _TUNSETIFF, struct.pack("16sH22x", device.encode(), _IFF_TUN | _IFF_NO_PI))
            host.ip(f"link set {device} txqueuelen {_DEVICE_QUEUE}")
            yield fd
        finally:
            os.close(fd)


def _word(value: object) -> str:
    if value is None:
        return "none"
    if isinstance(value, tuple):
        return ",".join(map(str, value))
    return str(int(value) if isinstance(value, bool) else value)
