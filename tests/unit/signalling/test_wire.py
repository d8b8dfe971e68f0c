"""Pages that do not keep up, and sockets that come and go."""

import asyncio

import pytest

from room_server.signalling import wire
from room_server.signalling.notices import Speaker
from tests.unit.signalling.conftest import House, until


async def test_a_page_that_takes_nothing_is_cut_off_and_others_never_notice(house: House) -> None:
    host = await house.enter("host", "host")
    ann = await house.enter("ann")
    connection = next(c for c in house.signalling._namespace._connections.values() if c.participant == "ann")
    socket = house.signalling._server.eio.sockets[connection.line._engine_sid]
    blocked = asyncio.Event()
    socket.websocket.send = lambda _message: blocked.wait()  # the peer's window is full
    packet = wire.encode(1, [Speaker(seat=1)])
    sent = 0
    while connection.line.send(packet):
        sent += 1
    assert sent <= wire._BACKLOG + 1
    await asyncio.wait_for(ann.closed.wait(), 5)
    blocked.set()
    await host.told("presence", participant="ann", presence="reconnecting")
    assert (await host.do("take_seat"))["seat"] == 1


async def test_a_send_that_never_ends_cuts_the_connection(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire, "PING_TIMEOUT", 0)
    monkeypatch.setattr(wire, "PING_INTERVAL", 0.05)
    ann = await house.enter("ann")
    connection = next(iter(house.signalling._namespace._connections.values()))
    socket = house.signalling._server.eio.sockets[connection.line._engine_sid]
    socket.websocket._socket.send_str = lambda _message: asyncio.Event().wait()
    connection.line.send(wire.encode(1, [Speaker(seat=1)]))
    await asyncio.wait_for(ann.closed.wait(), 5)


async def test_nobody_comes_in_while_the_server_stops(house: House) -> None:
    waiting = await house.page().connect()
    house.signalling._namespace.stop_accepting()
    assert (await waiting.join(house.store.admit("ann")))["error"] == "restarting"
    with pytest.raises(Exception, match="namespaces failed to connect"):
        await house.page().connect()


async def test_lines_of_pages_that_are_gone_take_nothing(house: House) -> None:
    ann = await house.enter("ann")
    line = next(iter(house.signalling._namespace._connections.values())).line
    assert line.silent_for() < 5
    await ann.cut()
    await until(lambda: not house.signalling._namespace._connections)
    await until(lambda: not line.send(wire.encode(1, [Speaker(seat=1)])))
    line.drop()
    line.unlock()
    await line.shut(0.1)
    assert line.silent_for() == 0
