"""The one ordered writer."""

import asyncio
import json
from typing import Any

import pytest

from room_server.ids import ParticipantId
from room_server.signalling import outbox as module
from room_server.signalling.notices import MediaState, Restarting, Speaker
from room_server.signalling.outbox import Outbox
from room_server.townhall.event import Audience, HandsChanged, Left, PhaseChanged, Recorded, SeatsChanged
from room_server.townhall.values import HandView
from tests.unit.signalling.conftest import until

HOST, ANNA = ParticipantId("host"), ParticipantId("anna")


class Lines:
    """Pages that write down what they get; the packets themselves tell who shares one."""

    def __init__(self) -> None:
        self.packets: list[object] = []

    def send(self, packet: Any) -> bool:
        self.packets.append(packet)
        return True

    @property
    def batches(self) -> list[dict[str, Any]]:
        """The decoded payloads."""
        return [json.loads(packet.data.partition(",")[2])[1] for packet in self.packets]

    def types(self) -> list[str]:
        """All types in order."""
        return [event["type"] for batch in self.batches for event in batch["events"]]


def phase(revision: int) -> Recorded:
    return Recorded(revision, PhaseChanged(phase="live"), Audience.ALL)


def hands(revision: int, count: int = 1) -> Recorded:
    rows = tuple(HandView(participant=ParticipantId(f"p{i}"), name="x", since=0) for i in range(count))
    return Recorded(revision, HandsChanged(hands=rows), Audience.STAFF)


def seats(revision: int) -> Recorded:
    return Recorded(revision, SeatsChanged(stage=(), screen=None), Audience.ALL)


@pytest.fixture
async def house() -> tuple[Outbox, Lines, Lines]:
    """A host and an attendee who know revision 10."""
    outbox, host, anna = Outbox(10), Lines(), Lines()
    outbox.add(HOST, host, staff=True, revision=10, hand=None)
    outbox.add(ANNA, anna, staff=False, revision=10, hand=None)
    return outbox, host, anna


async def test_each_gets_what_it_may_see_in_one_message(house: tuple[Outbox, Lines, Lines]) -> None:
    outbox, host, anna = house
    outbox.publish([phase(11), hands(12)])
    outbox.publish([Recorded(13, Left(participant=ANNA, reason="left"), Audience.STAFF)])
    await until(lambda: bool(host.packets))
    assert host.types() == ["phase", "hands", "left"]
    assert anna.types() == ["phase"]
    assert [batch["revision"] for batch in (*host.batches, *anna.batches)] == [13, 13]


async def test_who_sees_the_same_gets_the_same_packet() -> None:
    outbox, pages = Outbox(10), [Lines() for _ in range(50)]
    for number, page in enumerate(pages):
        outbox.add(ParticipantId(f"a{number}"), page, staff=False, revision=10, hand=None)
    outbox.publish([phase(11)])
    outbox.flush()
    assert len({id(page.packets[0]) for page in pages}) == 1


async def test_what_a_newcomer_knows_is_not_repeated(house: tuple[Outbox, Lines, Lines]) -> None:
    outbox, _host, _anna = house
    outbox.publish([phase(11)])
    late = Lines()
    outbox.add(ParticipantId("late"), late, staff=False, revision=11, hand=None)
    outbox.publish([seats(12)])
    outbox.flush()
    assert late.types() == ["seats"]


async def test_the_newest_stage_and_queue_replace_the_older(house: tuple[Outbox, Lines, Lines]) -> None:
    outbox, host, _anna = house
    outbox.publish([seats(11), hands(12, 1), phase(13), seats(14), hands(15, 2)])
    outbox.flush()
    assert host.types() == ["phase", "seats", "hands"]
    assert len(host.batches[0]["events"][2]["hands"]) == 2


async def test_a_large_staff_gets_the_queue_at_most_every_two_seconds_but_never_out_of_order(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "AT_MOST_EVERY", 0.3)
    outbox, pages = Outbox(10), [Lines() for _ in range(26)]
    for number, page in enumerate(pages):
        outbox.add(ParticipantId(f"s{number}"), page, staff=True, revision=10, hand=None)
    page, loop = pages[0], asyncio.get_running_loop()
    outbox.publish([hands(11)])
    await until(lambda: page.types() == ["hands"])
    begun = loop.time()
    outbox.publish([hands(12, 2)])
    outbox.publish([hands(13, 3)])
    await until(lambda: len(page.packets) == 2)
    assert loop.time() - begun > 0.2
    assert page.batches[-1]["revision"] == 13
    outbox.publish([hands(14, 4)])
    outbox.publish([seats(15)])
    begun = loop.time()
    await until(lambda: len(page.packets) == 3)
    assert loop.time() - begun < 0.2
    assert page.types()[2:] == ["hands", "seats"]


async def test_seats_and_phase_leave_within_fifty_milliseconds(house: tuple[Outbox, Lines, Lines]) -> None:
    outbox, _host, anna = house
    loop = asyncio.get_running_loop()
    outbox.publish([seats(11)])
    begun = loop.time()
    await until(lambda: bool(anna.packets))
    assert loop.time() - begun < 0.05


async def test_each_is_told_of_a_change_of_their_own_place(house: tuple[Outbox, Lines, Lines]) -> None:
    outbox, host, anna = house
    outbox.hands({ANNA: 2})
    outbox.flush()
    outbox.hands({ANNA: 2, HOST: 3})
    outbox.flush()
    outbox.hands({})
    outbox.flush()
    assert [batch["events"][0]["position"] for batch in anna.batches] == [2, None]
    assert [batch["events"][0]["position"] for batch in host.batches] == [3, None]


async def test_a_notice_carries_no_revision_that_has_not_been_sent(house: tuple[Outbox, Lines, Lines]) -> None:
    outbox, host, anna = house
    outbox.publish([phase(11)])
    outbox.tell(ANNA, MediaState(connected=True))
    assert anna.batches == [{"revision": 10, "events": [{"type": "media_state", "connected": True}]}]
    assert host.packets == []
    outbox.tell(ParticipantId("nobody"), MediaState(connected=True))


async def test_the_newest_notice_of_a_kind_is_enough(house: tuple[Outbox, Lines, Lines]) -> None:
    outbox, _host, anna = house
    for seat in (1, 2, 3):
        outbox.tell_all(Speaker(seat=seat))
    outbox.tell_all(Restarting(seconds=5))
    outbox.flush()
    assert anna.batches[0]["events"] == [{"type": "speaker", "seat": 3}, {"type": "restarting", "seconds": 5}]


async def test_other_roles_see_other_things(house: tuple[Outbox, Lines, Lines]) -> None:
    outbox, _host, anna = house
    outbox.set_staff(ANNA, True)
    outbox.publish([hands(11)])
    outbox.flush()
    assert anna.types() == ["hands"]


async def test_an_older_page_that_goes_takes_nothing_from_the_newer(house: tuple[Outbox, Lines, Lines]) -> None:
    outbox, _host, anna = house
    newer = Lines()
    outbox.add(ANNA, newer, staff=False, revision=10, hand=None)
    outbox.discard(ANNA, anna)
    outbox.publish([phase(11)])
    outbox.flush()
    assert (anna.packets, newer.types()) == ([], ["phase"])
    outbox.discard(ANNA, newer)
    assert outbox.line_of(ANNA) is None


async def test_a_closed_outbox_is_silent(house: tuple[Outbox, Lines, Lines]) -> None:
    outbox, host, _anna = house
    outbox.publish([phase(11)])
    outbox.close()
    await asyncio.sleep(0.05)  # longer than it would have waited
    assert host.packets == []
