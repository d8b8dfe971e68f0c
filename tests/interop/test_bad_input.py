"""What strangers and wrongdoers may try on a whole server: one clear error each, and nobody else notices."""

import asyncio
import contextlib
import os
import re
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.interop.conftest import eventually
from tests.support import stun
from tests.support.client import TownHallClient
from tests.support.light import Identity, LightClient, number_of
from tests.support.server import Administrator, Server, running
from tests.support.wire import Refused, exchange
from tests.unit.session import offers

pytestmark = pytest.mark.interop

MEGABYTE = "x" * 1_000_000
# Where the recorded stage offer has its send sections.
STAGE = {"microphone": "0", "camera": "1", "screen": "2"}
PACKETS = 25


class House:
    """A server with one town hall backstage, and those who came."""

    def __init__(self, server: Server, administrator: Administrator, hall: str) -> None:
        self.server, self.administrator, self.hall = server, administrator, hall
        self.identity = Identity()
        self.people: list[TownHallClient] = []
        self._spoken = 0

    async def enter(self, *roles: str, publish: bool = False) -> TownHallClient:
        """Somebody with media: a listener's page, or one that could speak."""
        person = TownHallClient(self.server.url, await self.administrator.link(self.hall, *roles))
        self.people.append(person)
        offer = offers.load("chromium_stage" if publish else "chromium_attendee")
        await person.join_light(self.identity, offer, STAGE if publish else {})
        return person

    async def on_air(self) -> tuple[TownHallClient, TownHallClient]:
        """A host who is on stage with an open microphone, and an attendee."""
        host, attendee = await self.enter("host", publish=True), await self.enter("attendee")
        await host.socket.command("start")
        await host.socket.command("take_seat")
        await host.socket.command("set_media", microphone=True)
        await self.hears(attendee, host)
        return host, attendee

    def speak(self, person: TownHallClient, packets: int = 1) -> None:
        """A microphone's packets, whether the stage wants them or not; each has a number that none had before."""
        for _ in range(packets):
            self._spoken += 1
            light(person).speak(self._spoken)

    async def hears(self, listener: TownHallClient, speaker: TownHallClient) -> None:
        """Until what `speaker` sends reaches `listener`, and nothing is under way any more."""
        first = self._spoken + 1

        async def reached() -> bool:
            self.speak(speaker)
            return newest(listener) >= first

        await until(reached)
        await eventually(lambda: newest(listener) == self._spoken)

    async def dropped(self, reason: str) -> float:
        """The relay's counter of that name."""
        return (await self.server.metrics()).get(f'room_relay_drops_total{{reason="{reason}"}}', 0.0)

    async def speaks_in_vain(self, speaker: TownHallClient, reason: str) -> None:
        """Everything that `speaker` sends is dropped under that name and reaches nobody."""
        start = await self.dropped(reason)

        async def begins() -> bool:
            self.speak(speaker)
            return await self.dropped(reason) > start

        await until(begins)  # the relay's workers have heard what was decided
        count, first = await self.dropped(reason), self._spoken + 1
        self.speak(speaker, PACKETS)

        async def all_dropped() -> bool:
            return await self.dropped(reason) >= count + PACKETS

        await until(all_dropped)
        assert all(newest(person) < first for person in self.people)

    @property
    def secrets(self) -> set[str]:
        """What must not be in the log."""
        found = {person.token for person in self.people}
        for person in self.people:
            found |= {person.exchanged.get("credential", "-" * 9), person.joined.get("credential", "-" * 9)}
            for text in (person.joined.get("media", {}).get("answer", ""), light(person).offer):
                found |= set(re.findall(r"a=ice-pwd:(\S+)", text))
        return found


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    """It ends by SIGTERM with everybody still in, and has logged neither secrets nor mistakes of others."""
    async with running(tmp_path, log={"level": "debug"}) as (server, administrator):
        made = House(server, administrator, await administrator.town_hall())
        yield made
        assert await server.stop() == 0
        for person in made.people:
            await person.close()
    said = "".join(server.output)
    assert [secret for secret in made.secrets if secret in said] == []
    assert server.faults == []


def light(person: TownHallClient) -> LightClient:
    assert isinstance(person.media, LightClient)
    return person.media


def newest(person: TownHallClient) -> int:
    """The number of the newest packet that somebody has received; 0 before the first."""
    return max(map(number_of, light(person).last.values()), default=0)


async def until(condition: Callable[[], Awaitable[bool]]) -> None:
    """For what no other process announces."""
    async with asyncio.timeout(10):
        while not await condition():  # noqa: ASYNC110 - nobody announces it
            await asyncio.sleep(0.02)


