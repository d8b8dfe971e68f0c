"""`RelayPlane`: the media plane on the native relay. Halls and seats by name, sessions through the join gate."""

from collections.abc import Callable, Mapping, Sequence
from itertools import count
from typing import TYPE_CHECKING

from room_server.errors import RoomError
from room_server.session import negotiation, precedents
from room_server.session.certificate import Certificate
from room_server.session.dtls import self_test
from room_server.session.engine import RelayEngine
from room_server.session.gate import DEFAULT_CAPACITY, DEFAULT_RATE, JoinGate
from room_server.session.negotiation import Terms
from room_server.session.plane import Air, MediaSession, SessionListener, Use
from room_server.session.session import Session
from room_server.townhall.values import VideoCodec

if TYPE_CHECKING:
    from room_server._relay import Relay


class RelayPlane:
    """Implements `MediaPlane`. `start` before use, `close` at the end; the relay is the caller's, to close after it."""

    def __init__(
        self,
        relay: "Relay",
        *,
        announce: Sequence[str],
        join_rate: float = DEFAULT_RATE,
        join_capacity: int = DEFAULT_CAPACITY,
        srtp_profiles: Sequence[str] = (),
    ) -> None:
        """`announce`: the addresses that clients reach the relay at, preferred first; `join_rate` per second;
        `srtp_profiles`: as `Certificate.generate` takes them."""
        self._relay = relay
        self._announce = tuple(announce)
        self._engine = RelayEngine(relay)
        self._gate = JoinGate(rate=join_rate, capacity=join_capacity)
        self._certificate = Certificate.generate(srtp_profiles)
        self._halls: dict[str, _Hall] = {}
        self._echo_groups: dict[tuple[str, str], int] = {}
        self._echo_ids = count(1)

    async def start(self) -> None:
        """Prove DTLS (`RuntimeError` says what to install), then listen to the relay."""
        self_test(self._certificate)
        self._engine.start()

    async def close(self) -> None:
        """Close every hall and session."""
        for hall in list(self._halls):
            self.hall_close(hall)
        self._engine.stop()

    def hall_open(
        self, hall: str, *, seats: int, on_speaker: Callable[[int], None], video_codec: VideoCodec = "vp8"
    ) -> None:
        if hall not in self._halls:
            self._halls[hall] = _Hall(self._engine.new_hall(on_speaker), seats, video_codec)
            self._relay.hall_open(self._halls[hall].id)

    def hall_air(self, hall: str, air: Air) -> None:
        if (known := self._halls.get(hall)) is not None:
            self._relay.hall_air(known.id, air)

    def hall_close(self, hall: str) -> None:
        if (known := self._halls.pop(hall, None)) is None:
            return
        for session in list(known.sessions):
            session.close()
        self._relay.hall_close(known.id)
        self._engine.forget_hall(known.id)
        self._echo_groups = {key: number for key, number in self._echo_groups.items() if key[0] != hall}

    async def join(
        self,
        hall: str,
        *,
        offer: str,
        publish: Mapping[Use, str],
        staff: bool,
        network: str,
        listener: SessionListener,
        echo_group: str | None = None,
    ) -> MediaSession:
        async with self._gate.turn(network):
            # Looked up only now: the hall may have closed while this join waited.
            if (known := self._halls.get(hall)) is None:
                raise RoomError("town_hall_closed", "This town hall is closed.", status=410)
            terms = Terms(
                peer=self._engine.new_peer(),
                hall=known.id,
                seats=known.seats,
                staff=staff,
                echo_group=self._echo_group(hall, echo_group),
                fingerprint=self._certificate.fingerprint,
                announce=self._announce,
                video_codec=known.video_codec,
            )
            return self._open(known, offer, publish, terms, listener)

    def seat_assign(self, hall: str, seat: int, session: MediaSession, *, audio: Use | None, video: Use | None) -> None:
        known = self._halls.get(hall)
        if known is not None and isinstance(session, Session) and session in known.sessions:
            sections = session.section_of(audio), session.section_of(video)
            self._relay.seat_assign(known.id, seat, session.peer, *sections)

    def seat_clear(self, hall: str, seat: int) -> None:
        if (known := self._halls.get(hall)) is not None:
            self._relay.seat_clear(known.id, seat)

    def seat_gate(self, hall: str, seat: int, *, audio: bool, video: bool) -> None:
        if (known := self._halls.get(hall)) is not None:
            self._relay.seat_gate(known.id, seat, audio=audio, video=video)

    def seat_counters(self, hall: str) -> Mapping[int, Mapping[str, int]]:
        return {} if (known := self._halls.get(hall)) is None else self._relay.seat_counters(known.id)

    @property
    def joins_waiting(self) -> int:
        """How many joins are in the gate's queue."""
        return self._gate.waiting

    @property
    def layers_received(self) -> int:
        """How many simulcast layers the relay receives now, over all halls and publishers."""
        sessions = (session for hall in self._halls.values() for session in hall.sessions)
        return sum(len([rid for rid in rids if rid]) for session in sessions for rids in session.layers.values())

    def _open(
        self, hall: "_Hall", offer: str, publish: Mapping[Use, str], terms: Terms, listener: SessionListener
    ) -> Session:
        negotiated = precedents.negotiate(
            offer, publish=publish, terms=terms, credentials=negotiation.new_credentials()
        )
        worker = self._relay.peer_open(negotiated.spec)
        session = Session(
            self._engine,
            negotiated,
            port=self._relay.ports[worker],
            seats=hall.seats,
            certificate=self._certificate,
            listener=listener,
            on_end=hall.sessions.discard,
        )
        hall.sessions.add(session)
        return session

    def _echo_group(self, hall: str, name: str | None) -> int:
        if name is None:
            return 0
        return self._echo_groups.setdefault((hall, name), next(self._echo_ids))


class _Hall:
    def __init__(self, id: int, seats: int, video_codec: VideoCodec) -> None:
        self.id = id
        self.seats = seats
        self.video_codec = video_codec
        self.sessions: set[Session] = set()
