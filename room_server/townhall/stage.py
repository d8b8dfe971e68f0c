"""The stage: who sits where, and what leaves each seat."""

from room_server.errors import RoomError
from room_server.ids import ParticipantId
from room_server.townhall.commands import LeaveStage, Mute, RemoveFromStage, SetMedia
from room_server.townhall.event import SeatsChanged
from room_server.townhall.participant import Participant
from room_server.townhall.state import Seat, State

Result = dict[str, object]


def leave_stage(state: State, _command: LeaveStage, by: Participant, _now: float) -> Result:
    """Free one's own seat."""
    _seat_on_stage(state, by.id)
    vacate(state, by.id)
    return {}


def remove_from_stage(state: State, command: RemoveFromStage, _by: Participant, _now: float) -> Result:
    """Free another's seat."""
    state.person(command.participant)
    _seat_on_stage(state, command.participant)
    vacate(state, command.participant)
    return {}


def mute(state: State, command: Mute, by: Participant, _now: float) -> Result:
    """Shut what is open; what is shut already stays as it is."""
    state.person(command.participant)
    seat = _seat_on_stage(state, command.participant)
    match command.kind:
        case "screen":
            if state.screen != command.participant:
                return {}
            state.screen = None
        case "microphone":
            if not seat.microphone:
                return {}
            seat.microphone, seat.muted_by = False, by.id
        case "camera":
            if not seat.camera:
                return {}
            seat.camera, seat.muted_by = False, by.id
    tell(state)
    return {}


def set_media(state: State, command: SetMedia, by: Participant, _now: float) -> Result:
    """Open or shut one's own microphone, camera and screen."""
    seat = _seat_on_stage(state, by.id)
    if command.screen and state.screen not in (None, by.id):
        raise RoomError("screen_taken", "Somebody else shares a screen; wait until they stop.")
    microphone = seat.microphone if command.microphone is None else command.microphone
    camera = seat.camera if command.camera is None else command.camera
    screen = _screen_after(state, command, by.id)
    if (microphone, camera, screen) == (seat.microphone, seat.camera, state.screen):
        return {}
    if command.microphone or command.camera:
        seat.muted_by = None
    seat.microphone, seat.camera, state.screen = microphone, camera, screen
    tell(state)
    return {}


def seat_person(state: State, person: Participant) -> Seat:
    """Give somebody the first free seat; that there is one has been checked."""
    free = next(seat for seat in state.seats if seat.occupant is None)
    free.occupy(person.id)
    tell(state)
    return free


def take_back(state: State, person: Participant, was: Seat) -> None:
    """Give somebody the seat that they had, as open as it was, unless it has been taken or kept for another."""
    seat = state.seats[was.number - 1]
    if seat.occupant or not person.speaks or not _has_free_seat(state):
        return
    seat.occupy(person.id)
    seat.microphone, seat.camera, seat.muted_by = was.microphone, was.camera, was.muted_by
    tell(state)


def check_may_sit(state: State, person: Participant) -> None:
    """`RoomError`: already_on_stage, needs_https."""
    if state.seat_of(person.id):
        raise RoomError("already_on_stage", "You are on stage already.")
    if not person.speaks:
        raise RoomError("needs_https", "Open this page by its https address to speak; here you can only listen.")


def check_free_seat(state: State) -> None:
    """`RoomError` stage_full unless a seat is free that no invitation keeps."""
    if not _has_free_seat(state):
        raise RoomError("stage_full", "Every seat is taken or kept for somebody invited; free one first.")


def vacate(state: State, id: ParticipantId) -> None:
    """Free somebody's seat and screen, if they are on stage."""
    seat = state.seat_of(id)
    if seat is None:
        return
    seat.occupy(None)
    if state.screen == id:
        state.screen = None
    tell(state)


def clear(state: State) -> None:
    """Everybody leaves the stage."""
    if all(seat.occupant is None for seat in state.seats):
        return
    for seat in state.seats:
        seat.occupy(None)
    state.screen = None
    tell(state)


def tell(state: State) -> None:
    """Say who is on stage now."""
    state.emit(SeatsChanged(stage=state.seat_views(), screen=state.screen, screen_codec=state.screen_codec()))


def _has_free_seat(state: State) -> bool:
    taken = sum(seat.occupant is not None for seat in state.seats)
    return taken + len(state.invitations) < len(state.seats)


def _seat_on_stage(state: State, id: ParticipantId) -> Seat:
    seat = state.seat_of(id)
    if seat is None:
        raise RoomError("not_on_stage", "That needs a seat on the stage.")
    return seat


def _screen_after(state: State, command: SetMedia, id: ParticipantId) -> ParticipantId | None:
    if command.screen:
        return id
    if command.screen is False and state.screen == id:
        return None
    return state.screen
