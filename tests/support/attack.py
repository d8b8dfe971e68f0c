"""Floods: datagrams at a rate, in runs that the kernel cuts apart (UDP_SEGMENT), so that a hundred thousand a second
cost a tenth of a core; or each for itself, as they come from a network. To loopback only, and for a few seconds only.
"""

import contextlib
import ctypes
import errno
import os
import socket
import struct
import time
from collections.abc import Callable, Sequence

_UDP_SEGMENT = 103
_RUN = 40
"""Datagrams of a run: 64 at most, and 64 kB."""
_TICK = 0.002
_LONGEST = 5.0
"""Seconds."""


def flood(to: socket.socket, datagrams: Sequence[bytes], *, rate: float, seconds: float, together: bool = True) -> int:
    """Send `rate` datagrams a second over a connected socket, in order and from the start again; how many were sent.

    All of equal size. `together`: in runs. Meant for a thread: `asyncio.to_thread(flood, ...)`.
    """
    assert seconds <= _LONGEST
    assert to.getpeername()[0].startswith("127.")
    to.setblocking(False)  # a socket that a client shares with its loop stays as that wants it
    pieces = [datagrams[at : at + _RUN] for at in range(0, len(datagrams), _RUN)]
    sends = [_run(to, piece) if together else _batch(to, piece) for piece in pieces]
    began, sent, place = time.monotonic(), 0, 0
    while (elapsed := time.monotonic() - began) < seconds:
        # Whoever is late by more than a few ticks does not make up for it: the rate is the most there is.
        owed = min(elapsed * rate - sent, rate * _TICK * 10)
        with contextlib.suppress(BlockingIOError):  # a full buffer drains within the tick
            while owed >= 1:
                count = sends[place % len(sends)]()
                owed -= count
                sent += count
                place += 1
        time.sleep(_TICK)
    return sent


def _run(to: socket.socket, datagrams: Sequence[bytes]) -> Callable[[], int]:
    """Sends them as one message, and says how many they are."""
    (size,) = {len(datagram) for datagram in datagrams}
    segment = [(socket.IPPROTO_UDP, _UDP_SEGMENT, struct.pack("H", size))]
    run = b"".join(datagrams)

    def send() -> int:
        to.sendmsg([run], segment)
        return len(datagrams)

    return send


class _Vector(ctypes.Structure):
    _fields_ = (("base", ctypes.c_char_p), ("len", ctypes.c_size_t))


class _Header(ctypes.Structure):
    """`struct msghdr` of recvmsg(2)."""

    _fields_ = (
        ("name", ctypes.c_void_p),
        ("name_len", ctypes.c_uint32),
        ("vectors", ctypes.POINTER(_Vector)),
        ("vector_count", ctypes.c_size_t),
        ("control", ctypes.c_void_p),
        ("control_len", ctypes.c_size_t),
        ("flags", ctypes.c_int),
    )


class _Message(ctypes.Structure):
    """`struct mmsghdr` of sendmmsg(2)."""

    _fields_ = (("header", _Header), ("sent", ctypes.c_uint))


_libc = ctypes.CDLL(None, use_errno=True)
"""Calls through it leave the interpreter to the other threads, which are the bystanders'."""


def _batch(to: socket.socket, datagrams: Sequence[bytes]) -> Callable[[], int]:
    """Sends them as a message each, in one call, and says how many the kernel took."""
    vectors = (_Vector * len(datagrams))(*((datagram, len(datagram)) for datagram in datagrams))
    messages = (_Message * len(datagrams))()
    for message, vector in zip(messages, vectors, strict=True):
        message.header.vectors, message.header.vector_count = ctypes.pointer(vector), 1

    def send() -> int:
        sent = int(_libc.sendmmsg(to.fileno(), messages, len(vectors), 0))  # which hold the datagrams
        if sent < 0:
            error = ctypes.get_errno()
            raise BlockingIOError(error, "") if error == errno.EAGAIN else OSError(error, os.strerror(error))
        return sent

    return send


def stranger(port: int, address: str = "127.9.9.9") -> socket.socket:
    """A socket of nobody's, connected to a port of the relay."""
    made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    made.bind((address, 0))
    made.connect(("127.0.0.1", port))
    return made


def handshake_piece(number: int) -> bytes:
    """A DTLS record with a piece of a ClientHello that has 2^24 - 1 bytes (RFC 6347, 4.2.2): more is to come."""
    piece = os.urandom(500)
    header = b"\x01" + (2**24 - 1).to_bytes(3, "big") + bytes(2) + (number * 500).to_bytes(3, "big")
    body = header + len(piece).to_bytes(3, "big") + piece
    return b"\x16\xfe\xfd" + number.to_bytes(8, "big") + len(body).to_bytes(2, "big") + body
