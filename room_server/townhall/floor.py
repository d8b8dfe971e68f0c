"""The way to the stage: raised hands in order, and invitations."""

from typing import Literal

from room_server.errors import RoomError
from room_server.ids import ParticipantId
from room_server.townhall import stage
from room_server.townhall.commands import Accept, Decline, Invite, LowerHand, RaiseHand, TakeSeat, Uninvite
from room_server.townhall.event import HandsChanged, InvitationEnded, Invited
from room_server.townhall.participant import Participant
from room_server.townhall.roles import Permission
from room_server.townhall.state import State
from room_server.townhall.values import HandView

# Long enough to read a dialog and decide, short enough for a hall that waits; their place in the queue is kept.
INVITATION_LASTS = 20.0

Result = dict[str, object]


def raise_hand(state: State, _command: RaiseHand, by: Participant, now: float) -> Result:
    """Go to the end of the queue, unless one is in it."""
    if state.seat_of(by.id):
        raise RoomError("already_on_stage", "You are on stage already: just speak.")
    if by.id not in state.hands:
        state.hands[by.id] = now
        _tell_hands(state)
    return {"my_hand": hand_position(state, by.id)}


def lower_hand(state: State, command: LowerHand, by: Participant, _now: float) -> Result:
    """Leave the queue, or take somebody out of it."""
    target = command.participant or by.id
    if target != by.id:
        if Permission.MODERATE_STAGE not in by.permissions:
            raise RoomError("forbidden", "Only a host or moderator lowers another's hand.", status=403)
        state.person(target)
    drop_hand(state, target)
    return {}


def invite(state: State, command: Invite, _by: Participant, now: float) -> Result:
    """Keep a seat for somebody and ask them; asking again gives them the full time again."""
    person = state.person(command.participant)
    if state.seat_of(person.id):
        raise RoomError("already_on_stage", "That person is on stage already.")
    if Permission.SPEAK not in person.permissions:
        raise RoomError("forbidden", "That person is here to watch and cannot be brought on stage.", status=403)
    if person.id not in state.invitations:
        stage.check_free_seat(state)
    expires = now + INVITATION_LASTS
    state.invitations[person.id] = expires
    state.emit(Invited(participant=person.id, expires=expires), about=person.id)
    return {"expires": expires}


def uninvite(state: State, command: Uninvite, _by: Participant, _now: float) -> Result:
    """Take an invitation back."""
    if command.participant not in state.invitations:
        raise RoomError("not_invited", "That person has no invitation that waits for an answer.")
    end_invitation(state, command.participant, "withdrawn")
    return {}


def accept(state: State, _command: Accept, by: Participant, now: float) -> Result:
    """Sit down on the kept seat, silent; the hand goes down."""
    _check_invited(state, by, now)
    stage.check_may_sit(state, by)
    return _sit(state, by)


def take_seat(state: State, _command: TakeSeat, by: Participant, _now: float) -> Result:
    """Sit down by right, on the seat kept for oneself or on one that is kept for nobody; the hand goes down."""
    stage.check_may_sit(state, by)
    if by.id not in state.invitations:
        stage.check_free_seat(state)
    return _sit(state, by)


def decline(state: State, _command: Decline, by: Participant, now: float) -> Result:
    """Stay in the audience; the hand goes down."""
    _check_invited(state, by, now)
    end_invitation(state, by.id, "declined")
    drop_hand(state, by.id)
    return {}


def end_invitation(
    state: State, id: ParticipantId, reason: Literal["accepted", "declined", "withdrawn", "expired"]
) -> None:
    """End somebody's invitation, if they have one."""
    if state.invitations.pop(id, None) is not None:
        state.emit(InvitationEnded(participant=id, reason=reason), about=id)


def expire(state: State, now: float) -> None:
    """End the invitations whose time is over."""
    for id in [id for id, expires in state.invitations.items() if expires <= now]:
        end_invitation(state, id, "expired")


def drop_hand(state: State, id: ParticipantId) -> None:
    """Take somebody out of the queue, if they are in it."""
    if state.hands.pop(id, None) is not None:
        _tell_hands(state)


def take_back(state: State, id: ParticipantId, since: float) -> None:
    """Somebody is back in the queue where they were."""
    state.hands = dict(sorted({**state.hands, id: since}.items(), key=lambda hand: hand[1]))
    _tell_hands(state)


def withdraw(state: State, id: ParticipantId) -> None:
    """Somebody goes: no invitation, no hand."""
    end_invitation(state, id, "withdrawn")
    drop_hand(state, id)


def clear(state: State) -> None:
    """No invitations, no hands."""
    for id in list(state.invitations):
        end_invitation(state, id, "withdrawn")
    if state.hands:
        state.hands.clear()
        _tell_hands(state)


def hand_position(state: State, id: ParticipantId) -> int | None:
    """Somebody's place in the queue, from 1."""
    return next((place for place, other in enumerate(state.hands, 1) if other == id), None)


def hand_views(state: State) -> tuple[HandView, ...]:
    """The queue as staff see it."""
    return tuple(HandView(participant=id, name=state.people[id].name, since=since) for id, since in state.hands.items())


def _sit(state: State, by: Participant) -> Result:
    end_invitation(state, by.id, "accepted")
    drop_hand(state, by.id)
    return {"seat": stage.seat_person(state, by).number}


def _check_invited(state: State, by: Participant, now: float) -> None:
    if state.invitations.get(by.id, now) <= now:
        raise RoomError("not_invited", "There is no invitation for you that waits for an answer; raise your hand.")


def _tell_hands(state: State) -> None:
    state.emit(HandsChanged(hands=hand_views(state)))
