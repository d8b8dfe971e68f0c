"""Phases."""

import pytest

from room_server.errors import RoomError
from room_server.townhall.commands import Close, Invite, RaiseHand, SetMedia, Start, TakeSeat
from tests.unit.townhall.build import ANNA, BELA, HOST, MODERATOR, SPEAKER, Hall, refused, types


def test_forward_step_by_step() -> None:
    hall = Hall("scheduled")
    assert types(hall.town_hall.open()) == ["phase"]
    assert hall.town_hall.phase == "backstage"
    hall.do(HOST, Start())
    assert hall.town_hall.phase == "live"
    hall.do(HOST, Close())
    assert hall.town_hall.phase == "closed"


def test_never_back() -> None:
    hall = Hall("live")
    assert refused(hall, HOST, Start()) == "wrong_phase"
    with pytest.raises(RoomError) as refusal:
        hall.town_hall.open()
    assert refusal.value.code == "wrong_phase"
    hall.do(HOST, Close())
    assert refused(hall, HOST, Close()) == "wrong_phase"
    assert refused(hall, HOST, Start()) == "wrong_phase"
    assert hall.town_hall.close().events == ()


def test_only_who_runs_it() -> None:
    for somebody in (MODERATOR, SPEAKER, ANNA):
        assert refused(Hall("backstage"), somebody, Start()) == "forbidden"
        assert refused(Hall("live"), somebody, Close()) == "forbidden"


def test_the_stage_goes_on_air_as_it_stands() -> None:
    hall = Hall("backstage")
    hall.do(SPEAKER, TakeSeat())
    hall.do(SPEAKER, SetMedia(microphone=True))
    assert types(hall.do(HOST, Start())) == ["phase"]
    assert hall.view()["stage"][0]["microphone"]


def test_the_end_empties_stage_and_queue() -> None:
    hall = Hall()
    hall.do(SPEAKER, TakeSeat())
    hall.do(SPEAKER, SetMedia(screen=True))
    hall.do(ANNA, RaiseHand())
    hall.do(MODERATOR, Invite(participant=BELA))
    assert types(hall.do(HOST, Close())) == ["phase", "invitation_ended", "hands", "seats"]
    view = hall.view()
    assert (view["hands"], view["invitations"], view["screen"], hall.on_stage()) == ([], [], None, {})
    assert refused(hall, ANNA, RaiseHand()) == "wrong_phase"
