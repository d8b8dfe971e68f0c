"""What a client may send wrong."""

import asyncio
import contextlib
import logging

import aiohttp
import pytest

from room_server.signalling.limits import BURST, PATIENCE
from tests.unit.signalling.conftest import House, until

MEGABYTE = "x" * 1_000_000


@pytest.mark.parametrize(
    ("payload", "code"),
    [
        (None, "malformed"),
        ("start", "malformed"),
        ([], "malformed"),
        ({}, "malformed"),
        ({"type": 7}, "malformed"),
        ({"type": ["start"]}, "malformed"),
        ({"type": "invite"}, "malformed"),
        ({"type": "invite", "participant": 7}, "malformed"),
        ({"type": "start", "force": True}, "malformed"),
        ({"type": "mute", "participant": "x", "kind": "everything"}, "malformed"),
        ({"type": "rename", "name": "\u200b"}, "malformed"),
        ({"type": "rename", "name": "x" * 61}, "too_long"),
        ({"type": "rename", "name": MEGABYTE}, "too_long"),
        ({"type": "invite", "participant": MEGABYTE}, "too_long"),
        ({"type": MEGABYTE}, "unknown_command"),
        ({"type": "self_destruct"}, "unknown_command"),
        ({"type": "restart", "offer": "sdp"}, "unknown_command"),
        ({"type": "resume", "credential": "no spaces allowed", "revision": 1}, "malformed"),
        ({"type": "resume", "credential": "a" * 32, "revision": -1}, "malformed"),
        ({"type": "join", "credential": MEGABYTE, "name": "x"}, "too_long"),
        ({"type": "join", "credential": "a" * 32, "name": "x", "offer": MEGABYTE}, "too_long"),
        ({"type": "join", "credential": "a" * 32, "name": "x", "offer": "\ud800"}, "malformed"),
    ],
)
async def test_bad_commands_change_nothing(house: House, payload: object, code: str) -> None:
    page = await house.enter("host", "host")
    answer = await page.ask(payload)
    assert answer["error"] == code
    assert 0 < len(answer["message"]) < 300
    assert (await page.do("raise_hand"))["revision"] == page.entry["revision"] + 1


@pytest.mark.parametrize(
    ("payload", "code"),
    [
        ({"type": "start"}, "unknown_command"),
        ({"type": "view"}, "malformed"),
        ({"type": "view", "slots": [{"mid": "3"}]}, "malformed"),
        ({"type": "view", "slots": [{"mid": "9", "seat": 1}]}, "view_invalid"),
        ({"type": "view", "slots": [{"mid": "3", "seat": 1}] * 65}, "too_long"),
        ({"type": "restart", "offer": "other"}, "offer_not_a_restart"),
        ({"type": "restart", "offer": "\udfff"}, "malformed"),
    ],
)
async def test_bad_media_requests_change_nothing(house: House, payload: object, code: str) -> None:
    page = await house.enter("ann", offer="sdp")
    assert (await page.ask(payload, "media"))["error"] == code
    assert house.plane.session("sdp").slots[0].seat == 1
    assert not house.plane.session("sdp").closed


async def test_media_requests_reach_the_transport(house: House) -> None:
    page = await house.enter("ann", offer="sdp")
    assert await page.ask({"type": "restart", "offer": "sdp"}, "media") == {"answer": "restarted sdp"}
    viewed = await page.ask({"type": "view", "slots": [{"mid": "3", "seat": 2, "layer": -1}]}, "media")
    assert viewed == {"slots": [{"mid": "3", "kind": "audio", "seat": 2}]}
    listener = await house.enter("bob")
    assert (await listener.ask({"type": "restart", "offer": "sdp"}, "media"))["error"] == "no_media"


async def test_who_has_not_joined_does_nothing(house: House) -> None:
    page = await house.page().connect()
    assert (await page.ask({"type": "start"}))["error"] == "not_joined"
    assert (await page.ask({"type": "restart", "offer": "sdp"}, "media"))["error"] == "not_joined"


@pytest.mark.parametrize("command", ["start", "close", "take_seat"])
async def test_commands_without_the_right(house: House, command: str) -> None:
    page = await house.enter("ann")
    assert (await page.ask({"type": command}))["error"] == "forbidden"
    assert house.store.records["t"].phase == "backstage"


@pytest.mark.parametrize("event", ["connect", "disconnect", "connect_error", "shout", "__init__"])
async def test_a_client_does_not_choose_the_handler(house: House, event: str) -> None:
    page = await house.enter("ann")
    await page.client.emit(event, "client disconnect", namespace="/townhall")
    await page.do("raise_hand")
    assert house.halls.people("t") == 1


async def test_too_many_requests_are_refused_and_a_flood_is_cut_off(house: House) -> None:
    page = await house.enter("ann")
    answers = await asyncio.gather(*(page.ask({"type": "raise_hand"}) for _ in range(int(BURST) + 20)))
    codes = [answer.get("error") for answer in answers]
    assert set(codes) == {None, "too_many"}
    assert codes.count(None) <= BURST + 10
    for _ in range(PATIENCE * 2):
        if not page.closed.is_set():
            await page.client.emit("command", {"type": "raise_hand"}, namespace="/townhall")
    await asyncio.wait_for(page.closed.wait(), 5)


