"""Arrivals, presence, names, departures."""

import pytest

from room_server.errors import RoomError
from room_server.ids import ParticipantId
from room_server.townhall.commands import Invite, Leave, RaiseHand, Remove, Rename, SetMedia, TakeSeat
from room_server.townhall.event import Audience
from room_server.townhall.lobby import GONE_AFTER, RECONNECTING_AFTER
from room_server.townhall.roles import Role
from tests.unit.townhall.build import ANNA, BELA, HOST, MODERATOR, SPEAKER, Hall, arrival, refused, types


def turned_away(hall: Hall, id: str, *roles: Role) -> str:
    """The code that somebody is not let in with."""
    before = (hall.town_hall.people(), hall.town_hall.revision)
    with pytest.raises(RoomError) as refusal:
        hall.town_hall.join(arrival(ParticipantId(id), *roles))
    assert (hall.town_hall.people(), hall.town_hall.revision) == before
    return refusal.value.code


def test_joining_twice_is_one_person() -> None:
    hall = Hall(people=False)
    assert types(hall.town_hall.join(arrival(ANNA))) == ["joined"]
    assert hall.town_hall.join(arrival(ANNA)).events == ()
    assert [person.id for person in hall.town_hall.people()] == [ANNA]


def test_a_full_town_hall_still_takes_staff_and_people_coming_back() -> None:
    hall = Hall(capacity=2, people=False)
    hall.town_hall.join(arrival(ANNA))
    hall.town_hall.join(arrival(BELA))
    assert turned_away(hall, "c", Role.ATTENDEE) == "town_hall_full"
    hall.town_hall.join(arrival(BELA))
    hall.town_hall.join(arrival(HOST))
    assert len(hall.town_hall.people()) == 3


def test_nobody_comes_in_when_it_is_over() -> None:
    assert turned_away(Hall("closed", people=False), "c", Role.HOST) == "town_hall_closed"


def test_a_lost_line_shows_and_everything_is_kept() -> None:
    hall = Hall()
    hall.do(SPEAKER, TakeSeat())
    hall.do(SPEAKER, SetMedia(microphone=True))
    hall.do(ANNA, RaiseHand())
    for id in (SPEAKER, ANNA):
        hall.town_hall.lose(id, hall.now, seen=hall.now - 4)
    assert hall.wait(RECONNECTING_AFTER - 0.1).events == ()
    lost = hall.wait(0.1)
    assert types(lost) == ["presence", "presence"]
    assert [recorded.audience for recorded in lost.events] == [Audience.ALL, Audience.STAFF]
    assert hall.town_hall.deadline() == hall.now - RECONNECTING_AFTER - 4 + GONE_AFTER
    back = hall.town_hall.join(arrival(SPEAKER))
    assert types(back) == ["presence"]
    assert hall.view()["stage"][0]["participant"]["presence"] == "here"
    assert hall.view()["stage"][0]["microphone"]
    assert [hand["participant"] for hand in hall.view()["hands"]] == [ANNA]


def test_a_reload_is_not_seen() -> None:
    hall = Hall()
    hall.town_hall.lose(ANNA, hall.now, seen=hall.now - 4)
    hall.wait(RECONNECTING_AFTER / 2)
    assert hall.town_hall.join(arrival(ANNA)).events == ()
    assert hall.town_hall.deadline() is None


def test_gone_a_minute_after_the_last_sign_of_life() -> None:
    hall = Hall()
    hall.do(SPEAKER, TakeSeat())
    hall.do(MODERATOR, Invite(participant=ANNA))
    for id in (SPEAKER, ANNA):
        hall.town_hall.lose(id, hall.now, seen=hall.now)
    hall.wait(RECONNECTING_AFTER)
    hall.town_hall.seen(SPEAKER, hall.now)
    assert "left" not in types(hall.wait(GONE_AFTER - RECONNECTING_AFTER - 0.1))
    assert types(hall.wait(0.1)) == ["left"]
    assert hall.on_stage() == {1: SPEAKER}
    assert types(hall.wait(RECONNECTING_AFTER)) == ["seats", "left"]
    assert hall.on_stage() == {}
    assert hall.town_hall.deadline() is None


