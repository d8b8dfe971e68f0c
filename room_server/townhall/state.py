"""What a town hall holds, and the ways its facets share to look at it and to say what has happened."""

import math
from dataclasses import dataclass, field

import msgspec

from room_server.errors import RoomError
from room_server.ids import ParticipantId, TownHallId
from room_server.townhall.event import AnyEvent, Audience, Recorded
from room_server.townhall.participant import Participant
from room_server.townhall.values import Phase, SeatView, VideoCodec


class Settings(msgspec.Struct, frozen=True):
    """What was decided when the town hall was scheduled. `starts_at`: seconds since 1970.

    `video_codec`: what cameras and screens send where the browser can; VP8 from all others.
    """

    id: TownHallId
    title: str
    language: str
    seats: int
    capacity: int
    starts_at: float | None = None
    video_codec: VideoCodec = "vp8"


@dataclass(slots=True)
class Seat:
    """A seat of the stage. Its microphone and camera are shut until its occupant opens them."""

    number: int
    occupant: ParticipantId | None = None
    microphone: bool = False
    camera: bool = False
    muted_by: ParticipantId | None = None

    def occupy(self, participant: ParticipantId | None) -> None:
        """Whoever sits down, or nobody: silent."""
        self.occupant = participant
        self.microphone = self.camera = False
        self.muted_by = None


@dataclass(slots=True)
class Absence:
    """Since when a line is lost, and when there was a last sign of life."""

    lost: float
    seen: float


@dataclass(slots=True)
class Place:
    """What somebody held whose page was closed, until `expires`: a page that is reloaded says goodbye as well."""

    ticket: str
    expires: float
    seat: Seat | None
    hand: float | None
    """When it went up."""


@dataclass(slots=True)
class State:
    """Everything that commands change. Facets change it only after all their checks have passed."""

    settings: Settings
    phase: Phase
    revision: int
    people: dict[ParticipantId, Participant] = field(default_factory=dict)
    seats: list[Seat] = field(default_factory=list)
    screen: ParticipantId | None = None
    hands: dict[ParticipantId, float] = field(default_factory=dict)
    """When each hand went up, first come first."""
    invitations: dict[ParticipantId, float] = field(default_factory=dict)
    """When each invitation expires."""
    absent: dict[ParticipantId, Absence] = field(default_factory=dict)
    """Everybody whose line is lost."""
    places: dict[ParticipantId, Place] = field(default_factory=dict)
    """Of those who have left by closing their page a moment ago."""
    due: float = math.inf
    """Before then time alone changes nothing about the absent and the places."""
    removed: set[ParticipantId] = field(default_factory=set)
    """Who was put out, and does not come back."""
    happened: list[Recorded] = field(default_factory=list)
    """Events of the change in progress."""

    def emit(self, event: AnyEvent, audience: Audience | None = None, about: ParticipantId | None = None) -> None:
        """Record that something has happened; without `audience`, for the event's usual one."""
        audience = audience or event.audiences[0]
        assert audience in event.audiences
        self.revision += 1
        self.happened.append(Recorded(self.revision, event, audience, about))

    def take_events(self) -> tuple[Recorded, ...]:
        """What has happened since the last call."""
        events = tuple(self.happened)
        self.happened.clear()
        return events

    def person(self, id: ParticipantId) -> Participant:
        """`RoomError`: no_such_participant."""
        person = self.people.get(id)
        if person is None:
            raise RoomError("no_such_participant", "That person takes part no longer.", status=404)
        return person

    def seat_of(self, id: ParticipantId) -> Seat | None:
        """Where somebody sits."""
        return next((seat for seat in self.seats if seat.occupant == id), None)

    def audience_of(self, id: ParticipantId) -> Audience:
        """Who is told of what becomes of this person: everybody if they are on stage."""
        return Audience.ALL if self.seat_of(id) else Audience.STAFF

    def screen_codec(self) -> VideoCodec | None:
        """The format of the shared screen."""
        return self.people[self.screen].pictures.screen if self.screen else None

    def seat_views(self) -> tuple[SeatView, ...]:
        """The stage as everybody sees it."""
        return tuple(
            SeatView(
                seat=seat.number,
                participant=self.people[seat.occupant].view() if seat.occupant else None,
                microphone=seat.microphone,
                camera=seat.camera,
                muted_by=seat.muted_by,
                codec=self.people[seat.occupant].pictures.camera if seat.occupant else None,
            )
            for seat in self.seats
        )