async def code_of(asking: Awaitable[Any]) -> str:
    """The error that a request gets."""
    with pytest.raises(Refused) as refused:
        await asking
    assert str(refused.value).endswith(".")
    assert len(str(refused.value)) < 400
    return str(refused.value.code)


async def test_links_that_let_nobody_in(house: House) -> None:
    administrator, server = house.administrator, house.server
    assert server.http is not None
    async with aiohttp.ClientSession() as http:

        def opened(token: str) -> Awaitable[Any]:
            return exchange(http, server.url, token)

        assert await code_of(opened("forged")) == "link_unknown"
        path = f"/api/town-halls/{house.hall}/links"
        made = await server._post(path, {"roles": ["attendee"], "expires_at": time.time() + 0.5})
        expiring = made["url"].split("#")[1]

        async def expired() -> bool:
            try:
                await opened(expiring)
            except Refused as refused:
                return bool(refused.code == "link_expired")
            return False

        await until(expired)
        async with server.http.delete(f"{path}/{made['link']['id']}") as response:
            assert response.status == 200
        assert await code_of(opened(expiring)) == "link_revoked"
        small = await administrator.town_hall(capacity=1)
        token = await administrator.link(small, "attendee")
        async with TownHallClient(server.url, token) as first, TownHallClient(server.url, token) as second:
            await second.exchange()
            await first.join()
            assert await code_of(opened(token)) == "town_hall_full"
            assert await code_of(second.join()) == "town_hall_full"
            host = await administrator.link(small, "host")
            await server._post(f"/api/town-halls/{small}/close", {})
            for closed in (token, host):
                assert await code_of(opened(closed)) == "town_hall_closed"
        async with server.http.delete(f"/api/town-halls/{small}") as response:
            assert response.status == 200
        assert await code_of(opened(token)) == "link_unknown"


async def test_whoever_came_by_a_link_that_is_revoked_is_out_at_once(house: House) -> None:
    host, attendee = await house.on_air()
    path = f"/api/town-halls/{house.hall}/links"
    assert house.server.http is not None
    async with house.server.http.get(path) as response:
        links = {tuple(link["roles"]): link["id"] for link in (await response.json())["links"]}
    async with house.server.http.delete(f"{path}/{links[('attendee',)]}") as response:
        assert response.status == 200
    await attendee.socket.told("removed")
    await asyncio.wait_for(attendee.socket.closed.wait(), 5)
    await until(lambda: _peers(house, 1))
    before = newest(attendee)
    await house.hears(await house.enter("attendee"), host)
    assert newest(attendee) == before
    again = TownHallClient(house.server.url, attendee.token)
    again.exchanged = {"credential": attendee.joined["credential"]}
    async with again:
        assert await code_of(again.join()) == "credential_invalid"


async def test_bad_offers_touch_nothing_that_runs(house: House) -> None:
    host, attendee = await house.on_air()
    offer, other = light(host).offer, offers.load("firefox_stage")
    weak = re.sub(r"a=fingerprint:[^\r\n]*", "a=fingerprint:sha-1 AB:CD", offer)
    foreign = offer.replace(light(host)._fingerprint, Identity().fingerprint)
    renewed = re.sub(r"a=ice-(ufrag|pwd):", r"a=ice-\1:new", foreign)
    for text, code in {"v=0": "no_media", "sdp": "offer_malformed", weak: "offer_fingerprint"}.items():
        async with TownHallClient(house.server.url, await house.administrator.link(house.hall, "attendee")) as guest:
            await guest._open()
            assert await code_of(guest._enter(offer=text)) == code
        resume = {"credential": host.joined["credential"], "revision": 0, "offer": text}
        assert await code_of(host.socket.command("resume", **resume)) == code
    restarts = {other: "offer_not_a_restart", offer: "offer_not_a_restart", renewed: "offer_fingerprint"}
    for text, code in {**restarts, "": "offer_malformed", MEGABYTE: "too_long"}.items():
        assert await code_of(host.socket.media("restart", offer=text)) == code
    assert await code_of(host.socket.media("view", slots=[{"mid": "0", "seat": 1}])) == "view_invalid"
    await house.hears(attendee, host)


