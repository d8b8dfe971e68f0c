"""One page's socket: who is behind it, where it belongs, how much it may ask."""

import asyncio
from typing import TYPE_CHECKING

from room_server.ids import ParticipantId
from room_server.signalling.doorstep import Doorstep
from room_server.signalling.limits import TokenBucket
from room_server.signalling.wire import Line

if TYPE_CHECKING:
    from room_server.signalling.hall import RunningHall


class Connection:
    """From the opening of the socket to its end. `network` is the client's address prefix."""

    def __init__(self, line: Line, network: str, doorstep: Doorstep, now: float) -> None:
        self.line = line
        self.network = network
        self.bucket = TokenBucket(now)
        self.participant: ParticipantId | None = None
        self.hall: RunningHall | None = None
        self.entering: asyncio.Task[object] | None = None
        """The join or resume under way."""
        self.open = True
        self._doorstep = doorstep
        doorstep.wait(self)

    def belongs_to(self, hall: "RunningHall", participant: ParticipantId) -> None:
        """It has joined."""
        self.hall, self.participant = hall, participant
        self._doorstep.leave(self)

    def detach(self) -> None:
        """It belongs to nobody any more: whatever becomes of it concerns no town hall."""
        self.hall = self.participant = None
        if self.open:
            self._doorstep.wait(self)

    def lose(self) -> None:
        """The page has left the namespace: what it holds is lost, and a join under way is given up."""
        if self.entering is not None:
            self.entering.cancel()
        if self.hall is not None:
            self.hall.lose(self)

    def close(self) -> None:
        """The socket is gone."""
        self.open = False
        self.lose()
        self._doorstep.leave(self)
