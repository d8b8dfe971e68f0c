"""A process that ends in the middle of a town hall, and the one after it."""

import asyncio
import logging
from typing import Any

import pytest

from room_server.ids import TownHallId
from tests.unit.signalling.conftest import House, Page, until

T = TownHallId("t")


async def perish(house: House) -> None:
    """The next process starts from what is on record, and the one before says nothing more."""
    for page in house.pages:
        await page.cut()
    await house.stop()


async def back(house: House, page: Page, **more: object) -> dict[str, Any]:
    """The page comes back by itself."""
    again = await house.page().connect()
    entry: dict[str, Any] = page.entry
    revision = max([entry["revision"], *(batch["revision"] for batch in page.batches)])
    resume = {"type": "resume", "credential": entry["credential"], "revision": revision}
    answer = await again.ask({**resume, **more})
    assert "error" not in answer, answer
    again.entry = answer
    return answer


async def on_record(house: House) -> None:
    hall = house.halls._running[T]
    await until(lambda: hall._keeper.settled and hall._records.settled)


async def full_stage(house: House) -> tuple[Page, Page, Page]:
    """A host on seat 1, heard; a speaker on seat 2, muted by the host, seen; two raised hands and an invitation."""
    host = await house.enter("host", "host", offer="h", publish={"microphone": "0"})
    ann = await house.enter("ann", "speaker", offer="a", publish={"microphone": "0", "camera": "1"})
    bob = await house.enter("bob")
    cat = await house.enter("cat")
    await host.do("start")
    for page in (host, ann):
        await page.do("take_seat")
        await page.do("set_media", microphone=True, camera=page is ann)
    await host.do("mute", participant="ann", kind="microphone")
    await bob.do("raise_hand")
    await cat.do("raise_hand")
    return host, ann, bob


async def test_after_a_restart_everybody_is_where_they_were(house: House) -> None:
    host, ann, bob = await full_stage(house)
    await on_record(house)
    await perish(house)
    await house.start()
    # The seats are theirs, and nothing of them is fed to anybody until they are back.
    assert [call for call in house.plane.calls if call[0] in ("assign", "gate")] == []
    assert ("air", "on_air") in house.plane.calls

    answer = await back(house, bob)
    stage = answer["snapshot"]["stage"]
    assert [seat["participant"] and seat["participant"]["id"] for seat in stage] == ["host", "ann", None]
    assert [seat["participant"]["presence"] for seat in stage[:2]] == ["reconnecting"] * 2
    assert [(seat["microphone"], seat["camera"], seat["muted_by"]) for seat in stage[:2]] == [
        (True, False, None),
        (False, True, "host"),
    ]
    assert answer["snapshot"]["my_hand"] == 1
    assert answer["snapshot"]["phase"] == "live"

    answer = await back(house, host, offer="h2", publish={"microphone": "0"})
    assert answer["you"]["roles"] == ["host"]
    assert [hand["participant"] for hand in answer["snapshot"]["hands"]] == ["bob", "cat"]
    assert {person["id"] for person in answer["snapshot"]["participants"]} == {"host", "ann", "bob", "cat"}
    assert house.plane.calls[-2:] == [("assign", 1, "h2", "microphone", "camera"), ("gate", 1, True, False)]
    answer = await back(house, ann, offer="a2", publish={"microphone": "0", "camera": "1"})
    assert house.plane.calls[-1] == ("gate", 2, False, True), "a reconnect never unmutes"
    assert answer["revision"] > ann.entry["revision"]


async def test_whoever_does_not_come_back_is_gone_a_minute_later(house: House) -> None:
    host, _, _ = await full_stage(house)
    await on_record(house)
    await perish(house)
    await house.start()
    answer = await back(house, host)
    house.wait(61)
    assert house.halls.people(T) == 1
    assert [seat["participant"] and seat["participant"]["id"] for seat in answer["snapshot"]["stage"]][1] == "ann"
    await on_record(house)
    assert [key for key in house.store.kept[T] if key.startswith("p:")] == ["p:host"]
    assert len(house.halls._running[T]._town_hall.hand_positions()) == 0


async def test_a_page_that_kept_its_transport_over_a_restart_is_told_that_it_is_gone(house: House) -> None:
    host, _, _ = await full_stage(house)
    await on_record(house)
    await perish(house)
    await house.start()
    await back(house, host)
    assert (await house.pages[-1].told("rejoin"))["reason"] == "none"


async def test_who_held_the_line_all_the_time_is_not_told_so(house: House) -> None:
    ann = await house.enter("ann", offer="sdp")
    await ann.do("raise_hand")
    await ann.told("my_hand")
    await ann.cut()
    await back(house, ann)
    await house.pages[-1].do("lower_hand")
    await house.pages[-1].told("my_hand", position=None)
    assert "rejoin" not in house.pages[-1].types()


async def test_a_crowd_is_written_together_and_the_stage_at_once(house: House) -> None:
    await asyncio.gather(*(house.enter(f"p{number}") for number in range(20)))
    await on_record(house)
    assert house.store.writes <= 3
    assert len(house.store.kept[T]) == 21, "everybody, and the revision"
    speaker = await house.enter("host", "host")
    await speaker.do("take_seat")
    await until(lambda: '"host"' in house.store.kept[T].get("stage", ""))
    assert house.store.kept[T]["p:host"], "whoever sits there is on record by then"


async def test_a_mute_is_on_record_before_it_is_acknowledged(house: House) -> None:
    host, ann, _ = await full_stage(house)
    await ann.do("set_media", microphone=True)
    await host.do("mute", participant="ann", kind="microphone")
    assert '"microphone":true' not in house.store.kept[T]["stage"].split('"ann"')[1]
    await ann.do("leave_stage")
    assert '"occupant":"ann"' not in house.store.kept[T]["stage"]


async def test_what_could_not_be_written_is_written_when_the_database_is_back(house: House) -> None:
    host = await house.enter("host", "host")
    await on_record(house)
    house.store.away = True
    await host.do("take_seat")
    await host.do("set_media", camera=True)
    assert "stage" not in house.store.kept[T]
    house.store.away = False
    await until(lambda: '"camera":true' in house.store.kept[T].get("stage", ""))


async def test_an_empty_town_hall_leaves_nothing(house: House) -> None:
    ann = await house.enter("ann", "speaker")
    await ann.do("take_seat")
    await ann.do("leave")
    await on_record(house)
    assert house.store.kept[T] == {}


async def test_one_that_was_closed_meanwhile_is_not_started(house: House) -> None:
    await house.enter("ann")
    await on_record(house)
    await perish(house)
    await house.store.set_phase(T, "closed")
    await house.start()
    assert not house.halls._running
    assert T not in house.store.kept


@pytest.mark.parametrize(
    "damage", [{"stage": "not JSON"}, {"p:ann": '{"name": 1}'}, {"revision": "soon"}, {"p:ann": '{"roles": ["king"]}'}]
)
async def test_what_cannot_be_read_keeps_nobody_out(
    house: House, damage: dict[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    ann = await house.enter("ann")
    await ann.do("raise_hand")
    await ann.told("my_hand")
    await on_record(house)
    await perish(house)
    house.store.kept[T].update(damage)
    with caplog.at_level(logging.WARNING):
        await house.start()
    assert "begins anew" in caplog.text
    answer = await back(house, ann)
    assert answer["snapshot"]["my_hand"] is None
    await on_record(house)
    assert set(house.store.kept[T]) == {"p:ann", "revision"}
