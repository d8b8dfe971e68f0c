"""What has happened in a town hall: frozen values, each declaring who may see it.

A new event is a class here and its name in `EVENTS`.
"""

from dataclasses import dataclass
from enum import StrEnum, auto
from typing import ClassVar, Literal, get_args

import msgspec

from room_server.ids import ParticipantId
from room_server.townhall.values import HandView, ParticipantView, Phase, Presence, SeatView, VideoCodec


class Audience(StrEnum):
    """Who may see an event; ONE is the participant whom it is about."""

    ALL = auto()
    STAFF = auto()
    ONE = auto()
    STAFF_AND_ONE = auto()


class Event(msgspec.Struct, frozen=True, tag_field="type"):
    """Root of all events. The first of `audiences` is the usual one."""

    audiences: ClassVar[tuple[Audience, ...]] = (Audience.ALL,)


class PhaseChanged(Event, frozen=True, tag="phase"):
    """The town hall opened, started or closed."""

    phase: Phase


class Joined(Event, frozen=True, tag="joined"):
    """Somebody takes part."""

    participant: ParticipantView
    audiences: ClassVar[tuple[Audience, ...]] = (Audience.STAFF,)


class Left(Event, frozen=True, tag="left"):
    """Somebody takes part no longer; `gone`: the line was lost and did not come back."""

    participant: ParticipantId
    reason: Literal["left", "gone", "removed"]
    audiences: ClassVar[tuple[Audience, ...]] = (Audience.STAFF,)


class PresenceChanged(Event, frozen=True, tag="presence"):
    """A line was lost or came back; everybody's business on stage."""

    participant: ParticipantId
    presence: Presence
    audiences: ClassVar[tuple[Audience, ...]] = (Audience.STAFF, Audience.ALL)


class Renamed(Event, frozen=True, tag="renamed"):
    """Somebody is called something else; everybody's business on stage."""

    participant: ParticipantId
    name: str
    audiences: ClassVar[tuple[Audience, ...]] = (Audience.STAFF, Audience.ALL)


class RolesChanged(Event, frozen=True, tag="roles", omit_defaults=True):
    """Somebody has other roles; to themselves with the command types they may send."""

    participant: ParticipantView
    permissions: tuple[str, ...] | None = None
    audiences: ClassVar[tuple[Audience, ...]] = (Audience.STAFF, Audience.ONE)


class HandsChanged(Event, frozen=True, tag="hands"):
    """All raised hands, first come first."""

    hands: tuple[HandView, ...]
    audiences: ClassVar[tuple[Audience, ...]] = (Audience.STAFF,)


class Invited(Event, frozen=True, tag="invited"):
    """Somebody may come on stage until `expires`, in seconds since 1970."""

    participant: ParticipantId
    expires: float
    audiences: ClassVar[tuple[Audience, ...]] = (Audience.STAFF_AND_ONE,)


class InvitationEnded(Event, frozen=True, tag="invitation_ended"):
    """The invitation holds no longer."""

    participant: ParticipantId
    reason: Literal["accepted", "declined", "withdrawn", "expired"]
    audiences: ClassVar[tuple[Audience, ...]] = (Audience.STAFF_AND_ONE,)


class SeatsChanged(Event, frozen=True, tag="seats"):
    """The whole stage, who shares a screen, and in which format."""

    stage: tuple[SeatView, ...]
    screen: ParticipantId | None
    screen_codec: VideoCodec | None = None
    audiences: ClassVar[tuple[Audience, ...]] = (Audience.ALL,)


AnyEvent = (
    PhaseChanged
    | Joined
    | Left
    | PresenceChanged
    | Renamed
    | RolesChanged
    | HandsChanged
    | Invited
    | InvitationEnded
    | SeatsChanged
)
EVENTS: tuple[type[Event], ...] = get_args(AnyEvent)


@dataclass(frozen=True, slots=True)
class Recorded:
    """An event in its place. `about` names the participant whom ONE means."""

    revision: int
    event: AnyEvent
    audience: Audience
    about: ParticipantId | None = None

    def visible_to(self, participant: ParticipantId, *, staff: bool) -> bool:
        """Whether this participant may see it."""
        match self.audience:
            case Audience.ALL:
                return True
            case Audience.STAFF:
                return staff
            case Audience.ONE:
                return participant == self.about
            case Audience.STAFF_AND_ONE:
                return staff or participant == self.about
