"""The join gate: everybody's turn comes, no network's crowd delays another network, and a full queue says so."""

import asyncio
import itertools

import pytest

from room_server.errors import RoomError
from room_server.session.gate import JoinGate


async def through(gate: JoinGate, network: str, order: list[str]) -> None:
    async with gate.turn(network):
        order.append(network)


async def test_networks_take_turns_and_nobody_is_refused() -> None:
    gate, order = JoinGate(rate=10_000), []
    crowd = [through(gate, "nat", order) for _ in range(50)]
    await asyncio.gather(*crowd, through(gate, "a", order), through(gate, "b", order))
    assert len(order) == 52
    assert {"a", "b"} <= set(order[:4])
    assert gate.waiting == 0


async def test_the_loop_gets_a_turn_between_two_joins() -> None:
    gate, order = JoinGate(rate=1_000_000), []
    joins = [asyncio.ensure_future(through(gate, "nat", order)) for _ in range(5)]
    seen: list[int] = []
    while not all(join.done() for join in joins):
        await asyncio.sleep(0)
        seen.append(len(order))
    assert all(after - before <= 1 for before, after in itertools.pairwise(seen))


async def test_joins_come_no_faster_than_the_rate() -> None:
    gate, order = JoinGate(rate=100), []
    loop = asyncio.get_running_loop()
    before = loop.time()
    await asyncio.gather(*(through(gate, str(i), order) for i in range(11)))
    assert 0.085 <= loop.time() - before < 1


async def test_a_full_queue_turns_away_the_newest_of_the_largest_crowd() -> None:
    gate = JoinGate(rate=0.001, capacity=4)
    for network in ("first", "second"):  # an idle gate lets two pass before it paces
        await through(gate, network, [])
    crowd = [asyncio.ensure_future(through(gate, "nat", [])) for _ in range(4)]
    await asyncio.sleep(0)
    with pytest.raises(RoomError, match=r"Very many people are joining just now: try again in \d+ s") as error:
        await through(gate, "nat", [])
    assert (error.value.code, error.value.status) == ("too_many", 429)
    other = asyncio.ensure_future(through(gate, "other", []))
    with pytest.raises(RoomError, match="Very many people"):
        await crowd[-1]
    assert gate.waiting == 4
    for join in (*crowd[:3], other):
        join.cancel()
    await asyncio.wait([*crowd[:3], other])
    assert gate.waiting == 0


async def test_who_gives_up_leaves_the_queue_and_the_next_is_served() -> None:
    gate, order = JoinGate(rate=100), []
    joins = [asyncio.ensure_future(through(gate, name, order)) for name in ("a", "b", "c")]
    await asyncio.sleep(0)
    joins[1].cancel()
    await asyncio.wait(joins)
    assert (order, gate.waiting) == (["a", "c"], 0)


async def test_a_join_that_fails_blocks_nobody() -> None:
    gate, order = JoinGate(rate=1000), []

    async def fails() -> None:
        async with gate.turn("a"):
            raise RoomError("offer_malformed", "No.")

    results = await asyncio.gather(fails(), through(gate, "a", order), return_exceptions=True)
    assert (isinstance(results[0], RoomError), order) == (True, ["a"])
