"""The plane and its sessions: what the relay is told, and who hears of what the relay tells."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from room_server.errors import RoomError
from room_server.session import RelayPlane, SlotView
from room_server.session.plane import MediaSession, Use
from room_server.session.session import Session
from tests.support.relay import RecordingRelay
from tests.unit.session import offers

STAGE: dict[Use, str] = {"microphone": "0", "camera": "1", "screen": "2"}


class Listener:
    def __init__(self) -> None:
        self.told: list[object] = []
        self.news = asyncio.Event()

    def media_state(self, connected: bool) -> None:
        self._hear(connected)

    def media_gone(self, reason: str) -> None:
        self._hear(reason)

    def _hear(self, what: object) -> None:
        self.told.append(what)
        self.news.set()


class House:
    def __init__(self) -> None:
        self.relay = RecordingRelay(ports=(5000, 5001))
        self.plane = RelayPlane(self.relay, announce=["192.0.2.1"], join_rate=10_000)
        self.speakers: list[int] = []
        self.listener = Listener()

    async def join(
        self, name: str = "chromium_attendee", publish: dict[Use, str] | None = None, **more: Any
    ) -> Session:
        arguments: dict[str, Any] = {"staff": False, "network": "n", "listener": self.listener} | more
        session = await self.plane.join("a", offer=offers.load(name), publish=publish or {}, **arguments)
        assert isinstance(session, Session)
        return session


@pytest.fixture
async def house() -> AsyncIterator[House]:
    made = House()
    await made.plane.start()
    made.plane.hall_open("a", seats=8, on_speaker=made.speakers.append)
    yield made
    await made.plane.close()
    made.relay.close()
    assert len(asyncio.all_tasks()) == 1


async def test_a_join_opens_a_peer_and_answers_with_its_workers_port(house: House) -> None:
    first, second = await house.join(), await house.join(staff=True)
    specs = [spec for (spec,) in house.relay.named("peer_open")]
    assert [(spec.peer, spec.hall, spec.staff) for spec in specs] == [(1, 1, False), (2, 1, True)]
    assert "192.0.2.1 5000 typ host" in first.answer
    assert "192.0.2.1 5001 typ host" in second.answer
    assert specs[0].ufrag in first.answer
    assert len(first.slots) == 18


async def test_connections_of_one_room_share_an_echo_group(house: House) -> None:
    for group in ("room", None, "room", "other"):
        await house.join(echo_group=group)
    groups = [spec.echo_group for (spec,) in house.relay.named("peer_open")]
    assert groups[0] == groups[2] != 0
    assert groups[1] == 0
    assert groups[3] not in {0, groups[0]}


async def test_a_refused_offer_leaves_no_trace(house: House) -> None:
    for offer, code in (("v=0\r\n", "no_media"), ("x", "offer_malformed")):
        with pytest.raises(RoomError) as error:
            await house.plane.join("a", offer=offer, publish={}, staff=False, network="n", listener=house.listener)
        assert error.value.code == code
    assert house.relay.named("peer_open") == []


async def test_a_hall_that_is_not_there_takes_nobody_and_ignores_the_rest(house: House) -> None:
    with pytest.raises(RoomError) as error:
        await house.plane.join(
            "b", offer=offers.load("chromium_phone"), publish={}, staff=False, network="n", listener=house.listener
        )
    assert error.value.code == "town_hall_closed"
    before = list(house.relay.calls)
    session = await house.join()
    house.plane.hall_air("b", "on_air")
    house.plane.seat_assign("b", 1, session, audio="microphone", video=None)
    house.plane.seat_clear("b", 1)
    house.plane.seat_gate("b", 1, audio=True, video=True)
    house.plane.hall_close("b")
    assert house.plane.seat_counters("b") == {}
    assert [name for name, _ in house.relay.calls[len(before) :]] == ["peer_open"]


async def test_seats_and_gates_go_down_by_section(house: House) -> None:
    speaker = await house.join("chromium_stage", STAGE)
    viewer = await house.join()
    house.plane.hall_air("a", "backstage")
    house.plane.seat_assign("a", 3, speaker, audio="microphone", video="camera")
    house.plane.seat_assign("a", 100, speaker, audio=None, video="screen")
    house.plane.seat_assign("a", 4, viewer, audio="microphone", video="camera")
    house.plane.seat_gate("a", 3, audio=True, video=False)
    house.plane.seat_clear("a", 3)
    assert house.relay.named("hall_air") == [(1, "backstage")]
    assert house.relay.named("seat_assign") == [(1, 3, 1, 0, 1), (1, 100, 1, None, 2), (1, 4, 2, None, None)]
    assert house.relay.named("seat_gate") == [(1, 3, True, False)]
    assert house.relay.named("seat_clear") == [(1, 3)]
    assert house.plane.seat_counters("a") == {1: {"audio_in": 1}}


async def test_views_change_slots_all_or_none(house: House) -> None:
    session = await house.join()
    after = session.view([SlotView("9", 5, 1), SlotView("10", 100, -1), SlotView("0", 205)])
    assert house.relay.named("peer_view") == [(1, [(9, 5, 1), (10, 100, 254), (0, 205, 255)])]
    assert [(slot.mid, slot.seat) for slot in after if slot.mid in {"0", "9", "10"}] == [
        ("0", 205),
        ("9", 5),
        ("10", 100),
    ]
    for wrong in (SlotView("99", 1), SlotView("9", 9), SlotView("9", -1), SlotView("0", 100), SlotView("9", 1, 4)):
        with pytest.raises(RoomError) as error:
            session.view([SlotView("11", 7), wrong])
        assert error.value.code == "view_invalid"
    with pytest.raises(RoomError, match="each slot once"):
        session.view([SlotView("11", 7), SlotView("11", 8)])
    assert len(house.relay.named("peer_view")) == 1
    assert list(session.slots) == list(after)
    assert list(session.view([])) == list(after)


async def test_an_ice_restart_keeps_the_transport(house: House) -> None:
    session = await house.join("aiortc_stage")
    offer = offers.load("aiortc_stage").replace("ice-ufrag:mICW", "ice-ufrag:next").replace("ice-pwd:Zp", "ice-pwd:Yp")
    answer = session.restart(offer)
    ((peer, ufrag, pwd, remote),) = house.relay.named("peer_restart")
    assert (peer, remote) == (1, "next")
    assert (f"a=ice-ufrag:{ufrag}\r\n" in answer, f"a=ice-pwd:{pwd}\r\n" in answer) == (True, True)
    assert session.answer == answer
    for wrong, code in (("x", "offer_malformed"), (offers.load("chromium_phone"), "offer_not_a_restart")):
        with pytest.raises(RoomError) as error:
            session.restart(wrong)
        assert error.value.code == code
    assert session.answer == answer
    session.close()
    with pytest.raises(RoomError) as over:
        session.restart(offers.load("aiortc_stage"))
    assert over.value.code == "no_media"


async def test_events_reach_the_one_they_concern(house: House) -> None:
    other = Listener()
    publisher = await house.join("chromium_stage", STAGE)
    await house.join(listener=other)
    house.relay.emit("address", 1, "192.0.2.9:4000")
    house.relay.emit("layers", 1, (1, ["q", "h"]))
    house.relay.emit("media", 77, True)
    house.relay.emit("media", 1, True)
    house.relay.emit("speaker", 1, 3)
    house.relay.emit("speaker", 9, 4)
    house.relay.emit("media", 1, False)
    house.relay.emit("media", 2, True)
    await other.news.wait()
    assert house.listener.told == [True, False]
    assert publisher.layers == {"1": ("q", "h")}
    assert (other.told, house.speakers) == ([True], [3])


async def test_a_transport_that_is_gone_is_told_of_once_and_freed(house: House) -> None:
    session = await house.join()
    house.relay.emit("gone", 1, "silent")
    house.relay.emit("gone", 1, "silent")
    house.relay.emit("media", 1, True)
    await house.listener.news.wait()
    session.close()
    session.set_staff(True)
    assert house.listener.told == ["silent"]
    assert house.relay.named("peer_close") == [(1,)]
    assert house.relay.named("peer_staff") == []


async def test_closing_tells_no_listener(house: House) -> None:
    session = await house.join()
    session.set_staff(True)
    session.close()
    session.close()
    closed_with_hall: MediaSession = await house.join()
    house.plane.hall_close("a")
    closed_with_hall.close()
    assert house.listener.told == []
    assert house.relay.named("peer_staff") == [(1, True)]
    assert house.relay.named("peer_close") == [(1,), (2,)]
    assert house.relay.named("hall_close") == [(1,)]


async def test_a_listener_that_breaks_takes_no_other_event_with_it(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    class Broken(Listener):
        def media_state(self, connected: bool) -> None:
            raise ValueError

    await house.join(listener=Broken())
    await house.join()
    house.relay.emit("media", 1, True)
    house.relay.emit("media", 2, True)
    await house.listener.news.wait()
    assert house.listener.told == [True]
    assert "media for 1 could not be handled" in caplog.text


async def test_many_handshakes_at_once_leave_turns_to_others(house: House) -> None:
    sessions = [await house.join() for _ in range(20)]
    received: list[int] = []
    for session in sessions:
        session.on_dtls = lambda _d, peer=session.peer: received.append(peer)  # type: ignore[method-assign,misc]
    for session in sessions:
        house.relay.emit("dtls", session.peer, b"\x16")
    steps = []
    while len(received) < 20:
        before = len(received)
        await asyncio.sleep(0)
        steps.append(len(received) - before)
    assert max(steps) <= 8
    assert received == [session.peer for session in sessions]
