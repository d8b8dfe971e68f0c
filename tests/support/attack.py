"""Floods: datagrams at a rate, in runs that the kernel cuts apart (UDP_SEGMENT), so that a hundred thousand a second
cost a tenth of a core. To loopback only, and for a few seconds only.
"""

import contextlib
import socket
import struct
import time
from collections.abc import Sequence

_UDP_SEGMENT = 103
_RUN = 40
"""Datagrams of a run: 64 at most, and 64 kB."""
_TICK = 0.002
_LONGEST = 5.0
"""Seconds."""


def flood(to: socket.socket, datagrams: Sequence[bytes], *, rate: float, seconds: float) -> int:
    """Send `rate` datagrams a second over a connected socket, in order and from the start again; how many were sent.

    All of equal size. Meant for a thread: `asyncio.to_thread(flood, ...)`.
    """
    assert seconds <= _LONGEST
    assert to.getpeername()[0].startswith("127.")
    (size,) = {len(datagram) for datagram in datagrams}
    segment = [(socket.IPPROTO_UDP, _UDP_SEGMENT, struct.pack("H", size))]
    to.setblocking(False)  # a socket that a client shares with its loop stays as that wants it
    runs = [b"".join(datagrams[at : at + _RUN]) for at in range(0, len(datagrams), _RUN)]
    counts = [len(run) // size for run in runs]
    began, sent, place = time.monotonic(), 0, 0
    while (elapsed := time.monotonic() - began) < seconds:
        # Whoever is late by more than a few ticks does not make up for it: the rate is the most there is.
        owed = min(elapsed * rate - sent, rate * _TICK * 10)
        with contextlib.suppress(BlockingIOError):  # a full buffer drains within the tick
            while owed >= 1:
                at = place % len(runs)
                to.sendmsg([runs[at]], segment)
                owed -= counts[at]
                sent += counts[at]
                place += 1
        time.sleep(_TICK)
    return sent


def stranger(port: int, address: str = "127.9.9.9") -> socket.socket:
    """A socket of nobody's, connected to a port of the relay."""
    made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    made.bind((address, 0))
    made.connect(("127.0.0.1", port))
    return made
