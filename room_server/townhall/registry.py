"""Which facet answers which command: one row each."""

from collections.abc import Callable
from typing import Any

from room_server.townhall import commands as c
from room_server.townhall import floor, lobby, programme, stage
from room_server.townhall.participant import Participant
from room_server.townhall.state import State

# The command's type is the key of its row, which the type checker cannot follow: hence Any.
Handler = Callable[[State, Any, Participant, float], dict[str, object]]

HANDLERS: dict[type[c.Command], Handler] = {
    c.Start: programme.start,
    c.Close: programme.close,
    c.Invite: floor.invite,
    c.Uninvite: floor.uninvite,
    c.Accept: floor.accept,
    c.Decline: floor.decline,
    c.RaiseHand: floor.raise_hand,
    c.LowerHand: floor.lower_hand,
    c.TakeSeat: floor.take_seat,
    c.LeaveStage: stage.leave_stage,
    c.RemoveFromStage: stage.remove_from_stage,
    c.Mute: stage.mute,
    c.SetMedia: stage.set_media,
    c.Rename: lobby.rename,
    c.Remove: lobby.remove,
    c.Leave: lobby.leave,
}
