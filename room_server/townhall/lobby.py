"""Who takes part: arrivals, presence, names, departures."""

import itertools
import math
from dataclasses import replace
from typing import Literal

from room_server.errors import RoomError
from room_server.ids import ParticipantId
from room_server.townhall import floor, stage
from room_server.townhall.commands import Leave, Remove, Rename, allowed
from room_server.townhall.event import Audience, Joined, Left, PresenceChanged, Renamed, RolesChanged
from room_server.townhall.names import normalise_name
from room_server.townhall.participant import NO_PICTURES, Arrival, Participant
from room_server.townhall.roles import Permission, Role, is_staff
from room_server.townhall.state import Absence, Place, State
from room_server.townhall.values import Pictures

# A reload takes less: others need not see it. It is well within the 3 s after which they must see a loss.
RECONNECTING_AFTER = 1.0
# A phone that changes from Wi-Fi to mobile data, or a page reloaded by a person, is back by then.
GONE_AFTER = 60.0

Result = dict[str, object]


def check_admission(state: State, arrival: Arrival) -> None:
    """`RoomError`: removed, town_hall_closed, town_hall_full. Staff and people who come back are never too many."""
    if arrival.id in state.removed:
        raise RoomError("removed", "You have been removed from this town hall.", status=403)
    if state.phase == "closed":
        raise RoomError("town_hall_closed", "This town hall is over.", status=410)
    known = arrival.id in state.people
    if not known and not is_staff(arrival.roles) and len(state.people) >= state.settings.capacity:
        raise RoomError("town_hall_full", "This town hall is full; try again when people have left.", status=409)


def join(state: State, arrival: Arrival) -> None:
    """Somebody comes in or comes back; what they held is still theirs."""
    check_admission(state, arrival)
    person = state.people.get(arrival.id)
    if person is None:
        state.people[arrival.id] = person = Participant(
            arrival.id,
            arrival.name,
            arrival.roles,
            arrival.link,
            arrival.speaks,
            pictures=arrival.pictures or NO_PICTURES,
        )
        state.emit(Joined(participant=person.view()))
        _take_back(state, person, arrival.ticket)
        return
    state.absent.pop(person.id, None)
    person.speaks = arrival.speaks
    _set_presence(state, person, "here")
    _set_name(state, person, arrival.name)
    _set_roles(state, person, arrival.roles)
    _set_pictures(state, person, arrival.pictures)
    if not person.speaks:
        stage.vacate(state, person.id)


def lose(state: State, id: ParticipantId, now: float, seen: float) -> None:
    """Somebody's line is lost; the last sign of life was at `seen`."""
    if id in state.people:
        state.absent[id] = Absence(lost=now, seen=seen)
        # Not worked out over all who are absent: a network that fails loses thousands in the same second.
        state.due = min(state.due, _deadline(state, id))


def seen(state: State, id: ParticipantId, now: float) -> None:
    """A sign of life from somebody whose line is lost."""
    if absence := state.absent.get(id):
        absence.seen = now


def close_page(state: State, id: ParticipantId, now: float, ticket: str) -> None:
    """Somebody has closed their page: gone at once. It may be a reload: `ticket` brings back what they held."""
    seat = state.seat_of(id)
    place = Place(ticket, now + GONE_AFTER, replace(seat) if seat else None, state.hands.get(id))
    depart(state, id, "left")
    if place.seat or place.hand is not None:
        state.places[id] = place
        state.due = min(state.due, place.expires)


def expire(state: State, now: float) -> None:
    """Show whose line is lost, and let go of who did not come back."""
    state.places = {id: place for id, place in state.places.items() if place.expires > now}
    for id, absence in list(state.absent.items()):
        if now >= absence.seen + GONE_AFTER:
            depart(state, id, "gone")
        elif now >= absence.lost + RECONNECTING_AFTER:
            _set_presence(state, state.people[id], "reconnecting")
    reckon(state)


def reckon(state: State) -> None:
    """Find anew what is due first among the absent and the places."""
    absent = (_deadline(state, id) for id in state.absent)
    state.due = min(itertools.chain(absent, (place.expires for place in state.places.values())), default=math.inf)


def deadline(state: State) -> float | None:
    """When to `expire`: sometimes too early, where the first who was waited for is back. None: nobody is."""
    return state.due if state.absent or state.places else None


def rename(state: State, command: Rename, by: Participant, _now: float) -> Result:
    """Be called something else."""
    name = normalise_name(command.name)
    _set_name(state, by, name)
    return {"name": name}


def remove(state: State, command: Remove, by: Participant, _now: float) -> Result:
    """Put somebody out; whoever runs the town hall can only be put out by one of their own."""
    person = state.person(command.participant)
    if person.id == by.id:
        raise RoomError("forbidden", "Use leave to go yourself.", status=403)
    if Permission.RUN in person.permissions and Permission.RUN not in by.permissions:
        raise RoomError("forbidden", "Only a host removes a host.", status=403)
    depart(state, person.id, "removed")
    state.removed.add(person.id)
    return {}


def leave(state: State, _command: Leave, by: Participant, _now: float) -> Result:
    """Go, at once."""
    depart(state, by.id, "left")
    return {}


def depart(state: State, id: ParticipantId, reason: Literal["left", "gone", "removed"]) -> None:
    """Somebody takes part no longer: seat, hand and invitation are free."""
    floor.withdraw(state, id)
    stage.vacate(state, id)
    state.absent.pop(id, None)
    del state.people[id]
    state.emit(Left(participant=id, reason=reason), about=id)


def _deadline(state: State, id: ParticipantId) -> float:
    absence = state.absent[id]
    gone = absence.seen + GONE_AFTER
    return gone if state.people[id].presence == "reconnecting" else min(gone, absence.lost + RECONNECTING_AFTER)


def _take_back(state: State, person: Participant, ticket: str) -> None:
    place = state.places.pop(person.id, None)
    if place is None or place.ticket != ticket or Permission.SPEAK not in person.permissions:
        return
    if place.seat:
        stage.take_back(state, person, place.seat)
    if place.hand is not None:
        floor.take_back(state, person.id, place.hand)


def _set_presence(state: State, person: Participant, presence: Literal["here", "reconnecting"]) -> None:
    if person.presence != presence:
        person.presence = presence
        state.emit(PresenceChanged(participant=person.id, presence=presence), state.audience_of(person.id))


def _set_name(state: State, person: Participant, name: str) -> None:
    if person.name != name:
        person.name = name
        state.emit(Renamed(participant=person.id, name=name), state.audience_of(person.id))


def _set_pictures(state: State, person: Participant, pictures: Pictures | None) -> None:
    if pictures is not None and person.pictures != pictures:
        person.pictures = pictures
        if state.seat_of(person.id):
            stage.tell(state)


def _set_roles(state: State, person: Participant, roles: frozenset[Role]) -> None:
    if person.roles == roles:
        return
    person.roles = roles
    view = person.view()
    state.emit(RolesChanged(participant=view))
    state.emit(RolesChanged(participant=view, permissions=allowed(person.permissions)), Audience.ONE, person.id)
    if Permission.SPEAK not in person.permissions:
        floor.withdraw(state, person.id)
        stage.vacate(state, person.id)
    elif state.seat_of(person.id):
        stage.tell(state)
