"""What HTTP asks of running town halls."""

import asyncio

import pytest

from room_server.errors import RoomError
from room_server.ids import LinkId, TownHallId
from tests.unit.signalling.conftest import House, until

T = TownHallId("t")


async def test_opening_one_that_nobody_has_joined(house: House) -> None:
    id = house.store.schedule("later", phase="scheduled")
    await house.halls.open(id)
    assert house.store.records[id].phase == "backstage"
    with pytest.raises(RoomError) as refusal:
        await house.halls.open(id)
    assert refusal.value.code == "wrong_phase"


async def test_opening_is_told_to_who_waits(house: House) -> None:
    id = house.store.schedule("later", phase="scheduled")
    page = house.page()
    await page.join(house.store.admit("ann", town_hall="later"))
    await house.halls.open(id)
    await page.told("phase", phase="backstage")
    assert ("air", "off") in house.plane.calls
    assert house.plane.calls[-1] == ("air", "backstage")


@pytest.mark.parametrize("action", ["open", "close"])
async def test_unknown_town_halls(house: House, action: str) -> None:
    with pytest.raises(RoomError) as refusal:
        await getattr(house.halls, action)(TownHallId("nowhere"))
    assert refusal.value.code == "town_hall_unknown"
    await house.halls.forget(TownHallId("nowhere"))
    await house.halls.revoke_link(TownHallId("nowhere"), LinkId("x"))
    assert house.halls.people(TownHallId("nowhere")) == 0


async def test_closing_ends_media_at_once_and_frees_memory_when_all_have_gone(house: House) -> None:
    ann = await house.enter("ann", offer="sdp")
    loop = asyncio.get_running_loop()
    begun = loop.time()
    await house.halls.close(T)
    assert house.plane.calls[-2:] == [("air", "off"), ("close", "t")]
    assert loop.time() - begun < 0.5
    await ann.told("phase", phase="closed")
    await house.halls.close(T)
    assert house.store.records[T].phase == "closed"
    await ann.do("leave")
    await until(lambda: not house.halls._running)


async def test_a_closed_town_hall_whose_last_page_is_lost_is_let_go_too(house: House) -> None:
    ann = await house.enter("ann")
    await house.halls.close(T)
    await ann.cut()
    await until(lambda: not house.signalling._namespace._connections)
    house.wait(61)
    await until(lambda: not house.halls._running)
    assert not house.store.kept[T]


async def test_a_forgotten_town_hall_has_nobody(house: House) -> None:
    ann = await house.enter("ann")
    await house.halls.forget(T)
    del house.store.records[T]
    await ann.told("removed")
    await asyncio.wait_for(ann.closed.wait(), 5)
    assert house.halls.people(T) == 0
    assert house.plane.calls[-1] == ("close", "t")
    assert (await house.page().join(ann.entry["credential"]))["error"] == "town_hall_unknown"


async def test_a_revoked_link_puts_its_people_out_and_no_others(house: House) -> None:
    ann = await house.enter("ann")
    bob = await house.enter("bob")
    await house.halls.revoke_link(T, LinkId("link-ann"))
    await ann.told("removed")
    assert house.halls.people(T) == 1
    await bob.do("raise_hand")
    # The link may be given to another device: whoever it lets in next is welcome.
    assert house.store.revoked == set()
    assert "error" not in await house.page().join(house.store.admit("ann"))


async def test_a_link_that_ends_turns_away_who_waits_at_the_gate(house: House) -> None:
    house.plane.gate.clear()
    pages = {name: await house.page().connect() for name in ("ann", "bob")}
    asked = {}
    for name, page in pages.items():
        asked[name] = asyncio.create_task(page.join(house.store.admit(name), offer=name))
        await house.plane.waiting.acquire()
    await house.halls.revoke_link(T, LinkId("link-ann"))
    house.plane.gate.set()
    assert (await asked["ann"])["error"] == "credential_invalid"
    assert "error" not in await asked["bob"]
    assert house.plane.session("ann").closed
    assert not house.halls._running[T]._entering


async def test_many_at_once_start_a_town_hall_once(house: House) -> None:
    pages = [await house.page().connect() for _ in range(10)]
    await asyncio.gather(*(page.join(house.store.admit(f"p{n}")) for n, page in enumerate(pages)))
    assert house.halls.people(T) == 10
    assert [call for call in house.plane.calls if call[0] == "open"] == [("open", "t", 3)]


async def test_what_is_acknowledged_is_written_when_the_database_is_back(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("room_server.signalling.hall._WRITE_PATIENCE", 0.05)
    host = await house.enter("host", "host")
    await until(lambda: house.store.people["host"].name == "Host")
    house.store.away = True
    assert "error" not in await host.ask({"type": "start"})
    assert house.store.records[T].phase == "backstage"
    house.store.away = False
    await until(lambda: house.store.records[T].phase == "live")


async def test_one_that_is_over_is_kept_until_that_is_on_record(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("room_server.signalling.hall._WRITE_PATIENCE", 0.05)
    credential = house.store.admit("ann")
    house.store.away = True
    await house.halls.close(T)
    assert (await house.page().join(credential))["error"] == "town_hall_closed"
    assert house.halls._running
    house.store.away = False
    await until(lambda: not house.halls._running)
    assert house.store.records[T].phase == "closed"
