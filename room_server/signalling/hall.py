"""One running town hall: the domain with its pages, its media and its records around it."""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import msgspec

from room_server.errors import RoomError
from room_server.ids import LinkId, ParticipantId
from room_server.quality import Quality
from room_server.session.plane import MediaPlane, MediaSession
from room_server.signalling.connection import Connection
from room_server.signalling.director import Director, Transport
from room_server.signalling.entering import LINK_ENDED, REPLACED, Entering
from room_server.signalling.entry import Entry, MediaAnswer
from room_server.signalling.holders import Holders
from room_server.signalling.keeper import Keeper
from room_server.signalling.names import Names
from room_server.signalling.notices import (
    AnyNotice,
    AudienceCount,
    MediaState,
    MyHand,
    Rejoin,
    Removed,
    Replaced,
    Speaker,
)
from room_server.signalling.outbox import Outbox
from room_server.signalling.records import Records
from room_server.signalling.reports import Reports, came
from room_server.signalling.requests import Join, Resume
from room_server.storage.database import secret_hash
from room_server.storage.store import Credentials, Person, States, TownHallRecord, TownHalls
from room_server.townhall.commands import AnyCommand, Remove
from room_server.townhall.event import HandsChanged, Left, PhaseChanged, Recorded, Renamed, RolesChanged
from room_server.townhall.participant import Arrival
from room_server.townhall.roles import Role, is_staff
from room_server.townhall.state import Settings
from room_server.townhall.townhall import Applied, TownHall
from room_server.townhall.values import Phase, Pictures, VideoCodec

log = logging.getLogger(__name__)

# What is acknowledged should be written; a database slower than this is waited for behind the author's back.
_WRITE_PATIENCE = 1.0
# Thousands may be due one after the other within a second, and each turn looks at all of them.
_TICK = 0.1