async def test_a_certificate_that_the_offer_does_not_name_gets_no_media(house: House) -> None:
    host, attendee = await house.on_air()
    impostor = TownHallClient(house.server.url, await house.administrator.link(house.hall, "attendee"))
    house.people.append(impostor)
    media = impostor.media = LightClient(house.identity, offers.load("chromium_attendee"))
    await impostor._open()
    answer = await impostor._enter(offer=media.offer.replace(media._fingerprint, Identity().fingerprint))
    connecting = asyncio.ensure_future(media.connect(answer["media"]["answer"]))
    assert (await impostor.socket.told("rejoin"))["reason"] == "handshake"
    connecting.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await connecting
    await house.hears(attendee, host)
    assert newest(impostor) == 0


async def test_bad_commands_are_refused_and_change_nothing(house: House) -> None:
    host, attendee = await house.on_air()
    guest = await house.enter("attendee")
    before = (await host.socket.command("set_media", microphone=True))["revision"]
    bad: list[tuple[object, str]] = [
        (None, "malformed"),
        ({"type": "self_destruct"}, "unknown_command"),
        ({"type": "start", MEGABYTE: 1}, "malformed"),
        ({"type": "rename", "name": MEGABYTE}, "too_long"),
        ({"type": MEGABYTE}, "unknown_command"),
        ({"type": "invite", "participant": ["x"]}, "malformed"),
        ({"type": "close"}, "forbidden"),
        ({"type": "take_seat"}, "forbidden"),
        ({"type": "mute", "participant": host.id, "kind": "microphone"}, "forbidden"),
        ({"type": "remove", "participant": host.id}, "forbidden"),
        ({"type": "set_media", "microphone": True}, "not_on_stage"),
        ({"type": "accept"}, "not_invited"),
    ]
    for payload, code in bad:
        assert await code_of(guest.socket.ask("command", payload)) == code
        if code in ("malformed", "unknown_command"):
            assert await code_of(guest.socket.ask("media", payload)) in ("malformed", "unknown_command")
    assert (await host.socket.command("set_media", microphone=True))["revision"] == before
    await house.hears(attendee, host)


async def test_garbage_datagrams_are_dropped_by_name_and_not_written_down(house: House) -> None:
    host, attendee = await house.on_air()
    ports = re.search(r"udp_ports=(\d+),(\d+)", "".join(house.server.output))
    assert ports is not None
    garbage = {
        "not_ours": bytes([0xFF]) + os.urandom(200),
        "malformed": bytes([0, 1]) + os.urandom(10),
        "stun_unknown_user": stun.check(username="nobody:here", password="x" * 24)[1],
        "stun_bad_integrity": stun.check(username=light(host)._username, password="x" * 24)[1],
        "unknown_address": bytes([0x80, 111]) + os.urandom(1200),
    }
    before = {reason: await house.dropped(reason) for reason in garbage}
    lines = len(house.server.output)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
        stranger.setblocking(False)
        for _ in range(PACKETS):
            for datagram in garbage.values():
                for port in ports.groups():
                    stranger.sendto(datagram, ("127.0.0.1", int(port)))

        async def all_dropped() -> bool:
            return all([await house.dropped(reason) >= before[reason] + PACKETS for reason in garbage])

        await until(all_dropped)
        with pytest.raises(BlockingIOError):  # not one answer
            stranger.recv(1)
    await house.hears(attendee, host)
    assert len(house.server.output) == lines


async def test_only_an_open_microphone_on_stage_is_heard(house: House) -> None:
    host, guest = await house.enter("host", publish=True), await house.enter("attendee", publish=True)
    attendee = await house.enter("attendee")
    await host.socket.command("take_seat")
    await house.speaks_in_vain(host, "muted")
    await host.socket.command("set_media", microphone=True)
    await house.hears(await house.enter("moderator"), host)
    assert newest(attendee) == newest(guest) == 0, "backstage is for staff"

    await host.socket.command("start")
    await house.hears(attendee, host)
    await house.speaks_in_vain(guest, "off_stage")
    await host.socket.command("invite", participant=guest.id)
    await guest.socket.command("accept")
    await house.speaks_in_vain(guest, "muted")
    await guest.socket.command("set_media", microphone=True)
    await house.hears(attendee, guest)

    await host.socket.command("mute", participant=guest.id, kind="microphone")
    await house.speaks_in_vain(guest, "muted")
    await guest.socket.command("set_media", microphone=True)
    await host.socket.command("remove", participant=guest.id)
    await house.speaks_in_vain(guest, "unknown_address")
    await asyncio.wait_for(guest.socket.closed.wait(), 5)
    await house.hears(attendee, host)


async def _peers(house: House, count: int) -> bool:
    return (await house.server.metrics())["room_relay_peers"] == count
