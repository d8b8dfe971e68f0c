"""The TCP listeners: sockets bound before anything else starts, so that a port taken is one clear line."""

import errno
import socket
import ssl
from collections.abc import Sequence

from aiohttp import web

# A town hall starts at a full hour: hundreds connect in the same second.
_BACKLOG = 1024
_NO_SUCH_ADDRESS = frozenset({errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT})
_ANY_IPV6 = "::"


class PortError(Exception):
    """A listener cannot have its address; the message names address, port and setting."""


def listen(addresses: Sequence[str], port: int, setting: str) -> list[socket.socket]:
    """Listening sockets, one per address, all on one port (0: the kernel's choice). `PortError`.

    Machines without IPv6 go without "::" and "::1" where another address is there.
    """
    sockets: list[socket.socket] = []
    try:
        for address in addresses:
            try:
                sockets.append(_bind(address, port))
            except OSError as error:
                optional = address in (_ANY_IPV6, "::1") and len(addresses) > 1
                if not (optional and error.errno in _NO_SUCH_ADDRESS):
                    raise PortError(_explain(error, address, port, setting)) from None
            else:
                port = sockets[0].getsockname()[1]
    except PortError:
        for opened in sockets:
            opened.close()
        raise
    return sockets


async def serve(runner: web.AppRunner, sockets: Sequence[socket.socket], tls: ssl.SSLContext | None) -> None:
    """Start taking connections. The sockets belong to the runner from here on."""
    for opened in sockets:
        await web.SockSite(runner, opened, ssl_context=tls, backlog=_BACKLOG).start()


def _bind(address: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    opened = socket.socket(family, socket.SOCK_STREAM)
    try:
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            # "0.0.0.0" has IPv4.
            opened.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        opened.bind((address, port))
        opened.listen(_BACKLOG)
        opened.setblocking(False)
    except OSError:
        opened.close()
        raise
    return opened


def _explain(error: OSError, address: str, port: int, setting: str) -> str:
    if error.errno == errno.EADDRINUSE:
        return (
            f"TCP port {port} on {address} is taken by another program: choose another {setting} or stop that program"
        )
    if error.errno == errno.EACCES:
        remedy = f"choose a {setting} above 1023 or grant CAP_NET_BIND_SERVICE"
        return f"TCP port {port} on {address} needs a privilege: {remedy}"
    return f"TCP port {port} on {address} cannot be opened ({error.strerror}): check {setting} and http.bind"
