"""What signalling stands on, for its tests: a storage in memory and a media plane that writes down what it is told."""

import asyncio
from collections.abc import Callable, Mapping, Sequence

import msgspec

from room_server.errors import RoomError
from room_server.ids import LinkId, ParticipantId, TownHallId
from room_server.session.plane import Air, SessionListener, SlotInfo, SlotView, Use
from room_server.storage.store import Person, TownHallRecord
from room_server.townhall.values import VideoCodec


class MemoryStore:
    """Town halls, what happens in them, and credentials. A credential dies when the one after it is first used."""

    def __init__(self) -> None:
        self.records: dict[TownHallId, TownHallRecord] = {}
        self.people: dict[ParticipantId, Person] = {}
        self.revoked: set[ParticipantId] = set()
        self.kept: dict[TownHallId, dict[str, str]] = {}
        self.writes = 0
        """Of states."""
        self.away = False
        self._valid: dict[str, ParticipantId] = {}
        self._before: dict[str, str] = {}
        self._count = 0

    def schedule(
        self, id: str = "t", *, phase: str = "backstage", seats: int = 3, capacity: int = 50, video_codec: str = "vp8"
    ) -> TownHallId:
        """A town hall."""
        town_hall = TownHallId(id)
        self.records[town_hall] = TownHallRecord(
            town_hall, "Budget", phase, "en", seats, capacity, None, 0.0, video_codec
        )
        return town_hall

    def admit(self, id: str, *roles: str, town_hall: str = "t", speaks: bool = True) -> str:
        """Somebody with a link; their first credential."""
        participant = ParticipantId(id)
        self.people[participant] = Person(
            participant, TownHallId(town_hall), LinkId(f"link-{id}"), frozenset(roles or {"attendee"}), "", speaks
        )
        return self._issue(participant)

    def grant(self, id: str, *roles: str) -> None:
        """Other roles."""
        old = self.people[ParticipantId(id)]
        self.people[old.participant] = Person(
            old.participant, old.town_hall, old.link, frozenset(roles), old.name, old.speaks
        )

    async def town_hall(self, id: TownHallId) -> TownHallRecord | None:
        return self.records.get(id)

    async def town_halls(self) -> Sequence[TownHallRecord]:
        return list(self.records.values())

    async def set_phase(self, id: TownHallId, phase: str) -> None:
        self._reach()
        old = self.records[id]
        self.records[id] = msgspec.structs.replace(old, phase=phase)

    async def redeem(self, credential: str) -> tuple[Person, str]:
        participant = self._valid.get(credential)
        if participant is None:
            raise RoomError("credential_invalid", "Open your link again.", status=403)
        if participant in self.revoked:
            raise RoomError("removed", "You have been removed.", status=403)
        self._valid.pop(self._before.pop(credential, ""), None)
        following = self._issue(participant)
        self._before[following] = credential
        return self.people[participant], following

    async def rename(self, names: Mapping[ParticipantId, str]) -> None:
        self._reach()
        for id, name in names.items():
            self.people[id] = msgspec.structs.replace(self.people[id], name=name)

    async def revoke(self, participant: ParticipantId) -> None:
        self._reach()
        self.revoked.add(participant)

    async def unfinished(self) -> Sequence[TownHallId]:
        return [id for id, values in self.kept.items() if values]

    async def state(self, id: TownHallId) -> Mapping[str, str]:
        return dict(self.kept.get(id, {}))

    async def keep(self, id: TownHallId, values: Mapping[str, str | None]) -> None:
        self._reach()
        self.writes += 1
        merged = {**self.kept.get(id, {}), **values}
        self.kept[id] = {key: value for key, value in merged.items() if value is not None}

    async def drop_state(self, id: TownHallId) -> None:
        self._reach()
        self.kept.pop(id, None)

    def _reach(self) -> None:
        if self.away:
            raise ConnectionError("the database is away")

    def _issue(self, participant: ParticipantId) -> str:
        self._count += 1
        credential = f"credential-{self._count:08d}"
        self._valid[credential] = participant
        return credential


class RecordedSession:
    """A transport whose offer was accepted."""

    def __init__(self, plane: "RecordingPlane", offer: str, listener: SessionListener, staff: bool) -> None:
        self._plane = plane
        self.name = offer
        self.listener = listener
        self.staff = staff
        self.closed = False
        self.answer = f"answer to {offer}"
        self.slots: Sequence[SlotInfo] = (SlotInfo("3", "audio", 1),)
        self.shown: Sequence[VideoCodec] = (plane.video_codec,)

    def sends(self, use: Use) -> VideoCodec | None:
        return self._plane.video_codec if use in self._plane.published[self.name] and use != "microphone" else None

    def restart(self, offer: str) -> str:
        if offer != self.name:
            raise RoomError("offer_not_a_restart", "Resume with the new offer.")
        return f"restarted {offer}"

    def view(self, slots: Sequence[SlotView]) -> Sequence[SlotInfo]:
        if any(slot.mid != "3" for slot in slots):
            raise RoomError("view_invalid", "There is no such slot.")
        self.slots = tuple(SlotInfo(slot.mid, "audio", slot.seat) for slot in slots)
        return self.slots

    async def counters(self) -> Mapping[str, int]:
        return {"rtt_us": 7}

    def set_staff(self, staff: bool) -> None:
        self.staff = staff

    def close(self) -> None:
        self.closed = True


class RecordingPlane:
    """Writes every call down, sessions by the offer they were made from."""

    def __init__(self) -> None:
        self.calls: list[tuple[object, ...]] = []
        self.sessions: list[RecordedSession] = []
        self.published: dict[str, Mapping[Use, str]] = {}
        self.video_codec: VideoCodec = "vp8"
        self.on_speaker: Callable[[int], None] = lambda _seat: None
        self.gate = asyncio.Event()
        self.gate.set()
        self.waiting = asyncio.Semaphore(0)
        """Released once for every join that has come to the gate."""

    def session(self, offer: str) -> RecordedSession:
        """The newest session made from this offer."""
        return next(session for session in reversed(self.sessions) if session.name == offer)

    def take(self) -> list[tuple[object, ...]]:
        """The calls since the last time."""
        calls, self.calls = self.calls, []
        return calls

    def hall_open(
        self, hall: str, *, seats: int, on_speaker: Callable[[int], None], video_codec: VideoCodec = "vp8"
    ) -> None:
        self.on_speaker = on_speaker
        self.video_codec = video_codec
        self.calls.append(("open", hall, seats))

    def hall_air(self, hall: str, air: Air) -> None:
        self.calls.append(("air", air))

    def hall_close(self, hall: str) -> None:
        self.calls.append(("close", hall))

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
    ) -> RecordedSession:
        self.waiting.release()
        await self.gate.wait()
        if offer.startswith("bad"):
            raise RoomError("offer_malformed", "That is no offer.")
        self.published[offer] = publish
        self.sessions.append(RecordedSession(self, offer, listener, staff))
        return self.sessions[-1]

    def seat_assign(
        self, hall: str, seat: int, session: RecordedSession, *, audio: Use | None, video: Use | None
    ) -> None:
        self.calls.append(("assign", seat, session.name, audio, video))

    def seat_clear(self, hall: str, seat: int) -> None:
        self.calls.append(("clear", seat))

    def seat_gate(self, hall: str, seat: int, *, audio: bool, video: bool) -> None:
        self.calls.append(("gate", seat, audio, video))

    def seat_counters(self, hall: str) -> Mapping[int, Mapping[str, int]]:
        return {}
