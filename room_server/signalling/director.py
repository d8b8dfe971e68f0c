"""What the stage means for media: follows the domain and tells the media plane who is seen and heard."""

from collections.abc import Callable, Mapping
from typing import NamedTuple, Protocol

from room_server.ids import ParticipantId
from room_server.session.plane import SCREEN_SEAT, Air, MediaPlane, MediaSession, Use
from room_server.townhall.townhall import TownHall
from room_server.townhall.values import Phase, Pictures

# The gate of rule one: before the start and after the end no stage media reaches anyone but staff.
AIR: dict[Phase, Air] = {"scheduled": "off", "backstage": "backstage", "live": "on_air", "closed": "off"}


class Told(Protocol):
    """Who hears what becomes of somebody's media."""

    def media_state(self, id: ParticipantId, connected: bool) -> None:
        """The relay hears them, or no longer."""

    def media_gone(self, id: ParticipantId, reason: str) -> None:
        """Their transport is no more."""


class _Fed(NamedTuple):
    """What a seat of the relay has been told: whose transport feeds it, and which gates are open."""

    session: MediaSession | None = None
    audio: bool = False
    video: bool = False


_EMPTY = _Fed()


class Transport:
    """A participant's transport before and while it is theirs; listens to it."""

    def __init__(self, id: ParticipantId, director: "Director") -> None:
        self._id = id
        self._director = director
        self.connected = False
        self.gone: str | None = None
        self.session: MediaSession | None = None

    def media_state(self, connected: bool) -> None:
        """From the media plane."""
        self.connected = connected
        self._director.on_state(self._id, self)

    def media_gone(self, reason: str) -> None:
        """From the media plane."""
        self.gone = reason
        self._director.on_gone(self._id, self)

    @property
    def pictures(self) -> Pictures:
        """In which formats its answer lets it send."""
        session = self.session
        return Pictures(session.sends("camera"), session.sends("screen")) if session else Pictures()

    def close(self) -> None:
        """Free it."""
        if self.session and self.gone is None:
            self.session.close()


class Director:
    """The media of one town hall. All its calls but `make` return at once."""

    def __init__(self, plane: MediaPlane, hall: str, *, told: Told, on_speaker: Callable[[int], None]) -> None:
        self._plane = plane
        self._hall = hall
        self._told = told
        self._on_speaker = on_speaker
        self._transports: dict[ParticipantId, Transport] = {}
        self._fed: dict[int, _Fed] = {}
        self._air: Air | None = None
        self._closed = False

    def open(self, town_hall: TownHall) -> None:
        """Make the hall in the relay, in the phase it is in."""
        settings = town_hall.settings
        self._plane.hall_open(
            self._hall, seats=settings.seats, on_speaker=self._on_speaker, video_codec=settings.video_codec
        )
        self.follow(town_hall)

    async def make(
        self, id: ParticipantId, *, offer: str, publish: Mapping[Use, str], staff: bool, network: str
    ) -> Transport:
        """A transport that is not yet anybody's: `install` or close it. `RoomError`: as `MediaPlane.join`."""
        transport = Transport(id, self)
        transport.session = await self._plane.join(
            self._hall, offer=offer, publish=publish, staff=staff, network=network, listener=transport
        )
        return transport

    def install(self, id: ParticipantId, transport: Transport, town_hall: TownHall) -> None:
        """From now on this is the participant's transport."""
        self.drop(id)
        self._transports[id] = transport
        self.follow(town_hall)
        if transport.gone is not None:
            self.on_gone(id, transport)

    def drop(self, id: ParticipantId) -> None:
        """Free a participant's transport, if they have one; their seat is fed by nothing."""
        if transport := self._transports.pop(id, None):
            self._unfeed(transport)
            transport.close()

    def session(self, id: ParticipantId) -> MediaSession | None:
        """A participant's transport."""
        transport = self._transports.get(id)
        return transport.session if transport else None

    def heard(self, id: ParticipantId) -> bool:
        """Whether media comes from a participant now."""
        transport = self._transports.get(id)
        return transport is not None and transport.connected

    def set_staff(self, id: ParticipantId, staff: bool) -> None:
        """Roles have changed: whether they receive while backstage."""
        if session := self.session(id):
            session.set_staff(staff)

    def follow(self, town_hall: TownHall) -> None:
        """Make the relay's hall what the town hall is now; what is so already costs no call."""
        if self._closed:
            return
        self._set_air(AIR[town_hall.phase])
        for seat in town_hall.seats:
            session = self.session(seat.occupant) if seat.occupant else None
            self._feed(seat.number, _Fed(session, seat.microphone, seat.camera) if session else _EMPTY)
        screen = self.session(town_hall.screen) if town_hall.screen else None
        self._feed(SCREEN_SEAT, _Fed(screen, video=True) if screen else _EMPTY)
        if town_hall.phase == "closed":
            self.close()

    def close(self) -> None:
        """The end of all media in this town hall."""
        if not self._closed:
            self._closed = True
            self._set_air("off")
            self._plane.hall_close(self._hall)
            self._transports.clear()

    def on_state(self, id: ParticipantId, transport: Transport) -> None:
        """A transport's media flows or is silent."""
        if self._transports.get(id) is transport:
            self._told.media_state(id, transport.connected)

    def on_gone(self, id: ParticipantId, transport: Transport) -> None:
        """A transport is no more."""
        if self._transports.get(id) is transport:
            del self._transports[id]
            self._unfeed(transport)
            self._told.media_gone(id, transport.gone or "closed")

    def _set_air(self, air: Air) -> None:
        if air != self._air:
            self._air = air
            self._plane.hall_air(self._hall, air)

    def _unfeed(self, transport: Transport) -> None:
        for seat, fed in list(self._fed.items()):
            if fed.session is transport.session:
                self._feed(seat, _EMPTY)

    def _feed(self, seat: int, want: _Fed) -> None:
        has = self._fed.get(seat, _EMPTY)
        if want == has:
            return
        self._fed[seat] = want
        if want.session is None:
            self._plane.seat_clear(self._hall, seat)
            return
        if want.session is not has.session:
            audio: Use | None = None if seat == SCREEN_SEAT else "microphone"
            video: Use = "screen" if seat == SCREEN_SEAT else "camera"
            self._plane.seat_assign(self._hall, seat, want.session, audio=audio, video=video)
            has = _Fed(want.session)  # assigning has shut the gates
        if want != has:
            self._plane.seat_gate(self._hall, seat, audio=want.audio, video=want.video)
