"""The one ordered writer of a town hall: whatever its pages are told passes here, in the order of revisions."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import msgspec

from room_server.ids import ParticipantId
from room_server.signalling.notices import AnyNotice, AudienceCount, MyHand, Notice
from room_server.signalling.wire import encode
from room_server.townhall.event import Event, HandsChanged, Recorded, SeatsChanged

# What happens within one gesture (seat, hand, invitation) leaves as one message; a person does not see 20 ms.
SOON = 0.02
# Counts and queues may change with each of a thousand people: PROTOCOL.md promises large audiences no more than this.
AT_MOST_EVERY = 2.0
# Up to so many recipients nobody needs to wait for a queue to settle.
_LARGE = 25
# Each of these says all there is to say of its kind, so the newest makes the older superfluous.
_WHOLE = (SeatsChanged, HandsChanged)


class Line(Protocol):
    """Where a message leaves to one page (`wire.Line`)."""

    def send(self, packet: object) -> bool:
        """Queue a packet; False: the page is gone."""


@dataclass(slots=True)
class _Member:
    line: Line
    staff: bool
    revision: int
    """What the page knew when it came; only what is newer is for it."""
    hand: int | None


class Outbox:
    """Bound to the running loop. Nothing here waits: a page that does not keep up is cut off by its line."""

    def __init__(self, revision: int) -> None:
        self._loop = asyncio.get_running_loop()
        self._members: dict[ParticipantId, _Member] = {}
        self._revision = revision
        self._events: list[Recorded] = []
        self._notices: dict[type[Notice], AnyNotice] = {}
        self._hands: Mapping[ParticipantId, int] = {}
        self._due: dict[type[msgspec.Struct], float] = {}
        """When each kind that waits has to leave."""
        self._sent: dict[type[msgspec.Struct], float] = {}
        self._timer: asyncio.TimerHandle | None = None

    def add(self, id: ParticipantId, line: Line, *, staff: bool, revision: int, hand: int | None) -> None:
        """From now on this page gets what is newer than `revision`; it knows its place `hand` in the queue."""
        self._members[id] = _Member(line, staff, revision, hand)

    def discard(self, id: ParticipantId, line: Line) -> None:
        """This page gets nothing more, unless another has taken its place."""
        if self.line_of(id) is line:
            del self._members[id]

    def line_of(self, id: ParticipantId) -> Line | None:
        """The page of a participant."""
        member = self._members.get(id)
        return member.line if member else None

    def lines(self) -> Sequence[Line]:
        """All pages."""
        return [member.line for member in self._members.values()]

    def set_staff(self, id: ParticipantId, staff: bool) -> None:
        """Roles have changed."""
        if member := self._members.get(id):
            member.staff = staff

    def publish(self, events: Sequence[Recorded]) -> None:
        """Queue events for whoever may see them."""
        for recorded in events:
            kind = type(recorded.event)
            if kind in _WHOLE:
                self._events = [older for older in self._events if type(older.event) is not kind]
            self._events.append(recorded)
            self._want(kind, throttled=kind is HandsChanged and self._staff() > _LARGE)

    def count(self, people: int) -> None:
        """How many take part now."""
        self._notices[AudienceCount] = AudienceCount(count=people)
        self._want(AudienceCount, throttled=True)

    def hands(self, positions: Mapping[ParticipantId, int]) -> None:
        """Where everybody stands in the queue; each is told when their own place has changed."""
        self._hands = positions
        self._want(MyHand, throttled=len(positions) > _LARGE)

    def tell_all(self, notice: AnyNotice) -> None:
        """Queue a notice for everybody; a newer one of its kind replaces it."""
        self._notices[type(notice)] = notice
        self._want(type(notice), throttled=False)

    def tell(self, id: ParticipantId, notice: AnyNotice) -> None:
        """Send a notice to one participant at once."""
        if line := self.line_of(id):
            line.send(encode(self._revision, [notice]))

    def flush(self) -> None:
        """Send everything that waits."""
        self._send(set(self._due))

    def close(self) -> None:
        """Send nothing more."""
        if self._timer:
            self._timer.cancel()
        self._members.clear()

    def _staff(self) -> int:
        return sum(member.staff for member in self._members.values())

    def _want(self, kind: type[msgspec.Struct], *, throttled: bool) -> None:
        due = self._loop.time() + SOON
        if throttled and kind in self._sent:
            due = max(due, self._sent[kind] + AT_MOST_EVERY)
        self._due[kind] = min(due, self._due.get(kind, due))
        self._arm()

    def _arm(self) -> None:
        if self._timer:
            self._timer.cancel()
        self._timer = self._loop.call_at(min(self._due.values()), self._send_due) if self._due else None

    def _send_due(self) -> None:
        # The loop may call a little before its own clock says so.
        now = self._loop.time() + SOON / 2
        self._send({kind for kind, due in self._due.items() if due <= now})

    def _send(self, due: set[type[msgspec.Struct]]) -> None:
        events: list[Recorded] = []
        if any(issubclass(kind, Event) for kind in due):
            # What waits leaves before what is newer, so that a revision says that everything up to it has been sent.
            events, self._events = self._events, []
            self._revision = events[-1].revision
            due |= {kind for kind in self._due if issubclass(kind, Event)}
        notices = [self._notices.pop(kind) for kind in list(self._notices) if kind in due]
        for kind in due:
            del self._due[kind]
            self._sent[kind] = self._loop.time()
        self._deliver(events, notices)
        if MyHand in due:
            self._deliver_hands()
        self._arm()

    def _deliver(self, events: Sequence[Recorded], notices: Sequence[AnyNotice]) -> None:
        encoded: dict[tuple[int, ...], object] = {}
        for id, member in list(self._members.items()):
            seen = tuple(i for i, recorded in enumerate(events) if _is_for(recorded, id, member))
            if not seen and not notices:
                continue
            if seen not in encoded:
                encoded[seen] = encode(self._revision, [*(events[i].event for i in seen), *notices])
            member.line.send(encoded[seen])

    def _deliver_hands(self) -> None:
        for id, member in list(self._members.items()):
            position = self._hands.get(id)
            if position != member.hand:
                member.hand = position
                member.line.send(encode(self._revision, [MyHand(position=position)]))


def _is_for(recorded: Recorded, id: ParticipantId, member: _Member) -> bool:
    return recorded.revision > member.revision and recorded.visible_to(id, staff=member.staff)
