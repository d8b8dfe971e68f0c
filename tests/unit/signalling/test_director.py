"""What the stage means for the media plane."""

import pytest

from room_server.ids import ParticipantId
from room_server.signalling.director import Director
from room_server.townhall.commands import Close, LeaveStage, Mute, RemoveFromStage, SetMedia, Start, TakeSeat
from room_server.townhall.roles import Role
from room_server.townhall.values import Phase
from tests.unit.signalling.neighbours import RecordingPlane
from tests.unit.townhall.build import ANNA, HOST, MODERATOR, SPEAKER, Hall, arrival


class Stage:
    """A town hall, its director and the calls it makes."""

    def __init__(self, phase: Phase = "backstage") -> None:
        self.hall = Hall(phase)
        self.plane = RecordingPlane()
        self.told: list[tuple[str, object]] = []
        self.director = Director(self.plane, "t", told=self, on_speaker=lambda _seat: None)
        self.director.open(self.hall.town_hall)

    async def connect(self, id: ParticipantId, offer: str) -> None:
        """Give somebody a transport."""
        transport = await self.director.make(id, offer=offer, publish={}, staff=True, network="n")
        self.director.install(id, transport, self.hall.town_hall)

    def do(self, by: ParticipantId, *commands: object) -> list[tuple[object, ...]]:
        """Commands; the calls that they bring about."""
        self.plane.take()
        for command in commands:
            self.hall.do(by, command)
            self.director.follow(self.hall.town_hall)
        return self.plane.take()

    def media_state(self, id: ParticipantId, connected: bool) -> None:
        self.told.append((id, connected))

    def media_gone(self, id: ParticipantId, reason: str) -> None:
        self.told.append((id, reason))


@pytest.mark.parametrize(("phase", "air"), [("scheduled", "off"), ("backstage", "backstage"), ("live", "on_air")])
def test_the_gate_follows_the_phase_from_the_first_moment(phase: Phase, air: str) -> None:
    assert Stage(phase).plane.calls == [("open", "t", 3), ("air", air)]


async def test_start_and_close() -> None:
    stage = Stage()
    await stage.connect(SPEAKER, "s")
    assert stage.do(SPEAKER, TakeSeat(), SetMedia(microphone=True)) == [
        ("assign", 1, "s", "microphone", "camera"),
        ("gate", 1, True, False),
    ]
    assert stage.do(HOST, Start()) == [("air", "on_air")]
    assert stage.do(HOST, Close()) == [("air", "off"), ("clear", 1), ("close", "t")]
    stage.director.follow(stage.hall.town_hall)
    stage.director.close()
    assert stage.plane.take() == []


async def test_gates_open_and_shut_with_the_owners_wish_and_a_moderators_mute() -> None:
    stage = Stage()
    await stage.connect(SPEAKER, "s")
    stage.do(SPEAKER, TakeSeat())
    assert stage.do(SPEAKER, SetMedia(camera=True)) == [("gate", 1, False, True)]
    assert stage.do(SPEAKER, SetMedia(microphone=True)) == [("gate", 1, True, True)]
    assert stage.do(SPEAKER, SetMedia(microphone=True)) == []
    assert stage.do(MODERATOR, Mute(participant=SPEAKER, kind="microphone")) == [("gate", 1, False, True)]
    assert stage.do(SPEAKER, LeaveStage()) == [("clear", 1)]


async def test_the_screen_has_a_seat_of_its_own() -> None:
    stage = Stage()
    await stage.connect(SPEAKER, "s")
    stage.do(SPEAKER, TakeSeat())
    assert stage.do(SPEAKER, SetMedia(screen=True)) == [
        ("assign", 100, "s", None, "screen"),
        ("gate", 100, False, True),
    ]
    assert stage.do(MODERATOR, RemoveFromStage(participant=SPEAKER)) == [("clear", 1), ("clear", 100)]


async def test_a_seat_without_a_transport_is_fed_once_there_is_one() -> None:
    stage = Stage()
    assert stage.do(SPEAKER, TakeSeat(), SetMedia(microphone=True)) == []
    await stage.connect(SPEAKER, "s")
    assert stage.plane.take() == [("assign", 1, "s", "microphone", "camera"), ("gate", 1, True, False)]


async def test_one_person_after_another_on_the_same_seat_starts_silent() -> None:
    stage = Stage()
    await stage.connect(SPEAKER, "s")
    await stage.connect(HOST, "h")
    stage.do(SPEAKER, TakeSeat(), SetMedia(microphone=True))
    assert stage.do(SPEAKER, LeaveStage()) == [("clear", 1)]
    assert stage.do(HOST, TakeSeat()) == [("assign", 1, "h", "microphone", "camera")]


async def test_a_transport_that_is_gone_is_told_once_and_its_calls_mean_nothing_any_more() -> None:
    stage = Stage()
    await stage.connect(SPEAKER, "s")
    stage.do(SPEAKER, TakeSeat())
    old = stage.plane.session("s")
    old.listener.media_state(True)
    assert stage.director.heard(SPEAKER)
    old.listener.media_gone("worker")
    assert stage.plane.take() == [("clear", 1)]
    assert not stage.director.heard(SPEAKER)
    assert not old.closed
    await stage.connect(SPEAKER, "s2")
    old.listener.media_state(False)
    old.listener.media_gone("silent")
    assert stage.told == [(SPEAKER, True), (SPEAKER, "worker")]
    assert stage.plane.take() == [("assign", 1, "s2", "microphone", "camera")]


async def test_a_transport_lost_before_it_was_installed_asks_for_another() -> None:
    stage = Stage()
    transport = await stage.director.make(ANNA, offer="a", publish={}, staff=False, network="n")
    transport.media_gone("handshake")
    assert stage.told == []
    stage.director.install(ANNA, transport, stage.hall.town_hall)
    assert stage.told == [(ANNA, "handshake")]
    assert stage.director.session(ANNA) is None


async def test_other_roles_change_what_is_received_backstage() -> None:
    stage = Stage()
    await stage.connect(ANNA, "a")
    stage.hall.town_hall.join(arrival(ANNA, Role.MODERATOR))
    stage.director.set_staff(ANNA, False)
    assert not stage.plane.session("a").staff
    stage.director.set_staff(BELA_WITHOUT_TRANSPORT, True)


BELA_WITHOUT_TRANSPORT = ParticipantId("bela")
