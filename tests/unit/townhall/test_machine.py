"""Any sequence of commands, losses and delays keeps the rules of the house."""

from collections.abc import Callable
from typing import Any

import msgspec
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from room_server.errors import RoomError
from room_server.ids import ParticipantId
from room_server.townhall import commands as c
from room_server.townhall.kept import touched
from room_server.townhall.roles import Permission, Role, permissions_of
from room_server.townhall.townhall import Applied, TownHall
from room_server.townhall.values import Kind
from tests.unit.townhall.build import Hall, arrival, fold, wire

PEOPLE = [ParticipantId(id) for id in ("host", "mod", "ann", "bob", "cat", "obs")]
CODES = {
    "forbidden", "not_joined", "no_such_participant", "stage_full", "not_invited", "already_on_stage", "not_on_stage",
    "wrong_phase", "screen_taken", "too_long", "malformed", "needs_https", "removed", "town_hall_full",
    "town_hall_closed",
}  # fmt: skip
PHASES = ["scheduled", "backstage", "live", "closed"]

people = st.sampled_from(PEOPLE)
role_sets = st.frozensets(st.sampled_from(list(Role)), min_size=1, max_size=3)
tickets = st.sampled_from(["one", "two"])
flags = st.none() | st.booleans()
commands = st.one_of(
    st.sampled_from([c.Start(), c.Accept(), c.Decline(), c.TakeSeat(), c.LeaveStage(), c.RaiseHand(), c.LowerHand()]),
    st.builds(c.Invite, participant=people),
    st.builds(c.Uninvite, participant=people),
    st.builds(c.RemoveFromStage, participant=people),
    st.builds(c.Mute, participant=people, kind=st.sampled_from(["microphone", "camera", "screen"])),
    st.builds(c.SetMedia, microphone=flags, camera=flags, screen=flags),
    st.builds(c.LowerHand, participant=people),
    st.builds(c.Rename, name=st.text(max_size=70)),
    st.builds(c.Remove, participant=people),
    st.just(c.Leave()),
)


