"""One page's socket: who is behind it, where it belongs, how much it may ask."""

import asyncio
from typing import TYPE_CHECKING

from room_server.ids import ParticipantId
from room_server.signalling.limits import TokenBucket
from room_server.signalling.wire import Line

if TYPE_CHECKING:
    from room_server.signalling.hall import RunningHall


class Connection:
    """From connect to disconnect. `network` is the client's address prefix."""

    def __init__(self, line: Line, network: str, now: float) -> None:
        self.line = line
        self.network = network
        self.bucket = TokenBucket(now)
        self.participant: ParticipantId | None = None
        self.hall: RunningHall | None = None
        self.entering = False
        """A join or resume is under way."""
        self.open = True
        self.deadline: asyncio.TimerHandle | None = None
        """Cuts it off unless it joins in time."""

    def belongs_to(self, hall: "RunningHall", participant: ParticipantId) -> None:
        """It has joined."""
        self.hall, self.participant = hall, participant
        self.stop_deadline()

    def detach(self) -> None:
        """It belongs to nobody any more: whatever becomes of it concerns no town hall."""
        self.hall = self.participant = None

    def stop_deadline(self) -> None:
        """It has joined, or is gone."""
        if self.deadline:
            self.deadline.cancel()
            self.deadline = None
