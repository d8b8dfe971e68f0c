"""The exchange: what each link gives, and what each bad one hears."""

import asyncio
from typing import Any

import pytest

from room_server.storage.credentials import CredentialStore
from room_server.storage.links import LinkStore
from room_server.storage.store import TownHallRecord
from room_server.storage.town_halls import TownHallStore
from tests.support.clock import Clock
from tests.unit.api.conftest import ELSEWHERE, ELSEWHERE_HTTPS, House, OpenHouse

DEVICE = "device-0123456789"


class Hall:
    """A town hall with one link of each kind."""

    def __init__(self, house: House, clock: Clock) -> None:
        self.house = house
        self.links = LinkStore(house.database, clock)
        self.store = TownHallStore(house.database, clock)
        self.record: TownHallRecord
        self.attendee = ""
        self.host = ""

    async def make(self) -> "Hall":
        self.record = await self.store.create(title="Budget", language="sn", seats=6, capacity=2, phase="live")
        _, self.attendee = await self.links.create(self.record.id, roles=frozenset({"attendee"}), personal=False)
        _, self.host = await self.links.create(
            self.record.id, roles=frozenset({"host", "speaker"}), name="Tariro", personal=True
        )
        return self

    async def exchange(self, token: str, device: str = DEVICE, **options: Any) -> tuple[int, Any]:
        return await self.house.post("/api/exchange", {"token": token, "device": device}, **options)

    async def error(self, token: str, device: str = DEVICE, **options: Any) -> tuple[int, str]:
        status, refusal = await self.exchange(token, device, **options)
        assert refusal["message"].endswith(".")
        return status, refusal["error"]


@pytest.fixture
async def hall(house: House, clock: Clock) -> Hall:
    return await Hall(house, clock).make()


async def test_an_attendee_gets_a_credential_that_works(hall: Hall, clock: Clock) -> None:
    status, admission = await hall.exchange(hall.attendee, headers=ELSEWHERE_HTTPS)
    assert status == 200
    person, _ = await CredentialStore(hall.house.database, clock).redeem(admission.pop("credential"))
    assert person.roles == {"attendee"}
    assert admission == {
        "town_hall": {
            "id": hall.record.id,
            "title": "Budget",
            "phase": "live",
            "starts_at": None,
            "language": "sn",
            "seats": 6,
            "video_codec": "vp8",
        },
        "roles": ["attendee"],
        "name": "",
        "speaks": True,
    }


async def test_over_plain_http_from_another_machine_one_listens(hall: Hall, clock: Clock) -> None:
    _, admission = await hall.exchange(hall.attendee, headers=ELSEWHERE)
    assert admission["speaks"] is False
    assert admission["https"] == f"https://127.0.0.1:8443/j#{hall.attendee}"
    person, _ = await CredentialStore(hall.house.database, clock).redeem(admission["credential"])
    assert not person.speaks


async def test_staff_links_need_https(hall: Hall) -> None:
    status, refusal = await hall.exchange(hall.host, headers=ELSEWHERE)
    assert (status, refusal["error"]) == (403, "link_needs_https")
    assert refusal["https"] == f"https://127.0.0.1:8443/j#{hall.host}"
    # The refusal has bound nothing.
    status, admission = await hall.exchange(hall.host, "another-device-0123", headers=ELSEWHERE_HTTPS)
    assert (status, admission["roles"], admission["name"]) == (200, ["host", "speaker"], "Tariro")
    assert await hall.error(hall.host) == (409, "link_other_device")


async def test_the_public_address_is_where_https_is(open_house: OpenHouse, clock: Clock) -> None:
    house = await open_house("http: {public_url: 'https://townhall.example.org', trusted_proxies: [127.0.0.1]}")
    hall = await Hall(house, clock).make()
    _, refusal = await hall.exchange(hall.host, headers=ELSEWHERE)
    assert refusal["https"] == f"https://townhall.example.org/j#{hall.host}"


async def test_bad_links(hall: Hall, clock: Clock) -> None:
    assert await hall.error("forged") == (404, "link_unknown")
    expiring, token = await hall.links.create(
        hall.record.id, roles=frozenset({"attendee"}), personal=False, expires_at=clock.now + 1
    )
    clock.now += 1
    assert await hall.error(token) == (410, "link_expired")
    await hall.links.revoke(hall.record.id, expiring.id)
    assert await hall.error(token) == (410, "link_revoked")
    await hall.store.delete(hall.record.id)
    assert await hall.error(hall.attendee) == (404, "link_unknown")


