"""One town hall: commands and times go in, events come out. It reads no clock and waits for nothing."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field

from room_server.errors import RoomError
from room_server.ids import LinkId, ParticipantId
from room_server.townhall import floor, kept, lobby, programme
from room_server.townhall.commands import AnyCommand, type_of
from room_server.townhall.event import Recorded
from room_server.townhall.log import EventLog
from room_server.townhall.participant import Arrival, Participant
from room_server.townhall.registry import HANDLERS
from room_server.townhall.snapshot import Snapshot, snapshot
from room_server.townhall.state import Seat, Settings, State
from room_server.townhall.values import Phase


@dataclass(frozen=True, slots=True)
class Applied:
    """What a change has brought about, and what its author is told beyond the revision."""

    events: tuple[Recorded, ...]
    result: dict[str, object] = field(default_factory=dict)


class TownHall:
    """The rules of one town hall. A `RoomError` from any method means that nothing has changed.

    `revision` is where its events begin to count: higher than any that an earlier run of the same town hall gave out.
    """

    def __init__(self, settings: Settings, phase: Phase, revision: int) -> None:
        seats = [Seat(number) for number in range(1, settings.seats + 1)]
        self._state = State(settings=settings, phase=phase, revision=revision, seats=seats)
        self._log = EventLog(revision)

    @property
    def settings(self) -> Settings:
        """What was decided when it was scheduled."""
        return self._state.settings

    @property
    def phase(self) -> Phase:
        """Where it stands."""
        return self._state.phase

    @property
    def revision(self) -> int:
        """The number of its newest event."""
        return self._log.revision

    @property
    def seats(self) -> Sequence[Seat]:
        """The stage, seat 1 first; to read only."""
        return self._state.seats

    @property
    def screen(self) -> ParticipantId | None:
        """Who shares a screen."""
        return self._state.screen

    def person(self, id: ParticipantId) -> Participant | None:
        """Somebody who takes part."""
        return self._state.people.get(id)

    def people(self) -> Sequence[Participant]:
        """Everybody who takes part, in the order of arrival."""
        return tuple(self._state.people.values())

    def came_by(self, link: LinkId) -> Sequence[ParticipantId]:
        """Who came by this link."""
        return tuple(person.id for person in self._state.people.values() if person.link == link)

    def hand_positions(self) -> dict[ParticipantId, int]:
        """Everybody's place in the queue, from 1."""
        return {id: place for place, id in enumerate(self._state.hands, 1)}

    def apply(self, command: AnyCommand, by: ParticipantId, now: float) -> Applied:
        """Do what a participant asks. `RoomError` with the codes of PROTOCOL.md."""
        author = self._state.people.get(by)
        if author is None:
            raise RoomError("not_joined", "Join the town hall first.", status=403)
        if command.needs not in author.permissions:
            raise RoomError("forbidden", f"Your roles do not allow {type_of(type(command))}.", status=403)
        if self.phase not in command.phases:
            raise RoomError("wrong_phase", f"That cannot be done while the town hall is {self.phase}.", status=409)
        result = HANDLERS[type(command)](self._state, command, author, now)
        return self._applied(result)

    def check_admission(self, arrival: Arrival) -> None:
        """What `join` would say. `RoomError`: malformed, too_long, removed, town_hall_closed, town_hall_full."""
        lobby.check_admission(self._state, arrival.named())

    def join(self, arrival: Arrival) -> Applied:
        """Somebody comes in, or comes back to what they held. `RoomError`: as `check_admission`."""
        return self._change(lambda: lobby.join(self._state, arrival.named()))

    def lose(self, id: ParticipantId, now: float, seen: float) -> Applied:
        """Somebody's line is lost; their last sign of life was at `seen`. `tick` does the rest."""
        return self._change(lambda: lobby.lose(self._state, id, now, seen))

    def close_page(self, id: ParticipantId, now: float, ticket: str) -> Applied:
        """Somebody who takes part has closed their page; an arrival with the same ticket has only reloaded it."""
        return self._change(lambda: lobby.close_page(self._state, id, now, ticket))

    def seen(self, id: ParticipantId, now: float) -> None:
        """A sign of life from somebody whose line is lost."""
        lobby.seen(self._state, id, now)

    def put_out(self, id: ParticipantId) -> Applied:
        """By order of the house, which also says who comes in again. `RoomError`: no_such_participant."""
        return self._change(lambda: lobby.depart(self._state, self._state.person(id).id, "removed"))

    def open(self) -> Applied:
        """scheduled -> backstage. `RoomError`: wrong_phase."""
        return self._change(lambda: programme.open_backstage(self._state))

    def close(self) -> Applied:
        """any -> closed, by order of the house; closing what is closed does nothing."""
        return self._change(lambda: programme.end(self._state))

    def tick(self, now: float) -> Applied:
        """Whatever time alone brings about; due at `deadline`."""
        floor.expire(self._state, now)
        lobby.expire(self._state, now)
        return self._applied({})

    def deadline(self) -> float | None:
        """When `tick` may have something to do; None while there is nothing to wait for."""
        due = [*self._state.invitations.values(), lobby.deadline(self._state)]
        return min((at for at in due if at is not None), default=None)

    def snapshot(self, viewer: ParticipantId, now: float, speaker: int = 0) -> Snapshot:
        """The town hall as `viewer`, who takes part, may see it."""
        return snapshot(self._state, self._state.people[viewer], now, speaker)

    def since(self, revision: int, viewer: ParticipantId) -> tuple[Recorded, ...] | None:
        """What `viewer`, who takes part, has missed since `revision`; None if only a snapshot can tell."""
        return self._log.since(revision, viewer, staff=self._state.people[viewer].staff)

    def keep(self, keys: Collection[str], now: float) -> dict[str, str | None]:
        """What must outlive the process under these keys of `kept`; None: nothing any more."""
        return kept.keep(self._state, keys, now)

    def restore(self, values: Mapping[str, str], now: float) -> None:
        """A new one becomes what `keep` has written: everybody in their place, and reconnecting.

        `ValueError`: it cannot be read; nothing has changed.
        """
        kept.restore(self._state, values, now)
        lobby.reckon(self._state)
        self._log = EventLog(self._state.revision)

    def _change(self, change: Callable[[], None]) -> Applied:
        change()
        return self._applied({})

    def _applied(self, result: dict[str, object]) -> Applied:
        events = self._state.take_events()
        self._log.extend(events)
        return Applied(events, result)