class TownHallMachine(RuleBasedStateMachine):
    """Six people with any roles in a small town hall; a host stays to watch."""

    @initialize(phase=st.sampled_from(PHASES[:3]))
    def begin(self, phase: str) -> None:
        self.hall = Hall(phase, seats=2, capacity=4, people=False)
        self.watcher = ParticipantId("watcher")
        self.hall.town_hall.join(arrival(self.watcher, Role.ADMINISTRATOR))
        self.folded = self.hall.view(self.watcher)
        self.kept: dict[str, str] = {}
        self.keep({"stage", "p:watcher"})
        self.phase = PHASES.index(self.hall.town_hall.phase)

    @rule(id=people, roles=role_sets, speaks=st.booleans(), ticket=tickets)
    def join(self, id: ParticipantId, roles: frozenset[Role], speaks: bool, ticket: str) -> None:
        arriving = msgspec.structs.replace(arrival(id, *roles, speaks=speaks), ticket=ticket)
        # A page that was reloaded is as open as it was.
        self.attempt(lambda: self.hall.town_hall.join(arriving), opener=id)

    @rule(by=people, command=commands)
    def command(self, by: ParticipantId, command: c.AnyCommand) -> None:
        person = self.hall.town_hall.person(by)
        may = person is not None and command.needs in permissions_of(person.roles)
        done = self.attempt(lambda: self.hall.do(by, command), opener=by if isinstance(command, c.SetMedia) else None)
        assert may or not done

    @precondition(lambda self: self.hall.town_hall.phase != "closed")
    @rule(by=people, sure=st.integers(0, 9))
    def close(self, by: ParticipantId, sure: int) -> None:
        if sure == 0:  # seldom, or most runs would be over soon
            self.attempt(lambda: self.hall.do(by, c.Close()))

    @rule()
    def open(self) -> None:
        self.attempt(self.hall.town_hall.open)

    @rule(id=people, silent=st.floats(0, 10))
    def lose(self, id: ParticipantId, silent: float) -> None:
        self.attempt(lambda: self.hall.town_hall.lose(id, self.hall.now, self.hall.now - silent))

    @rule(id=people, ticket=tickets)
    def close_page(self, id: ParticipantId, ticket: str) -> None:
        if self.hall.town_hall.person(id):
            self.attempt(lambda: self.hall.town_hall.close_page(id, self.hall.now, ticket))

    @rule(seconds=st.sampled_from([0.5, 1, 19, 21, 61]))
    def wait(self, seconds: float) -> None:
        town_hall = self.hall.town_hall
        revision, deadline = town_hall.revision, town_hall.deadline()
        self.attempt(lambda: self.hall.wait(seconds))
        assert town_hall.revision == revision or (deadline is not None and deadline <= self.hall.now)

    def attempt(self, change: Callable[[], Applied], opener: ParticipantId | None = None) -> bool:
        """Do it; refused, it has changed nothing; done, its events tell staff all of it. Whether it was done."""
        before = self.hall.view(self.watcher)
        revision, opened = self.hall.town_hall.revision, self.opened()
        applied = _attempted(change)
        if isinstance(applied, RoomError):
            assert applied.code in CODES
            assert (self.hall.view(self.watcher), self.hall.town_hall.revision) == (before, revision)
            return False
        assert [r.revision for r in applied.events] == list(range(revision + 1, self.hall.town_hall.revision + 1))
        for recorded in applied.events:
            if recorded.visible_to(self.watcher, staff=True):
                fold(self.folded, recorded)
            msgspec.json.encode(recorded.event)
        self.keep(touched(applied.events))
        assert {id for id, _ in self.opened() - opened} <= {opener}
        return True

    def keep(self, keys: set[str]) -> None:
        values = {**self.kept, **self.hall.town_hall.keep(keys, self.hall.now)}
        self.kept = {key: value for key, value in values.items() if value is not None}

    def opened(self) -> set[tuple[str | None, Kind]]:
        """Whose microphone, camera or screen is open."""
        seats = [seat for seat in self.hall.town_hall.seats if seat.occupant]
        opened: set[tuple[str | None, Kind]] = {(seat.occupant, "microphone") for seat in seats if seat.microphone}
        opened |= {(seat.occupant, "camera") for seat in seats if seat.camera}
        return opened | ({(self.hall.town_hall.screen, "screen")} if self.hall.town_hall.screen else set())

    @invariant()
    def a_snapshot_is_the_fold_of_the_events(self) -> None:
        assert self.folded | {"now": 0} == self.hall.view(self.watcher) | {"now": 0}

    @invariant()
    def what_is_kept_brings_all_of_it_back(self) -> None:
        town_hall = self.hall.town_hall
        again = TownHall(town_hall.settings, town_hall.phase, revision=0)
        again.restore(self.kept, self.hall.now)
        assert again.revision > town_hall.revision or not self.kept
        assert _unordered(wire(again.snapshot(self.watcher, 0))) == _unordered(self.hall.view(self.watcher))
        assert {person.presence for person in again.people()} == {"reconnecting"}

    @invariant()
    def seats_are_held_once_and_by_people_who_take_part(self) -> None:
        town_hall = self.hall.town_hall
        sitting = [seat.occupant for seat in town_hall.seats if seat.occupant]
        assert len(sitting) == len(set(sitting))
        for id in sitting:
            person = town_hall.person(id)
            assert person is not None
            assert Permission.SPEAK in person.permissions
            assert person.speaks
        assert town_hall.screen in (None, *sitting)
        for seat in town_hall.seats:
            assert seat.occupant or not (seat.microphone or seat.camera or seat.muted_by)

    @invariant()
    def a_kept_seat_is_there(self) -> None:
        view = self.hall.view(self.watcher)
        invited = {row["participant"] for row in view["invitations"]}
        sitting = {seat["participant"]["id"] for seat in view["stage"] if seat["participant"]}
        assert not invited & sitting
        assert len(invited) + len(sitting) <= 2

    @invariant()
    def hands_are_unique_and_in_order(self) -> None:
        view = self.hall.view(self.watcher)
        hands = [hand["participant"] for hand in view["hands"]]
        since = [hand["since"] for hand in view["hands"]]
        assert len(hands) == len(set(hands))
        assert since == sorted(since)
        assert set(hands) <= {person["id"] for person in view["participants"]}
        sitting = {seat["participant"]["id"] for seat in view["stage"] if seat["participant"]}
        assert not set(hands) & sitting

    @invariant()
    def phases_go_forward(self) -> None:
        phase = PHASES.index(self.hall.town_hall.phase)
        assert phase >= self.phase
        self.phase = phase
        assert phase < 3 or not self.hall.on_stage()

    @invariant()
    def waiting_has_an_end(self) -> None:
        deadline = self.hall.town_hall.deadline()
        assert deadline is None or deadline > self.hall.now - 60

    @invariant()
    def only_staff_see_who_takes_part(self) -> None:
        for person in self.hall.town_hall.people():
            view = self.hall.view(person.id)
            assert person.staff or ("participants" not in view and view["hands"] == [])


def _unordered(view: dict[str, Any]) -> dict[str, Any]:
    """Without what a restart changes: the time, who is here, and in which order people came."""
    seats = [seat | {"participant": seat["participant"] and seat["participant"]["id"]} for seat in view["stage"]]
    people = sorted(({**person, "presence": ""} for person in view["participants"]), key=lambda person: person["id"])
    return {**view, "now": 0, "stage": seats, "participants": people}


def _attempted(change: Callable[[], Applied]) -> Applied | RoomError:
    try:
        return change()
    except RoomError as refusal:
        return refusal


TownHallMachine.TestCase.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
TestTownHall = TownHallMachine.TestCase
