"""A town hall as one of its participants may see it now."""

from room_server.ids import ParticipantId, TownHallId
from room_server.townhall import floor
from room_server.townhall.commands import allowed
from room_server.townhall.participant import Participant
from room_server.townhall.state import State
from room_server.townhall.values import (
    HandView,
    InvitationView,
    ParticipantView,
    Phase,
    SeatView,
    Value,
    VideoCodec,
)


class TownHallView(Value, frozen=True):
    """What was decided when it was scheduled."""

    id: TownHallId
    title: str
    starts_at: float | None
    language: str
    seats: int
    video_codec: VideoCodec


class Snapshot(Value, frozen=True, omit_defaults=True):
    """Staff see hands, invitations and people; others their own. Times in seconds since 1970."""

    town_hall: TownHallView
    phase: Phase
    now: float
    stage: tuple[SeatView, ...]
    screen: ParticipantId | None
    screen_codec: VideoCodec | None
    hands: tuple[HandView, ...]
    my_hand: int | None
    invitations: tuple[InvitationView, ...]
    audience: int
    permissions: tuple[str, ...]
    speaker: int
    participants: tuple[ParticipantView, ...] | None = None


def snapshot(state: State, viewer: Participant, now: float, speaker: int) -> Snapshot:
    """What `viewer` may see; `speaker` is the seat that is heard most, 0 for none."""
    settings = state.settings
    return Snapshot(
        town_hall=TownHallView(
            settings.id,
            settings.title,
            settings.starts_at,
            settings.language,
            settings.seats,
            settings.video_codec,
        ),
        phase=state.phase,
        now=now,
        stage=state.seat_views(),
        screen=state.screen,
        screen_codec=state.screen_codec(),
        hands=floor.hand_views(state) if viewer.staff else (),
        my_hand=floor.hand_position(state, viewer.id),
        invitations=tuple(
            InvitationView(participant=id, expires=expires)
            for id, expires in state.invitations.items()
            if viewer.staff or id == viewer.id
        ),
        audience=len(state.people),
        permissions=allowed(viewer.permissions),
        speaker=speaker,
        participants=tuple(person.view() for person in state.people.values()) if viewer.staff else None,
    )