class RunningHall:
    """Everything that happens in one town hall, in order. Bound to the running loop."""

    def __init__(
        self,
        record: TownHallRecord,
        kept: Mapping[str, str],
        *,
        town_halls: TownHalls,
        states: States,
        credentials: Credentials,
        plane: MediaPlane,
        clock: Callable[[], float],
        on_over: "Callable[[RunningHall], None]",
        on_quality: Callable[[Quality], None],
    ) -> None:
        """`kept`: what the process before has written of it, if anything."""
        phase: Phase = msgspec.convert(record.phase, Phase)
        settings = Settings(
            record.id,
            record.title,
            record.language,
            record.seats,
            record.capacity,
            record.starts_at,
            msgspec.convert(record.video_codec, VideoCodec),
        )
        # Milliseconds since 1970 outrun the events of an earlier run, whose revisions pages may still hold.
        self._town_hall = TownHall(settings, phase, revision=int(clock() * 1000))
        self._id = record.id
        self._town_halls = town_halls
        self._credentials = credentials
        self._clock = clock
        self._on_over = on_over
        self._on_quality = on_quality
        self._reports = Reports()
        self._records = Records(on_settled=self._let_go_if_over)
        self._names = Names(credentials, self._records)
        self._keeper = Keeper(self._town_hall, record.id, states=states, records=self._records, clock=clock)
        try:
            self._town_hall.restore(kept, clock())
        except ValueError as error:  # another version has written it: people come back all the same, to the audience
            log.warning("town hall %s begins anew, what was kept of it cannot be read: %s", record.id, error)
            self._records.add("state", lambda: states.drop_state(record.id))
        self._outbox = Outbox(self._town_hall.revision)
        self._director = Director(plane, record.id, told=self, on_speaker=self._speaker_is)
        self._connections: dict[ParticipantId, Connection] = {}
        self._holders = Holders()
        self._entering: dict[ParticipantId, Entering] = {}
        """Of everybody's requests to come in that are under way, the newest."""
        self._speaker = 0
        self._people = self.people
        self._stopped = False
        self._timer: asyncio.TimerHandle | None = None
        self._director.open(self._town_hall)
        self._arm()

    @property
    def people(self) -> int:
        """How many take part now."""
        return len(self._town_hall.people())

    @property
    def over(self) -> bool:
        """Closed, everybody has gone, and all of it is on record."""
        written = self._keeper.settled and self._names.settled and self._records.settled
        return self._town_hall.phase == "closed" and not self.people and written

    async def enter(self, connection: Connection, person: Person, credential: str, request: Join | Resume) -> Entry:
        """Let a page in as this person, whose next credential is given; what it is told.

        `RoomError` with the codes of join and resume.
        """
        name = request.name if isinstance(request, Join) else person.name
        known = self._town_hall.person(person.participant)
        if known and isinstance(request, Resume):
            name = known.name
        roles, ticket = frozenset(map(Role, person.roles)), secret_hash(request.credential)
        arrival = Arrival(person.participant, name, roles, person.link, person.speaks, ticket)
        self._town_hall.check_admission(arrival)
        self._refuse_entering(arrival.id, REPLACED)
        under_way = self._entering[arrival.id] = Entering(arrival.link)
        try:
            transport = await self._transport_for(connection, arrival, request)
            if transport or isinstance(request, Join):
                pictures = transport.pictures if transport else Pictures()
                arrival = msgspec.structs.replace(arrival, pictures=pictures)
            applied = self._join(connection, arrival, transport, under_way)
        finally:
            if self._entering.get(arrival.id) is under_way:
                del self._entering[arrival.id]
        self._take_over(connection, arrival.id)
        self._reports.note(arrival.id, came(isinstance(request, Resume), transport is not None), self._clock())
        self._holders.give(arrival.id, credential)
        if transport:
            self._director.install(arrival.id, transport, self._town_hall)
        elif isinstance(request, Join):
            self._director.drop(arrival.id)
        self._follow(applied.events)
        if not known and arrival.named().name != person.name:
            self._names.add(arrival.id, arrival.named().name, soon=False)
        # Other roles see other things: only a snapshot tells them all.
        steady = not any(isinstance(recorded.event, RolesChanged) for recorded in applied.events)
        revision = request.revision if isinstance(request, Resume) and steady else None
        self._subscribe(connection, arrival.id)
        if isinstance(request, Resume) and self._director.session(arrival.id) is None:
            # The transport ended with the process before, or while the page could not be told.
            self._outbox.tell(arrival.id, Rejoin(reason="none"))
        return self._entry(arrival.id, credential, revision, transport)

    def apply(self, command: AnyCommand, by: ParticipantId) -> Applied:
        """Do what a participant asks. `RoomError` with the codes of PROTOCOL.md."""
        applied = self._change(lambda: self._town_hall.apply(command, by, self._clock()))
        if isinstance(command, Remove):
            self._records.add("removal", partial(self._credentials.revoke, command.participant))
        return applied

    async def written(self) -> None:
        """Until what has happened is recorded, or the database has taken too long."""
        await self._records.settle(_WRITE_PATIENCE)

    @property
    def revision(self) -> int:
        """The number of the newest event."""
        return self._town_hall.revision

    def session(self, id: ParticipantId) -> MediaSession:
        """A participant's transport. `RoomError`: no_media."""
        session = self._director.session(id)
        if session is None:
            raise RoomError("no_media", "There is no media connection; resume with an offer.", status=409)
        return session

    def quality(self, id: ParticipantId, quality: Quality) -> None:
        """A page has said how its last minute was."""
        self._reports.quality(id, quality, self._clock())
        self._on_quality(quality)

    async def call_reports(self) -> list[dict[str, Any]]:
        """What became of everybody's connection, as API.md says."""
        return await self._reports.views(self._town_hall.people(), self._director.session)

    def lose(self, connection: Connection) -> None:
        """A page's socket is gone."""
        id = connection.participant
        if id is None or self._stopped or self._connections.get(id) is not connection:
            return
        del self._connections[id]
        self._outbox.discard(id, connection.line)
        connection.detach()
        now = self._clock()
        self._reports.note(id, "signalling lost", now)
        self._change(lambda: self._town_hall.lose(id, now, seen=now - connection.line.silent_for()))

    def page_closed(self, credential: str) -> None:
        """The page that holds this credential is being closed, or reloaded; an older page of theirs means nothing."""
        found = None if self._stopped else self._holders.find(credential)
        # Whoever waits at the gate has reloaded the page, and was quicker than its goodbye.
        if found and found[0] not in self._entering:
            id, ticket = found
            self._change(lambda: self._town_hall.close_page(id, self._clock(), ticket))

    def open(self) -> None:
        """scheduled -> backstage. `RoomError`: wrong_phase."""
        self._change(self._town_hall.open)

    def close(self) -> None:
        """any -> closed."""
        self._change(self._town_hall.close)

    def revoke_link(self, link: LinkId) -> None:
        """Whoever came by this link, or is about to, is out; a new credential lets them in again."""
        for id in [id for id, under_way in self._entering.items() if under_way.link == link]:
            self._refuse_entering(id, LINK_ENDED)
        for id in self._town_hall.came_by(link):
            self._change(partial(self._town_hall.put_out, id))

    async def stop(self, patience: float) -> None:
        """Send what waits, write what can be written, free the media. Its pages stay connected."""
        self._stopped = True
        if self._timer:
            self._timer.cancel()
        self._outbox.flush()
        self._outbox.close()
        self._director.close()
        self._keeper.flush()
        self._names.flush()
        await self._records.close(patience)

    async def forget(self) -> None:
        """Everybody is out, and nothing more is written."""
        for id in [person.id for person in self._town_hall.people()]:
            self._part(id, Removed())
        self._keeper.drop()
        self._names.drop()
        await self.stop(0)

    def media_state(self, id: ParticipantId, connected: bool) -> None:
        """Their media flows, or is silent; told to themselves."""
        self._town_hall.seen(id, self._clock())
        self._reports.note(id, "media flow" if connected else "media silent", self._clock())
        self._outbox.tell(id, MediaState(connected=connected))

    def media_gone(self, id: ParticipantId, reason: str) -> None:
        """Their transport is no more; they are asked for a new one."""
        self._reports.note(id, f"media gone: {reason}", self._clock())
        self._outbox.tell(id, Rejoin(reason=reason))

    def tell_all(self, notice: AnyNotice) -> None:
        """Tell everybody something about the moment."""
        self._outbox.tell_all(notice)
        self._outbox.flush()

    async def _transport_for(
        self, connection: Connection, arrival: Arrival, request: Join | Resume
    ) -> Transport | None:
        if request.offer is None:
            return None
        return await self._director.make(
            arrival.id,
            offer=request.offer,
            publish=request.publish.as_mapping(),
            staff=is_staff(arrival.roles),
            network=connection.network,
        )

    def _refuse_entering(self, id: ParticipantId, refusal: tuple[str, str]) -> None:
        if under_way := self._entering.pop(id, None):
            under_way.refusal = refusal

    def _join(
        self, connection: Connection, arrival: Arrival, transport: Transport | None, under_way: Entering
    ) -> Applied:
        try:
            self._town_hall.check_admission(arrival)
            if under_way.refusal:
                raise RoomError(*under_way.refusal)
            if self._stopped or not connection.open:
                raise RoomError("restarting", "Connect again.", status=503)
            return self._town_hall.join(arrival)
        except RoomError:  # while the transport was being made, the last place went, the hall closed, the page left
            if transport:
                transport.close()
            raise

    def _take_over(self, connection: Connection, id: ParticipantId) -> None:
        older = self._connections.get(id)
        if older and older is not connection:
            self._outbox.tell(id, Replaced())
            older.detach()
            older.line.leave()
        self._connections[id] = connection
        connection.belongs_to(self, id)

    def _subscribe(self, connection: Connection, id: ParticipantId) -> None:
        person = self._town_hall.person(id)
        assert person is not None
        hand = self._town_hall.hand_positions().get(id)
        self._outbox.add(id, connection.line, staff=person.staff, revision=self.revision, hand=hand)

    def _entry(self, id: ParticipantId, credential: str, revision: int | None, transport: Transport | None) -> Entry:
        person = self._town_hall.person(id)
        assert person is not None
        session = transport.session if transport else None
        media = MediaAnswer(session.answer, session.slots, session.shown) if session else None
        missed = None if revision is None else self._town_hall.since(revision, id)
        if missed is None:
            snapshot = self._town_hall.snapshot(id, self._clock(), self._speaker)
            return Entry(person.view(), credential, self.revision, snapshot=snapshot, media=media)
        now = (AudienceCount(self.people), MyHand(self._town_hall.hand_positions().get(id)), Speaker(self._speaker))
        events = [*(recorded.event for recorded in missed), *now]
        return Entry(person.view(), credential, self.revision, events=events, media=media)

    def _change(self, change: Callable[[], Applied]) -> Applied:
        applied = change()
        self._follow(applied.events)
        return applied

    def _follow(self, events: Sequence[Recorded]) -> None:
        self._director.follow(self._town_hall)
        self._outbox.publish(events)
        self._keeper.follow(events)
        for recorded in events:
            self._consequence(recorded)
        if self._people != self.people:
            self._people = self.people
            self._outbox.count(self._people)
        self._arm()
        self._let_go_if_over()

    def _let_go_if_over(self) -> None:
        if self.over:
            self._on_over(self)

    def _consequence(self, recorded: Recorded) -> None:
        match recorded.event:
            case PhaseChanged(phase=phase):
                log.info("town hall %s: %s", self._id, phase)
                self._records.add("phase", lambda: self._town_halls.set_phase(self._id, phase))
            case Renamed(participant=id, name=name):
                self._names.add(id, name)
            case RolesChanged(participant=person):
                self._outbox.set_staff(person.id, is_staff(person.roles))
                self._director.set_staff(person.id, is_staff(person.roles))
            case HandsChanged():
                self._outbox.hands(self._town_hall.hand_positions())
            case Left(participant=id, reason=reason):
                self._reports.left(id, reason, self._clock())
                self._part(id, Removed() if reason == "removed" else None)

    def _part(self, id: ParticipantId, notice: Removed | None) -> None:
        """Somebody takes part no longer: their media ends and their page is told."""
        self._refuse_entering(id, REPLACED)
        self._holders.drop(id)
        self._director.drop(id)
        if notice:
            self._outbox.tell(id, notice)
        if connection := self._connections.pop(id, None):
            self._outbox.discard(id, connection.line)
            connection.detach()
            if notice:
                connection.line.leave()

    def _speaker_is(self, seat: int) -> None:
        self._speaker = seat
        self._outbox.tell_all(Speaker(seat=seat))

    def _arm(self) -> None:
        if self._timer:
            self._timer.cancel()
            self._timer = None
        deadline = self._town_hall.deadline()
        if deadline is not None:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(max(_TICK, deadline - self._clock()), self._tick)

    def _tick(self) -> None:
        now = self._clock()
        for person in self._town_hall.people():
            if person.presence == "reconnecting" and self._director.heard(person.id):
                self._town_hall.seen(person.id, now)
        self._change(lambda: self._town_hall.tick(now))
