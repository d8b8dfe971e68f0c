"""The phases of a town hall: they only go forward."""

from room_server.errors import RoomError
from room_server.townhall import floor, stage
from room_server.townhall.commands import Close, Start
from room_server.townhall.event import PhaseChanged
from room_server.townhall.participant import Participant
from room_server.townhall.state import State
from room_server.townhall.values import Phase

Result = dict[str, object]


def start(state: State, _command: Start, _by: Participant, _now: float) -> Result:
    """On air."""
    _go_to(state, "live")
    return {}


def close(state: State, _command: Close, _by: Participant, _now: float) -> Result:
    """Over."""
    end(state)
    return {}


def open_backstage(state: State) -> None:
    """Staff may meet. `RoomError`: wrong_phase."""
    if state.phase != "scheduled":
        raise RoomError("wrong_phase", "This town hall has been opened already.", status=409)
    _go_to(state, "backstage")


def end(state: State) -> None:
    """Over, from whatever phase: nobody is on stage, nobody waits for it."""
    if state.phase == "closed":
        return
    _go_to(state, "closed")
    floor.clear(state)
    stage.clear(state)
    state.places.clear()


def _go_to(state: State, phase: Phase) -> None:
    state.phase = phase
    state.emit(PhaseChanged(phase=phase))
