"""A page that is closed says goodbye; one that is reloaded says the same, and is back."""

import asyncio

from room_server.ids import TownHallId
from tests.unit.signalling.conftest import House, Page

T = TownHallId("t")


async def speaking(house: House) -> Page:
    """Ann on seat 1 behind the host on no seat, with an open microphone."""
    ann = await house.enter("ann", "speaker", offer="a", publish={"microphone": "0"})
    await ann.do("take_seat")
    await ann.do("set_media", microphone=True)
    return ann


async def test_whoever_closes_the_page_is_gone_at_once(house: House) -> None:
    host = await house.enter("host", "host")
    ann = await speaking(house)
    house.halls.page_closed(ann.entry["credential"])
    assert house.halls.people(T) == 1
    assert (await host.told("left", participant="ann"))["reason"] == "left"
    assert (await host.told("seats"))["stage"][0]["participant"] is None
    assert house.plane.session("a").closed


async def test_a_reload_brings_seat_and_mute_state_back(house: House) -> None:
    host = await house.enter("host", "host")
    ann = await speaking(house)
    await host.do("mute", participant="ann", kind="microphone")
    house.halls.page_closed(ann.entry["credential"])
    await ann.close()
    answer = await house.page().join(ann.entry["credential"], "Ann", offer="b", publish={"microphone": "0"})
    seat = answer["snapshot"]["stage"][0]
    assert (seat["participant"]["id"], seat["microphone"], seat["muted_by"]) == ("ann", False, "host")


async def test_a_reload_brings_the_place_in_the_queue_back(house: House) -> None:
    ann, bob = await house.enter("ann"), await house.enter("bob")
    await ann.do("raise_hand")
    await bob.do("raise_hand")
    house.halls.page_closed(ann.entry["credential"])
    await bob.told("my_hand", position=1)
    assert (await house.page().join(ann.entry["credential"]))["snapshot"]["my_hand"] == 1
    await bob.told("my_hand", position=2)


async def test_whoever_comes_back_by_the_link_starts_in_the_audience(house: House) -> None:
    ann = await speaking(house)
    house.halls.page_closed(ann.entry["credential"])
    answer = await house.page().join(house.store.admit("ann", "speaker"))
    assert answer["snapshot"]["stage"][0]["participant"] is None


async def test_a_seat_that_was_taken_meanwhile_is_not_given_back(house: House) -> None:
    ann = await speaking(house)
    house.halls.page_closed(ann.entry["credential"])
    host = await house.enter("host", "host")
    assert (await host.do("take_seat"))["seat"] == 1
    answer = await house.page().join(ann.entry["credential"])
    assert [seat["participant"] and seat["participant"]["id"] for seat in answer["snapshot"]["stage"]] == [
        "host", None, None,
    ]  # fmt: skip


async def test_after_a_minute_it_is_a_new_visit(house: House) -> None:
    await house.enter("host", "host")
    ann = await speaking(house)
    house.halls.page_closed(ann.entry["credential"])
    house.wait(61)
    assert (await house.page().join(ann.entry["credential"]))["snapshot"]["stage"][0]["participant"] is None


async def test_an_older_pages_goodbye_means_nothing(house: House) -> None:
    old = await speaking(house)
    await house.page().join(old.entry["credential"], offer="b")
    house.halls.page_closed(old.entry["credential"])
    house.halls.page_closed("never-given-out")
    assert house.halls.people(T) == 1
    assert house.halls._running[T]._town_hall.seats[0].occupant == "ann"


async def test_a_goodbye_that_comes_after_the_reload_means_nothing(house: House) -> None:
    ann = await speaking(house)
    house.plane.gate.clear()
    reloaded = await house.page().connect()
    asked = asyncio.create_task(reloaded.join(ann.entry["credential"], offer="b"))
    for _ in range(2):  # the first join of ann's has passed the gate as well
        await house.plane.waiting.acquire()
    house.halls.page_closed(ann.entry["credential"])
    house.plane.gate.set()
    assert (await asked)["snapshot"]["stage"][0]["participant"]["id"] == "ann"


async def test_a_lost_line_and_then_a_goodbye(house: House) -> None:
    host = await house.enter("host", "host")
    ann = await speaking(house)
    await ann.cut()
    await host.told("presence", participant="ann", presence="reconnecting")
    house.halls.page_closed(ann.entry["credential"])
    await host.told("left", participant="ann")


async def test_a_moderator_frees_the_seat_of_somebody_reconnecting(house: House) -> None:
    host = await house.enter("host", "host")
    ann = await speaking(house)
    await ann.cut()
    await host.told("presence", participant="ann", presence="reconnecting")
    await host.do("remove_from_stage", participant="ann")
    assert house.plane.calls[-1] == ("clear", 1)
    answer = await house.page().join(ann.entry["credential"])
    assert answer["snapshot"]["stage"][0]["participant"] is None