async def test_a_full_town_hall_takes_staff_and_those_who_were_in(hall: Hall) -> None:
    assert (await hall.exchange(hall.attendee))[0] == 200
    hall.house.live.present[hall.record.id] = 2
    assert await hall.error(hall.attendee, "another-device-0123") == (409, "town_hall_full")
    assert (await hall.exchange(hall.attendee))[0] == 200
    assert (await hall.exchange(hall.host))[0] == 200


async def test_a_closed_town_hall_is_over_for_everybody(hall: Hall) -> None:
    await hall.store.set_phase(hall.record.id, "closed")
    assert await hall.error(hall.attendee) == (410, "town_hall_closed")
    assert await hall.error(hall.host) == (410, "town_hall_closed")


async def test_a_removed_person_is_refused_on_that_device(hall: Hall, clock: Clock) -> None:
    credentials = CredentialStore(hall.house.database, clock)
    person, _ = await credentials.redeem((await hall.exchange(hall.attendee))[1]["credential"])
    await credentials.revoke(person.participant)
    assert await hall.error(hall.attendee) == (403, "removed")


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"token": "", "device": DEVICE},
        {"token": "x", "device": "short"},
        {"token": "x" * 201, "device": DEVICE},
        {"token": "x", "device": DEVICE, "roles": ["host"]},
        {"token": ["x"], "device": DEVICE},
        "token",
        [],
    ],
)
async def test_malformed(house: House, body: Any) -> None:
    status, refusal = await house.ask("POST", "/api/exchange", json=body)
    assert (status, refusal["error"]) == (400, "malformed")


async def test_what_is_no_json_or_too_large(house: House) -> None:
    json = {"Content-Type": "application/json"}
    assert (await house.ask("POST", "/api/exchange", data=b"{", headers=json))[1]["error"] == "malformed"
    assert (await house.ask("POST", "/api/exchange", data=b"null", headers=json))[1]["error"] == "malformed"
    assert (await house.ask("POST", "/api/exchange", data=b"\xff\xfe", headers=json))[1]["error"] == "malformed"
    status, refusal = await house.ask("POST", "/api/exchange", data=b"{" * 1_000_000, headers=json)
    assert (status, refusal["error"]) == (413, "too_large")
    status, refusal = await house.ask("POST", "/api/exchange", data=b"{}")
    assert (status, refusal["error"]) == (415, "malformed")


async def test_a_hall_behind_one_address_waits_and_is_not_refused(open_house: OpenHouse, clock: Clock) -> None:
    house = await open_house("limits: {exchange_rate: 200, exchange_burst: 20, exchange_wait: 15}")
    hall = await Hall(house, clock).make()
    loop = asyncio.get_running_loop()
    begun = loop.time()
    answers = await asyncio.gather(*(hall.exchange(hall.attendee, f"device-{number:016}") for number in range(100)))
    assert {status for status, _ in answers} == {200}
    # 80 beyond the burst, 200 a second.
    assert loop.time() - begun >= 0.39


async def test_a_flood_is_refused_with_a_sentence(open_house: OpenHouse, clock: Clock) -> None:
    house = await open_house("limits: {exchange_rate: 0.1, exchange_burst: 3, exchange_wait: 0}")
    hall = await Hall(house, clock).make()
    answers = [await hall.exchange("forged") for _ in range(4)]
    assert [status for status, _ in answers] == [404, 404, 404, 429]
    assert answers[-1][1]["error"] == "too_many"


async def test_nobody_comes_in_while_the_server_stops(hall: Hall) -> None:
    hall.house.api.stop_admitting()
    assert await hall.error(hall.attendee) == (503, "restarting")


async def test_a_closed_pages_goodbye_is_handed_on_and_answered_alike(house: House) -> None:
    for credential in ("held-by-a-page", "held-by-nobody"):
        async with house.client.post("/api/goodbye", json={"credential": credential}) as response:
            assert (response.status, await response.read()) == (204, b"")
    assert house.live.asked == [("page_closed", "held-by-a-page"), ("page_closed", "held-by-nobody")]
    async with house.client.post("/api/goodbye", json={"credential": 1}) as response:
        assert (await response.json())["error"] == "malformed"
    headers = {"Origin": "https://elsewhere.example"}
    async with house.client.post("/api/goodbye", json={"credential": "held-by-a-page"}, headers=headers) as response:
        assert (await response.json())["error"] == "foreign_origin"
