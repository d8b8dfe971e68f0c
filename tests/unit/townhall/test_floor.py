"""Hands and invitations."""

import pytest

from room_server.errors import RoomError
from room_server.townhall.commands import (
    Accept,
    Decline,
    Invite,
    LowerHand,
    RaiseHand,
    TakeSeat,
    Uninvite,
)
from room_server.townhall.floor import INVITATION_LASTS
from tests.unit.townhall.build import ANNA, BELA, HOST, MODERATOR, SPEAKER, WATCHER, Hall, arrival, refused, types


def test_hands_stand_in_the_order_they_went_up() -> None:
    hall = Hall()
    assert hall.do(BELA, RaiseHand()).result == {"my_hand": 1}
    hall.now += 5
    assert hall.do(ANNA, RaiseHand()).result == {"my_hand": 2}
    again = hall.do(BELA, RaiseHand())
    assert (again.result, again.events) == ({"my_hand": 1}, ())
    assert [hand["participant"] for hand in hall.view()["hands"]] == [BELA, ANNA]
    assert hall.view(ANNA)["my_hand"] == 2
    assert hall.view(ANNA)["hands"] == []
    hall.do(BELA, LowerHand())
    assert hall.view(ANNA)["my_hand"] == 1
    assert hall.do(BELA, LowerHand()).events == ()


def test_a_moderator_lowers_anothers_hand_and_an_attendee_does_not() -> None:
    hall = Hall()
    hall.do(ANNA, RaiseHand())
    assert refused(hall, BELA, LowerHand(participant=ANNA)) == "forbidden"
    assert refused(hall, MODERATOR, LowerHand(participant="nobody")) == "no_such_participant"
    hall.do(MODERATOR, LowerHand(participant=ANNA))
    assert hall.view()["hands"] == []


def test_who_is_on_stage_or_only_watches_raises_no_hand() -> None:
    hall = Hall()
    hall.do(SPEAKER, TakeSeat())
    assert refused(hall, SPEAKER, RaiseHand()) == "already_on_stage"
    assert refused(hall, WATCHER, RaiseHand()) == "forbidden"


def test_from_hand_to_stage() -> None:
    hall = Hall()
    hall.do(ANNA, RaiseHand())
    expires = hall.now + INVITATION_LASTS
    assert hall.do(MODERATOR, Invite(participant=ANNA)).result == {"expires": expires}
    assert hall.view(ANNA)["invitations"] == [{"participant": ANNA, "expires": expires}]
    assert hall.view(BELA)["invitations"] == []
    assert [hand["participant"] for hand in hall.view()["hands"]] == [ANNA]
    accepted = hall.do(ANNA, Accept())
    assert (types(accepted), accepted.result) == (["invitation_ended", "hands", "seats"], {"seat": 1})
    assert hall.view()["hands"] == hall.view()["invitations"] == []


def test_no_answer_keeps_the_place_in_the_queue() -> None:
    hall = Hall()
    hall.do(ANNA, RaiseHand())
    hall.do(BELA, RaiseHand())
    hall.do(MODERATOR, Invite(participant=ANNA))
    assert hall.town_hall.deadline() == hall.now + INVITATION_LASTS
    assert hall.wait(INVITATION_LASTS - 0.1).events == ()
    ended = hall.wait(0.1)
    assert types(ended) == ["invitation_ended"]
    assert hall.view()["invitations"] == []
    assert [hand["participant"] for hand in hall.view()["hands"]] == [ANNA, BELA]
    assert hall.town_hall.deadline() is None


def test_an_answer_too_late_is_none() -> None:
    hall = Hall()
    hall.do(MODERATOR, Invite(participant=ANNA))
    hall.now += INVITATION_LASTS
    assert refused(hall, ANNA, Accept()) == "not_invited"
    assert refused(hall, ANNA, Decline()) == "not_invited"


def test_declining_lowers_the_hand_and_withdrawing_does_not() -> None:
    hall = Hall()
    for person in (ANNA, BELA):
        hall.do(person, RaiseHand())
        hall.do(MODERATOR, Invite(participant=person))
    assert types(hall.do(ANNA, Decline())) == ["invitation_ended", "hands"]
    assert types(hall.do(MODERATOR, Uninvite(participant=BELA))) == ["invitation_ended"]
    assert [hand["participant"] for hand in hall.view()["hands"]] == [BELA]
    assert refused(hall, MODERATOR, Uninvite(participant=BELA)) == "not_invited"
    assert refused(hall, BELA, Accept()) == "not_invited"


def test_an_invitation_keeps_a_seat() -> None:
    hall = Hall(seats=2)
    hall.do(HOST, TakeSeat())
    hall.do(MODERATOR, Invite(participant=ANNA))
    assert refused(hall, MODERATOR, Invite(participant=BELA)) == "stage_full"
    assert refused(hall, SPEAKER, TakeSeat()) == "stage_full"
    hall.now += 5
    assert hall.do(MODERATOR, Invite(participant=ANNA)).result == {"expires": hall.now + INVITATION_LASTS}
    hall.do(ANNA, Accept())
    assert hall.on_stage() == {1: HOST, 2: ANNA}


def test_taking_a_seat_by_right_uses_the_invitation_up() -> None:
    hall = Hall(seats=1)
    hall.do(SPEAKER, RaiseHand())
    hall.do(MODERATOR, Invite(participant=SPEAKER))
    hall.do(SPEAKER, TakeSeat())
    assert hall.view()["invitations"] == hall.view()["hands"] == []
    assert hall.on_stage() == {1: SPEAKER}


def test_who_cannot_be_invited() -> None:
    hall = Hall()
    hall.do(SPEAKER, TakeSeat())
    assert refused(hall, MODERATOR, Invite(participant=SPEAKER)) == "already_on_stage"
    assert refused(hall, MODERATOR, Invite(participant=WATCHER)) == "forbidden"
    assert refused(hall, MODERATOR, Invite(participant="nobody")) == "no_such_participant"
    assert refused(hall, ANNA, Invite(participant=BELA)) == "forbidden"
    assert refused(Hall("scheduled"), MODERATOR, Invite(participant=ANNA)) == "wrong_phase"


def test_a_page_that_cannot_capture_is_told_where_to_go() -> None:
    hall = Hall()
    hall.town_hall.join(arrival(ANNA, speaks=False))
    hall.do(MODERATOR, Invite(participant=ANNA))
    assert refused(hall, ANNA, Accept()) == "needs_https"
    hall.town_hall.join(arrival(ANNA, speaks=True))
    assert hall.do(ANNA, Accept()).result == {"seat": 1}


def test_a_stranger_does_nothing() -> None:
    with pytest.raises(RoomError) as refusal:
        Hall().do("stranger", RaiseHand())
    assert refusal.value.code == "not_joined"
