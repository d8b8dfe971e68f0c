"""Sockets that have not joined: cut off in time, and never too many."""

import asyncio
from collections.abc import AsyncIterator

import aiohttp
import pytest

from room_server.signalling.doorstep import Doorstep
from tests.unit.signalling.conftest import House, until

ENGINE_ONLY = "/socket.io/?EIO=4&transport=websocket"


def set_doorstep(house: House, **limits: float) -> None:
    house.signalling._namespace._doorstep = Doorstep(**limits)


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


async def test_a_socket_that_does_not_join_is_closed(house: House) -> None:
    set_doorstep(house, patience=0.05)
    idle = await house.page().connect()
    ann = await house.enter("ann")
    await asyncio.wait_for(idle.closed.wait(), 5)
    await ann.do("raise_hand")
    assert not ann.closed.is_set()


async def test_nor_may_one_stay_that_never_comes_to_the_namespace(house: House, http: aiohttp.ClientSession) -> None:
    set_doorstep(house, patience=0.05)
    async with http.ws_connect(house.url + ENGINE_ONLY) as socket:
        assert (await socket.receive_str()).startswith("0{")
        assert (await socket.receive(timeout=5)).type is aiohttp.WSMsgType.CLOSED
    await until(lambda: not house.signalling._namespace._connections)


async def test_nor_one_that_has_left_the_town_hall(house: House) -> None:
    set_doorstep(house, patience=0.2)
    ann = await house.enter("ann")
    await ann.do("leave")
    await asyncio.wait_for(ann.closed.wait(), 5)


async def test_who_waits_at_the_gate_is_not_cut_off(house: House) -> None:
    set_doorstep(house, patience=0.05)
    house.plane.gate.clear()
    page = await house.page().connect()
    asked = asyncio.create_task(page.join(house.store.admit("ann"), offer="sdp"))
    await house.plane.waiting.acquire()
    idle = await house.page().connect()
    await asyncio.wait_for(idle.closed.wait(), 5)
    house.plane.gate.set()
    assert "error" not in await asked


async def test_one_network_may_have_only_so_many_and_those_who_joined_do_not_count(
    house: House, http: aiohttp.ClientSession
) -> None:
    set_doorstep(house, per_network=2)
    await house.enter("ann")
    waiting = [await house.page().connect() for _ in range(2)]
    with pytest.raises(aiohttp.WSServerHandshakeError):
        await http.ws_connect(house.url + ENGINE_ONLY)
    assert len(house.signalling._namespace._connections) == 3
    assert "error" not in await waiting[0].join(house.store.admit("bob"))
    await house.enter("cid")


async def test_a_crowd_makes_room_for_a_smaller_one(house: House) -> None:
    set_doorstep(house, total=3)
    crowd = [await house.page().connect() for _ in range(3)]
    doorstep = house.signalling._namespace._doorstep
    assert doorstep.has_room("192.0.2.1")
    await asyncio.wait_for(crowd[0].closed.wait(), 5)
    assert not any(page.closed.is_set() for page in crowd[1:])


async def test_a_crowd_does_not_push_out_its_equals_nor_who_is_coming_in(house: House) -> None:
    set_doorstep(house, total=2)
    doorstep = house.signalling._namespace._doorstep
    house.plane.gate.clear()
    asked = []
    for name in ("ann", "bob"):
        page = await house.page().connect()
        assert not doorstep.has_room("127.0.0.1") or name == "ann"
        asked.append(asyncio.create_task(page.join(house.store.admit(name), offer=name)))
        await house.plane.waiting.acquire()
    assert not doorstep.has_room("192.0.2.1")
    house.plane.gate.set()
    assert all("error" not in answer for answer in await asyncio.gather(*asked))


async def test_a_socket_that_leaves_the_namespace_ends(house: House, http: aiohttp.ClientSession) -> None:
    async with http.ws_connect(house.url + ENGINE_ONLY) as socket:
        await socket.receive_str()
        await socket.send_str("40/townhall,")
        assert (await socket.receive_str()).startswith("40/townhall,")
        await socket.send_str("41/townhall,")
        assert (await socket.receive(timeout=5)).type is aiohttp.WSMsgType.CLOSE
    await until(lambda: not house.signalling._namespace._connections)
