"""Call reports: what became of each participant's connection, for whoever is asked about it afterwards.

In memory only, bounded, and without addresses: what a page says of its quality once a minute, and what happened when.
"""

from collections import OrderedDict, deque
from collections.abc import Callable, Iterable
from typing import Any

import msgspec

from room_server.ids import ParticipantId
from room_server.quality import Quality
from room_server.session.plane import MediaSession
from room_server.townhall.participant import Participant

# Half an hour: support is asked while it goes wrong or soon after. With 5,000 people these take about 20 MB.
_MINUTES = 30
_HAPPENINGS = 24
# Of those who have left; more would be an archive.
_GONE = 500


class Minute(msgspec.Struct, frozen=True, gc=False):
    """What a page said, and when (seconds since 1970)."""

    at: float
    quality: Quality


class Happening(msgspec.Struct, frozen=True, gc=False):
    """Something that happened to a connection."""

    at: float
    what: str


class Report(msgspec.Struct):
    """One participant's connection so far."""

    participant: ParticipantId
    happenings: deque[Happening] = msgspec.field(default_factory=lambda: deque(maxlen=_HAPPENINGS))
    minutes: deque[Minute] = msgspec.field(default_factory=lambda: deque(maxlen=_MINUTES))


def came(back: bool, with_media: bool) -> str:
    """How an entry reads in the report."""
    return ("came back" if back else "came") + (" with new media" if with_media else "")


class Reports:
    """Of one town hall."""

    def __init__(self) -> None:
        self._here: dict[ParticipantId, Report] = {}
        self._gone: OrderedDict[ParticipantId, Report] = OrderedDict()

    def note(self, id: ParticipantId, what: str, now: float) -> None:
        """Something happened to this participant's connection."""
        self._of(id).happenings.append(Happening(now, what))

    def quality(self, id: ParticipantId, quality: Quality, now: float) -> None:
        """Their page has said how the last minute was."""
        self._of(id).minutes.append(Minute(now, quality))

    def left(self, id: ParticipantId, what: str, now: float) -> None:
        """They take part no longer; the report is kept among the latest of those who left."""
        self.note(id, what, now)
        self._gone[id] = self._here.pop(id)
        while len(self._gone) > _GONE:
            self._gone.popitem(last=False)

    async def views(
        self, people: Iterable[Participant], session_of: Callable[[ParticipantId], MediaSession | None]
    ) -> list[dict[str, Any]]:
        """Who is here, with what the relay has counted for them; then who has left, the latest last."""
        named = {person.id: person for person in people}
        views = []
        for report in [*self._here.values(), *self._gone.values()]:
            person, session = named.get(report.participant), session_of(report.participant)
            views.append(
                {
                    "participant": report.participant,
                    "happenings": msgspec.to_builtins(list(report.happenings)),
                    "minutes": msgspec.to_builtins(list(report.minutes)),
                    "name": person.name if person else None,
                    "presence": person.presence if person else None,
                    "relay": await session.counters() if session else {},
                }
            )
        return views

    def _of(self, id: ParticipantId) -> Report:
        if (known := self._here.get(id)) is None:
            known = self._here[id] = self._gone.pop(id) if id in self._gone else Report(id)
        return known
