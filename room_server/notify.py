"""Tells whoever started this process how it is doing: systemd's `Type=notify`, and the launcher of `make run`.

The protocol of sd_notify(3): a datagram to the UNIX socket that NOTIFY_SOCKET names.
"""

import os
import socket

READY = "READY=1"
STOPPING = "STOPPING=1"


def notify(state: str) -> None:
    """Send `state`; nothing happens where nobody asked."""
    address = os.environ.get("NOTIFY_SOCKET")
    if not address:
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sender:
        try:
            # "@" stands for the abstract namespace.
            sender.connect("\0" + address[1:] if address.startswith("@") else address)
            sender.send(state.encode())
        except OSError:
            # Whoever wanted to know is gone; the server is not.
            return