def test_after_a_long_freeze_of_the_server_people_are_gone_at_once() -> None:
    hall = Hall()
    hall.town_hall.lose(ANNA, hall.now, seen=hall.now)
    assert types(hall.wait(GONE_AFTER * 3)) == ["left"]


def test_signs_of_life_of_people_who_are_here_or_unknown_mean_nothing() -> None:
    hall = Hall()
    hall.town_hall.seen(ANNA, hall.now)
    hall.town_hall.seen("nobody", hall.now)
    assert hall.town_hall.lose("nobody", hall.now, hall.now).events == ()
    assert hall.town_hall.deadline() is None


def test_leaving_frees_everything() -> None:
    hall = Hall()
    hall.do(SPEAKER, TakeSeat())
    hall.do(SPEAKER, SetMedia(screen=True))
    assert types(hall.do(SPEAKER, Leave())) == ["seats", "left"]
    assert hall.view()["screen"] is None
    assert refused(hall, SPEAKER, RaiseHand()) == "not_joined"
    hall.town_hall.join(arrival(SPEAKER))


def test_the_removed_do_not_come_back() -> None:
    hall = Hall()
    hall.do(ANNA, RaiseHand())
    assert types(hall.do(MODERATOR, Remove(participant=ANNA))) == ["hands", "left"]
    assert turned_away(hall, ANNA) == "removed"
    hall.town_hall.put_out(BELA)
    assert hall.town_hall.person(BELA) is None
    hall.town_hall.join(arrival(BELA))


def test_who_removes_whom() -> None:
    hall = Hall()
    assert refused(hall, MODERATOR, Remove(participant=HOST)) == "forbidden"
    assert refused(hall, MODERATOR, Remove(participant=MODERATOR)) == "forbidden"
    assert refused(hall, MODERATOR, Remove(participant="nobody")) == "no_such_participant"
    assert refused(hall, SPEAKER, Remove(participant=ANNA)) == "forbidden"
    hall.do(HOST, Remove(participant=MODERATOR))


def test_a_new_name_shows_wherever_the_person_does() -> None:
    hall = Hall()
    hall.do(ANNA, RaiseHand())
    hall.do(SPEAKER, TakeSeat())
    renamed = hall.do(ANNA, Rename(name=" Ann\u200ba  Moyo"))
    assert renamed.result == {"name": "Anna Moyo"}
    assert renamed.events[0].audience is Audience.STAFF
    assert hall.view()["hands"][0]["name"] == "Anna Moyo"
    assert hall.do(SPEAKER, Rename(name="Chipo")).events[0].audience is Audience.ALL
    assert hall.view(ANNA)["stage"][0]["participant"]["name"] == "Chipo"
    assert hall.do(SPEAKER, Rename(name="Chipo")).events == ()
    assert refused(hall, ANNA, Rename(name="\u200b")) == "malformed"
    assert refused(hall, ANNA, Rename(name="x" * 61)) == "too_long"


def test_other_roles_are_told_to_staff_and_to_oneself() -> None:
    hall = Hall()
    applied = hall.town_hall.join(arrival(ANNA, Role.MODERATOR))
    assert [recorded.audience for recorded in applied.events] == [Audience.STAFF, Audience.ONE]
    assert "invite" in hall.view(ANNA)["permissions"]
    assert "participants" in hall.view(ANNA)


def test_losing_the_right_to_speak_frees_the_seat() -> None:
    hall = Hall()
    hall.do(SPEAKER, TakeSeat())
    hall.town_hall.join(arrival(SPEAKER, Role.INTERPRETER))
    assert hall.view(ANNA)["stage"][0]["participant"]["roles"] == ["interpreter"]
    hall.town_hall.join(arrival(SPEAKER, Role.OBSERVER))
    assert hall.on_stage() == {}


def test_who_comes_back_on_a_page_that_cannot_speak_leaves_the_stage() -> None:
    hall = Hall()
    hall.do(SPEAKER, TakeSeat())
    hall.do(SPEAKER, SetMedia(microphone=True))
    assert types(hall.town_hall.join(arrival(SPEAKER, speaks=False))) == ["seats"]
    assert hall.on_stage() == {}
