"""The link emulator between two namespaces: what it carries, loses, delays and blocks."""

import asyncio
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.support.browser import until
from tests.support.link import Link, link
from tests.support.network import Namespace

SERVER = ("10.77.0.1/24", "fd77::1/64")
FAMILIES = [socket.AF_INET, socket.AF_INET6]

# Sends and counts datagrams on a connected socket, both at once: a packet of 500 bytes every 200 microseconds is
# 5,000 packets and 20 Mbit/s. A process of its own, so that the test's own work does not count.
TRAFFIC = """
import select, socket, sys, time
name, port, other, other_port, seconds = sys.argv[1:]
end = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
end.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
end.bind((name, int(port)))
end.connect((other, int(other_port)))
end.setblocking(False)
started = last = time.monotonic()
sent = received = 0
while last < started + float(seconds) + 1:
    while sent < (last - started) * 5000 and sent < float(seconds) * 5000:
        end.send(bytes(472))
        sent += 1
    select.select([end], [], [], 0.001)
    try:
        while True:
            received += len(end.recv(2000)) == 472
    except (BlockingIOError, ConnectionRefusedError):
        pass
    last = time.monotonic()
print(sent, received)
"""


@contextmanager
def two_hosts() -> Iterator[tuple[Namespace, Namespace]]:
    """A client without an interface, and a server."""
    with Namespace() as client, Namespace(*SERVER) as server:
        yield client, server


@contextmanager
def echo(client: Namespace, server: Namespace, family: socket.AddressFamily) -> Iterator[tuple[socket.socket, ...]]:
    """Datagram sockets of the server and of the client, the latter connected."""
    index = FAMILIES.index(family)
    with server.socket(family) as there, client.socket(family) as here:
        there.bind((server.addresses[index], 0))
        here.bind((client.addresses[index], 0))
        here.connect(there.getsockname()[:2])
        for end in (here, there):
            end.setblocking(False)
        yield there, here


async def counted(poor: Link, name: str, wanted: int) -> bool:
    """Whether this many went up and became that."""
    return (await poor.counts())["up"][name] >= wanted


@pytest.mark.parametrize("family", FAMILIES)
async def test_delay_and_loss_are_those_that_were_set(family: socket.AddressFamily) -> None:
    loop = asyncio.get_running_loop()
    with two_hosts() as (client, server):
        async with link(client, server, delay=30) as poor:
            with echo(client, server, family) as (there, here):
                took = []
                for number in range(10):
                    began = time.monotonic()
                    here.send(bytes([number]))
                    async with asyncio.timeout(5):
                        data, back = await loop.sock_recvfrom(there, 100)
                        there.sendto(data, back)
                        assert await loop.sock_recv(here, 100) == bytes([number])
                    took.append(time.monotonic() - began)
                assert min(took) >= 0.06
                assert statistics.median(took) < 0.12

                await poor.set_up(delay=0, loss=0.25)
                before = (await poor.counts())["up"]
                for _ in range(1000):
                    here.send(b"x")
                await until(lambda: counted(poor, "packets", before["packets"] + 1000), seconds=5)
                assert 180 < (await poor.counts())["up"]["lost"] - before["lost"] < 320


async def test_a_cut_and_blocked_udp_let_nothing_pass_until_they_end() -> None:
    loop = asyncio.get_running_loop()
    with two_hosts() as (client, server):
        async with link(client, server) as poor:
            with echo(client, server, socket.AF_INET) as (there, here):
                for number, condition in enumerate(("cut", "udp_blocked")):
                    await poor.set(**{condition: True})
                    here.send(b"lost")
                    await until(lambda number=number: counted(poor, "blocked", number + 1), seconds=5)
                    await poor.set(**{condition: False})
                    here.send(condition.encode())
                    async with asyncio.timeout(5):
                        assert await loop.sock_recv(there, 100) == condition.encode()


async def test_a_rebinding_is_another_port_and_answers_find_back() -> None:
    loop = asyncio.get_running_loop()
    with two_hosts() as (client, server):
        async with link(client, server) as poor:
            with echo(client, server, socket.AF_INET) as (there, here):
                seen = set()
                for rebind in (0, 1, 2):
                    await poor.set(rebind=rebind)
                    here.send(b"hello")
                    async with asyncio.timeout(5):
                        _, back = await loop.sock_recvfrom(there, 100)
                        there.sendto(b"welcome", back)
                        assert await loop.sock_recv(here, 100) == b"welcome"
                    seen.add(back)
                assert len(seen) == 3


async def test_a_mistake_in_the_conditions_is_told() -> None:
    with two_hosts() as (client, server):
        async with link(client, server) as poor:
            with pytest.raises(AssertionError, match="loss=2"):
                await poor.set(loss=2)


async def test_it_carries_20_megabits_and_5000_packets_a_second_each_way() -> None:
    seconds = 2
    with two_hosts() as (client, server):
        async with link(client, server, delay=20, rate=40_000_000) as poor:
            ends = [(client, client.address, "7001", server.address, "7002")]
            ends.append((server, server.address, "7002", client.address, "7001"))
            running = [
                await asyncio.create_subprocess_exec(
                    *host.command(sys.executable, "-c", TRAFFIC, *addresses, str(seconds)), stdout=subprocess.PIPE
                )
                for host, *addresses in ends
            ]
            counted = [tuple(map(int, (await process.communicate())[0].split())) for process in running]
            counts = await poor.counts()
    (up_sent, down_received), (down_sent, up_received) = counted
    assert up_sent == down_sent == 5000 * seconds
    # What the first end sent before the second was there is refused at its door, not lost on the way.
    assert counts["up"]["delivered"] >= up_sent
    assert counts["down"]["delivered"] >= down_sent
    assert min(up_received, down_received) >= 0.8 * 5000 * seconds
