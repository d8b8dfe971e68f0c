"""Sockets that belong to nobody: each has to join within a time, and only so many may wait at once."""

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from room_server.signalling.connection import Connection

# A page joins as soon as its socket is open; whoever does not holds a socket for nothing.
JOIN_WITHIN = 15.0
# A hall behind one address comes at the pace of the exchange and of the join gate: what waits here is a fraction of it.
PER_NETWORK = 1024
# As many as may wait at the join gate. Each costs some 50 kB.
TOTAL = 4096


class Doorstep:
    """Whoever has joined counts no longer; whoever leaves a town hall and stays connected counts again."""

    def __init__(self, *, per_network: int = PER_NETWORK, total: int = TOTAL, patience: float = JOIN_WITHIN) -> None:
        self._per_network = per_network
        self._total = total
        self._patience = patience
        self._waiting: dict[str, dict[Connection, asyncio.TimerHandle]] = {}
        """Network -> its sockets, oldest first, each with its deadline."""

    def has_room(self, network: str) -> bool:
        """Whether one more may wait. Where all places are taken, the largest crowd gives one to a smaller one."""
        own = len(self._waiting.get(network, ()))
        if own >= self._per_network:
            return False
        if sum(map(len, self._waiting.values())) < self._total:
            return True
        largest = max(self._waiting.values(), key=len)
        idle = next((connection for connection in largest if connection.entering is None), None)
        if idle is None or len(largest) <= own + 1:
            return False
        self.leave(idle)
        idle.line.drop()
        return True

    def wait(self, connection: "Connection") -> None:
        """It belongs to nobody from now on."""
        self.leave(connection)
        timer = asyncio.get_running_loop().call_later(self._patience, self._expire, connection)
        self._waiting.setdefault(connection.network, {})[connection] = timer

    def leave(self, connection: "Connection") -> None:
        """It has joined, or is gone. Idempotent."""
        crowd = self._waiting.get(connection.network, {})
        if timer := crowd.pop(connection, None):
            timer.cancel()
            if not crowd:
                del self._waiting[connection.network]

    def _expire(self, connection: "Connection") -> None:
        if connection.entering is not None:
            # In the queue of the join gate, which is of the server's making.
            self.wait(connection)
        else:
            connection.line.drop()
