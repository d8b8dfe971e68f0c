"""A client of our own making (STUN, OpenSSL, libsrtp) through the relay: many at once, and an ICE restart."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from room_server.session import MediaSession
from tests.interop.conftest import HALL, Listener, Stage, eventually
from tests.support.crowd import address_of
from tests.support.light import Identity, LightClient, number_of
from tests.unit.session import offers

pytestmark = pytest.mark.interop


@pytest.fixture
async def clients() -> AsyncIterator[list[LightClient]]:
    made: list[LightClient] = []
    yield made
    for client in made:
        client.close()


async def join(stage: Stage, client: LightClient, **more: Any) -> MediaSession:
    arguments: dict[str, Any] = {"publish": {}, "staff": False, "network": "n", "listener": Listener()} | more
    session = await stage.plane.join(HALL, offer=client.offer, **arguments)
    await client.connect(session.answer)
    return session


async def test_fifty_at_once_from_addresses_of_their_own(stage: Stage, clients: list[LightClient]) -> None:
    identity, offer = Identity(), offers.load("chromium_attendee")
    clients += [LightClient(identity, offer, address=address_of(i)) for i in range(50)]
    sessions = await asyncio.gather(*(join(stage, client, network=address_of(i)) for i, client in enumerate(clients)))
    speaker = LightClient(identity, offers.load("chromium_stage"))
    clients.append(speaker)
    session = await join(stage, speaker, publish={"microphone": "0"})
    stage.plane.hall_air(HALL, "on_air")
    stage.plane.seat_assign(HALL, 1, session, audio="microphone", video=None)
    stage.plane.seat_gate(HALL, 1, audio=True, video=False)
    for number in range(20):
        speaker.speak(number)
        await asyncio.sleep(0.02)
    await eventually(lambda: all(sum(client.received.values()) == 20 for client in clients[:-1]))
    assert all(client.failed == 0 for client in clients)
    packets = [packet for client in clients[:-1] for packet in client.last.values()]
    assert all(number_of(packet) == 19 and packet[1] & 0x7F == 111 for packet in packets)
    ssrcs = {ssrc for client in clients[:-1] for ssrc in client.received}
    assert len(ssrcs) == len(sessions) == 50
    assert speaker.received == {}


async def test_an_ice_restart_keeps_keys_and_media(stage: Stage, clients: list[LightClient]) -> None:
    identity = Identity()
    clients += [LightClient(identity, offers.load(name)) for name in ("chromium_attendee", "chromium_stage")]
    viewer, speaker = clients
    watching = await join(stage, viewer)
    session = await join(stage, speaker, publish={"microphone": "0"})
    stage.plane.hall_air(HALL, "on_air")
    stage.plane.seat_assign(HALL, 1, session, audio="microphone", video=None)
    stage.plane.seat_gate(HALL, 1, audio=True, video=False)
    speaker.speak(1)
    await eventually(lambda: sum(viewer.received.values()) == 1)
    await viewer.restarted(watching.restart(viewer.restart_offer()))
    speaker.speak(2)
    await eventually(lambda: sum(viewer.received.values()) == 2)
    assert viewer.failed == 0
    assert len(viewer.received) == 1


async def test_a_certificate_other_than_the_offers_gets_no_keys(stage: Stage, clients: list[LightClient]) -> None:
    impostor = LightClient(Identity(), offers.load("chromium_phone"))
    clients.append(impostor)
    listener = Listener()
    honest = Identity().fingerprint
    offer = impostor.offer.replace(impostor._fingerprint, honest)
    session = await stage.plane.join(HALL, offer=offer, publish={}, staff=False, network="n", listener=listener)
    connecting = asyncio.ensure_future(impostor.connect(session.answer))
    await listener.heard("handshake")
    assert listener.told == ["handshake"]
    await eventually(lambda: stage.relay.metrics()["peers"] == 0)
    connecting.cancel()
    await asyncio.gather(connecting, return_exceptions=True)
