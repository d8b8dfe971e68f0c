"""Somebody is put out, and their client goes on as if nothing had happened: browsers ignore a close_notify for 6 s."""

import asyncio
from collections.abc import Iterable
from pathlib import Path

from tests.support.browser import until
from tests.support.client import TownHallClient
from tests.support.light import Identity, LightClient
from tests.support.server import running

OFFERS = Path(__file__).parents[1] / "unit/session/offers"
# Packets of a second and a half, had any been let through.
LONG = 75
# What has left a socket when the removal is told may arrive after it.
IN_FLIGHT = 0.3


async def test_nothing_goes_to_or_comes_from_somebody_removed(tmp_path: Path) -> None:
    stage_offer = (OFFERS / "chromium_stage.sdp").read_bytes().decode()
    async with running(tmp_path) as (server, admin):
        hall = await admin.town_hall()
        people = [
            TownHallClient(server.url, await admin.link(hall, role), name=name)
            for role, name in (("host", "Rutendo Moyo"), ("speaker", "Tapiwa Chikwanda"))
        ]
        async with people[0] as host, people[1] as removed:
            identity, voices = Identity(), {}
            for person in (host, removed):
                voices[person] = await person.join_light(identity, stage_offer, {"microphone": "0"})
                await person.socket.command("take_seat")
                await person.socket.command("set_media", microphone=True)
            await host.socket.command("start")
            numbers = iter(range(10_000))
            await until(lambda: _both_hear(voices[host], voices[removed], next(numbers)), every=0.02, what="each other")

            await host.socket.command("remove", participant=removed.id)
            await removed.socket.told("removed")
            await asyncio.sleep(IN_FLIGHT)
            before = _packets(voices[host]), _packets(voices[removed])
            for _ in range(LONG):
                _speak(voices.values(), next(numbers))
                await asyncio.sleep(0.02)  # a packet's time
            assert (_packets(voices[host]), _packets(voices[removed])) == before
            metrics = await server.metrics()
            assert metrics["room_relay_peers"] == 1
            assert server.faults == []


async def _both_hear(one: LightClient, other: LightClient, number: int) -> bool:
    _speak((one, other), number)
    return _packets(one) > 0 and _packets(other) > 0


def _speak(voices: Iterable[LightClient], number: int) -> None:
    for voice in voices:
        voice.speak(number)


def _packets(client: LightClient) -> int:
    return sum(client.received.values())