async def test_deep_and_broken_json_gets_an_answer(house: House, caplog: pytest.LogCaptureFixture) -> None:
    async with raw_socket(house) as socket:
        for number, text in enumerate(['["command",' + "[" * 100_000, '["command",{]', "{}", "[]", "[7]", '["x",{}]']):
            await socket.send_str(f"42/townhall,{number}{text}")
            reply = await socket.receive_str(timeout=5)
            assert reply.startswith(f"43/townhall,{number}[")
            assert '"error"' in reply
    assert_quiet(caplog)


@pytest.mark.parametrize("frame", ["", "x", "9", "4", "4x", "bAAAA", "2" * 100, "4" + "[" * 100_000])
async def test_a_frame_of_no_protocol_ends_the_socket(
    house: House, caplog: pytest.LogCaptureFixture, frame: str
) -> None:
    async with raw_socket(house) as socket:
        await socket.send_str(frame)
        assert (await socket.receive(timeout=5)).type in (aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSED)
    await until(lambda: not house.signalling._namespace._connections)
    assert_quiet(caplog)


@pytest.mark.parametrize(
    "frame", ["42" + "1" * 200, "43/townhall,7[]", "44/townhall,{}", "42/townhall,[]", "46/townhall,"]
)
async def test_packets_that_ask_for_nothing_are_ignored(
    house: House, caplog: pytest.LogCaptureFixture, frame: str
) -> None:
    async with raw_socket(house) as socket:
        await socket.send_str(frame)
        await socket.send_str('42/townhall,8["command",{}]')
        assert (await socket.receive_str(timeout=5)).startswith("43/townhall,8[")
    assert_quiet(caplog)


async def test_there_is_no_other_namespace(house: House) -> None:
    async with raw_socket(house) as socket:
        for namespace in ("", "/admin,", "/operator,"):
            await socket.send_str(f"40{namespace}")
            assert (await socket.receive_str(timeout=5)).startswith("44")


async def test_binary_is_not_kept(house: House, caplog: pytest.LogCaptureFixture) -> None:
    async with raw_socket(house) as socket:
        await socket.send_str('4599-/townhall,1["command",{"_placeholder":true,"num":0}]')
        await socket.send_bytes(b"x" * 100_000)
        assert (await socket.receive(timeout=5)).type in (aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSED)
    assert not house.signalling._server._binary_packet
    assert_quiet(caplog)


async def test_more_than_any_request_needs_closes_the_socket(house: House) -> None:
    async with raw_socket(house) as socket:
        await socket.send_str("42/townhall,1" + "x" * 3_000_000)
        message = await socket.receive(timeout=5)
        assert (message.type, message.data) == (aiohttp.WSMsgType.CLOSE, aiohttp.WSCloseCode.MESSAGE_TOO_BIG)


async def test_a_flood_of_large_requests_closes_the_socket(house: House) -> None:
    async with raw_socket(house) as socket:
        text = '42/townhall,1["command",{"type":"' + MEGABYTE + '"}]'
        for _ in range(12):
            with contextlib.suppress(ConnectionError):  # it may be closed already
                await socket.send_str(text)
        answers = 0
        while (message := await socket.receive(timeout=5)).type is aiohttp.WSMsgType.TEXT:
            answers += "unknown_command" in message.data
        assert answers < 12


async def test_messages_are_not_compressed(house: House) -> None:
    async with raw_socket(house, compress=15) as socket:
        assert not socket.compress


async def test_polling_works_where_websockets_do_not(house: House) -> None:
    page = await house.page().connect("polling")
    assert "error" not in await page.join(house.store.admit("ann"))
    assert (await page.do("raise_hand"))["my_hand"] == 1
    await page.told("audience", count=1)


@pytest.mark.parametrize(("origin", "status"), [("", 101), ("same", 101), ("https://elsewhere.example", 400)])
async def test_pages_from_elsewhere_may_not_connect(house: House, origin: str, status: int) -> None:
    headers = {"Origin": house.url if origin == "same" else origin} if origin else {}
    async with aiohttp.ClientSession() as session:
        try:
            async with session.ws_connect(f"{house.url}/socket.io/?EIO=4&transport=websocket", headers=headers):
                got = 101
        except aiohttp.WSServerHandshakeError as error:
            got = error.status
    assert got == status


class raw_socket:  # reads as a function
    """A connected engine.io WebSocket, in the namespace."""

    def __init__(self, house: House, compress: int = 0) -> None:
        self._url = f"{house.url}/socket.io/?EIO=4&transport=websocket"
        self._compress = compress

    async def __aenter__(self) -> aiohttp.ClientWebSocketResponse:
        self._session = aiohttp.ClientSession()
        self._socket = await self._session.ws_connect(self._url, compress=self._compress, max_msg_size=0)
        assert (await self._socket.receive_str()).startswith("0{")
        await self._socket.send_str("40/townhall,")
        assert (await self._socket.receive_str()).startswith("40/townhall,")
        return self._socket

    async def __aexit__(self, *_exc: object) -> None:
        await self._socket.close()
        await self._session.close()


def assert_quiet(caplog: pytest.LogCaptureFixture) -> None:
    """Clients' mistakes are no errors of ours."""
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []
