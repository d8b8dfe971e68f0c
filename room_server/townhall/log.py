"""The recent events of a town hall, for those who come back."""

from collections import deque
from collections.abc import Iterable

from room_server.ids import ParticipantId
from room_server.townhall.event import Recorded

# A snapshot costs about as much as 50 events; what is further back than ten times that is not worth keeping.
_KEPT = 500


class EventLog:
    """A bounded ring of events with unbroken revisions."""

    def __init__(self, revision: int, kept: int = _KEPT) -> None:
        self.revision = revision
        """The newest revision; before the first event, the one it will follow."""
        self._events: deque[Recorded] = deque(maxlen=kept)

    def extend(self, events: Iterable[Recorded]) -> None:
        """Append events whose revisions follow on."""
        for recorded in events:
            self._events.append(recorded)
            self.revision = recorded.revision

    def since(self, revision: int, participant: ParticipantId, *, staff: bool) -> tuple[Recorded, ...] | None:
        """What this participant may see of what came after `revision`; None if that can no longer be told."""
        oldest = self._events[0].revision if self._events else self.revision + 1
        if not oldest - 1 <= revision <= self.revision:
            return None
        missed = list(self._events)[revision - oldest + 1 :]
        return tuple(recorded for recorded in missed if recorded.visible_to(participant, staff=staff))
