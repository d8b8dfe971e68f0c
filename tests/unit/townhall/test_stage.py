"""Seats, and what leaves them."""

import pytest

from room_server.townhall.commands import LeaveStage, Mute, RemoveFromStage, SetMedia, TakeSeat
from room_server.townhall.values import Pictures
from tests.unit.townhall.build import ANNA, HOST, MODERATOR, SPEAKER, Hall, arrival, refused, types


@pytest.fixture
def hall() -> Hall:
    """Live, the host on seat 1 and the speaker on seat 2, both silent."""
    hall = Hall()
    hall.do(HOST, TakeSeat())
    hall.do(SPEAKER, TakeSeat())
    return hall


def test_a_newly_seated_person_is_silent(hall: Hall) -> None:
    assert hall.on_stage() == {1: HOST, 2: SPEAKER}
    assert not any(seat["microphone"] or seat["camera"] for seat in hall.view()["stage"])
    assert hall.view()["screen"] is None


def test_the_first_free_seat_is_taken(hall: Hall) -> None:
    hall.do(HOST, LeaveStage())
    assert hall.do(MODERATOR, TakeSeat()).result == {"seat": 1}
    assert hall.on_stage() == {1: MODERATOR, 2: SPEAKER}


def test_a_full_stage_says_so(hall: Hall) -> None:
    small = Hall(seats=1)
    small.do(HOST, TakeSeat())
    assert refused(small, SPEAKER, TakeSeat()) == "stage_full"
    assert refused(hall, HOST, TakeSeat()) == "already_on_stage"


def test_a_seat_is_for_the_stage_to_be_open() -> None:
    assert refused(Hall("scheduled"), HOST, TakeSeat()) == "wrong_phase"
    over = Hall("live")
    over.town_hall.close()
    assert refused(over, HOST, TakeSeat()) == "wrong_phase"
    assert Hall("backstage").do(HOST, TakeSeat()).result == {"seat": 1}


def test_opening_and_shutting_ones_own(hall: Hall) -> None:
    applied = hall.do(SPEAKER, SetMedia(microphone=True, camera=True, screen=True))
    assert types(applied) == ["seats"]
    seat = hall.view(ANNA)["stage"][1]
    assert (seat["microphone"], seat["camera"], hall.view(ANNA)["screen"]) == (True, True, SPEAKER)
    hall.do(SPEAKER, SetMedia(camera=False))
    assert hall.view()["stage"][1]["microphone"]
    assert not hall.view()["stage"][1]["camera"]
    assert hall.view()["screen"] == SPEAKER
    assert hall.do(SPEAKER, SetMedia(camera=False)).events == ()


def test_only_from_the_stage(hall: Hall) -> None:
    assert refused(hall, ANNA, SetMedia(microphone=True)) == "not_on_stage"
    assert refused(hall, ANNA, LeaveStage()) == "not_on_stage"


def test_one_screen_at_a_time(hall: Hall) -> None:
    hall.do(SPEAKER, SetMedia(screen=True))
    assert refused(hall, HOST, SetMedia(microphone=True, screen=True)) == "screen_taken"
    hall.do(SPEAKER, SetMedia(screen=False))
    hall.do(HOST, SetMedia(screen=True))
    assert hall.view()["screen"] == HOST
    hall.do(SPEAKER, SetMedia(screen=False))
    assert hall.view()["screen"] == HOST


def test_mute_shuts_and_only_the_owner_opens(hall: Hall) -> None:
    hall.do(SPEAKER, SetMedia(microphone=True, camera=True, screen=True))
    for kind in ("microphone", "camera", "screen"):
        hall.do(MODERATOR, Mute(participant=SPEAKER, kind=kind))
    seat = hall.view()["stage"][1]
    assert (seat["microphone"], seat["camera"], seat["muted_by"]) == (False, False, MODERATOR)
    assert hall.view()["screen"] is None
    hall.do(SPEAKER, SetMedia(microphone=True))
    assert hall.view()["stage"][1]["muted_by"] is None


def test_muting_what_is_shut_changes_nothing(hall: Hall) -> None:
    for kind in ("microphone", "camera", "screen"):
        assert hall.do(MODERATOR, Mute(participant=SPEAKER, kind=kind)).events == ()
    assert refused(hall, MODERATOR, Mute(participant=ANNA, kind="microphone")) == "not_on_stage"
    assert refused(hall, MODERATOR, Mute(participant="nobody", kind="microphone")) == "no_such_participant"


def test_leaving_takes_the_screen_along(hall: Hall) -> None:
    hall.do(SPEAKER, SetMedia(microphone=True, screen=True))
    assert types(hall.do(SPEAKER, LeaveStage())) == ["seats"]
    assert hall.view()["screen"] is None
    assert not hall.view()["stage"][1]["microphone"]


def test_a_moderator_frees_a_seat(hall: Hall) -> None:
    hall.do(MODERATOR, RemoveFromStage(participant=HOST))
    assert hall.on_stage() == {2: SPEAKER}
    assert refused(hall, MODERATOR, RemoveFromStage(participant=HOST)) == "not_on_stage"
    assert refused(hall, ANNA, RemoveFromStage(participant=SPEAKER)) == "forbidden"
    assert refused(hall, MODERATOR, RemoveFromStage(participant="nobody")) == "no_such_participant"


def test_a_seat_and_the_screen_name_the_codec_that_their_owner_sends(hall: Hall) -> None:
    assert [seat["codec"] for seat in hall.view()["stage"]] == [None, None, None]
    told = hall.town_hall.join(arrival(SPEAKER, pictures=Pictures("h264", "vp8")))
    assert types(told) == ["seats"]
    hall.do(SPEAKER, SetMedia(screen=True))
    assert (hall.view(ANNA)["stage"][1]["codec"], hall.view(ANNA)["screen_codec"]) == ("h264", "vp8")
    assert hall.town_hall.join(arrival(SPEAKER)).events == ()  # the transport it had
    assert hall.town_hall.join(arrival(SPEAKER, pictures=Pictures("h264", "vp8"))).events == ()
    hall.do(SPEAKER, LeaveStage())
    assert hall.town_hall.join(arrival(SPEAKER, pictures=Pictures("av1"))).events == ()  # nobody sees them
    assert (hall.view()["stage"][1]["codec"], hall.view()["screen_codec"]) == (None, None)
