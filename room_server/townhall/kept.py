"""What of a town hall outlives the process: small values by key, each replaced whole.

Everybody has a value of their own, so that a join costs one row whatever the size of the audience; the stage with the
way to it is one more. The phase is not among them: it is part of the town hall's own record.
"""

from collections.abc import Collection, Iterable, Mapping

import msgspec

from room_server.ids import LinkId, ParticipantId
from room_server.townhall.event import (
    HandsChanged,
    InvitationEnded,
    Invited,
    Joined,
    Left,
    PresenceChanged,
    Recorded,
    Renamed,
    RolesChanged,
    SeatsChanged,
)
from room_server.townhall.participant import Participant
from room_server.townhall.roles import Role
from room_server.townhall.state import Absence, State

STAGE = "stage"
REVISION = "revision"
_PERSON = "p:"

_encoder = msgspec.json.Encoder()


class KeptPerson(msgspec.Struct, frozen=True, omit_defaults=True):
    """Somebody who takes part. `silent`: how long there had been no sign of life when it was written, in seconds."""

    name: str
    roles: tuple[Role, ...]
    link: LinkId
    speaks: bool
    silent: float = 0.0


class KeptSeat(msgspec.Struct, frozen=True, omit_defaults=True):
    """A seat that is taken."""

    seat: int
    occupant: ParticipantId
    microphone: bool = False
    camera: bool = False
    muted_by: ParticipantId | None = None


class KeptStage(msgspec.Struct, frozen=True, omit_defaults=True):
    """Who sits where, and who waits: hands first come first, both with times in seconds since 1970."""

    seats: tuple[KeptSeat, ...] = ()
    screen: ParticipantId | None = None
    hands: tuple[tuple[ParticipantId, float], ...] = ()
    invitations: tuple[tuple[ParticipantId, float], ...] = ()


def touched(events: Iterable[Recorded]) -> set[str]:
    """The keys whose values these events have changed."""
    keys = set()
    for recorded in events:
        match recorded.event:
            case Joined(participant=person) | RolesChanged(participant=person):
                keys.add(_PERSON + person.id)
            case PresenceChanged(participant=id) | Renamed(participant=id) | Left(participant=id):
                keys.add(_PERSON + id)
            case HandsChanged() | SeatsChanged() | Invited() | InvitationEnded():
                keys.add(STAGE)
    return keys


def keep(state: State, keys: Collection[str], now: float) -> dict[str, str | None]:
    """The values of these keys as JSON, None where there is nothing to keep; the revision comes with any of them."""
    values: dict[str, str | None] = dict.fromkeys((*keys, REVISION))
    if not state.people:
        return {**values, STAGE: None}
    for key in values:
        if key == REVISION:
            values[key] = str(state.revision)
        elif key == STAGE:
            values[key] = _encoder.encode(_stage(state)).decode()
        elif person := state.people.get(ParticipantId(key.removeprefix(_PERSON))):
            values[key] = _encoder.encode(_person(state, person, now)).decode()
    return values


def restore(state: State, kept: Mapping[str, str], now: float) -> None:
    """Everybody is where they were, and is reconnecting: time stood still while the process was away.

    `ValueError`: a value cannot be read; nothing has changed.
    """
    try:
        stage = msgspec.json.decode(kept.get(STAGE, "{}"), type=KeptStage)
        people = {
            ParticipantId(key.removeprefix(_PERSON)): msgspec.json.decode(value, type=KeptPerson)
            for key, value in kept.items()
            if key.startswith(_PERSON)
        }
    except msgspec.DecodeError as error:
        raise ValueError(str(error)) from None
    state.revision = max(state.revision, int(kept.get(REVISION, 0)) + 1)
    for id, person in people.items():
        state.people[id] = Participant(
            id, person.name, frozenset(person.roles), person.link, person.speaks, "reconnecting"
        )
        state.absent[id] = Absence(lost=now, seen=now - person.silent)
    _set_stage(state, stage)


def _person(state: State, person: Participant, now: float) -> KeptPerson:
    absence = state.absent.get(person.id)
    silent = max(0.0, now - absence.seen) if absence else 0.0
    return KeptPerson(person.name, tuple(sorted(person.roles)), person.link, person.speaks, silent)


def _stage(state: State) -> KeptStage:
    return KeptStage(
        seats=tuple(
            KeptSeat(seat.number, seat.occupant, seat.microphone, seat.camera, seat.muted_by)
            for seat in state.seats
            if seat.occupant
        ),
        screen=state.screen,
        hands=tuple(state.hands.items()),
        invitations=tuple(state.invitations.items()),
    )


def _set_stage(state: State, stage: KeptStage) -> None:
    kept = {seat.seat: seat for seat in stage.seats if seat.occupant in state.people}
    for seat in state.seats:
        if was := kept.get(seat.number):
            seat.occupy(was.occupant)
            seat.microphone, seat.camera, seat.muted_by = was.microphone, was.camera, was.muted_by
    state.screen = stage.screen if stage.screen and state.seat_of(stage.screen) else None
    state.hands = {id: since for id, since in stage.hands if id in state.people}
    state.invitations = {id: expires for id, expires in stage.invitations if id in state.people}
