"""Town halls and links over REST, for administrators only."""

from typing import Any

import pytest

from tests.support.clock import Clock
from tests.unit.api.conftest import House, OpenHouse
from tests.unit.api.test_accounts import set_up


async def create(house: House, **form: Any) -> Any:
    status, made = await house.post("/api/town-halls", {"title": "Budget", **form})
    assert status == 201
    return made


async def test_created_with_the_configured_defaults(administration: House, clock: Clock) -> None:
    made = await create(administration, title="  The   budget ")
    assert made == {
        "id": made["id"],
        "title": "The budget",
        "phase": "scheduled",
        "language": "en",
        "seats": 8,
        "capacity": 2000,
        "starts_at": None,
        "created_at": clock.now,
        "video_codec": "vp8",
        "people": 0,
    }
    assert await administration.ask("GET", f"/api/town-halls/{made['id']}") == (200, made)
    other = await create(administration, title="Health", seats=16, capacity=5, language="sn", starts_at=clock.now)
    assert (other["seats"], other["capacity"], other["language"], other["starts_at"]) == (16, 5, "sn", clock.now)
    _, listed = await administration.ask("GET", "/api/town-halls")
    assert {hall["title"] for hall in listed["town_halls"]} == {"The budget", "Health"}


async def test_a_town_hall_has_the_configured_codec_or_its_own(open_house: OpenHouse, clock: Clock) -> None:
    house = await open_house("town_hall: {video_codec: vp9}")
    await set_up(house, clock)
    _, listed = await house.ask("GET", "/api/town-halls")
    assert listed == {"town_halls": [], "defaults": {"seats": 8, "video_codec": "vp9"}}
    assert (await create(house))["video_codec"] == "vp9"
    own = await create(house, video_codec="h264")
    await house.post(f"/api/town-halls/{own['id']}/open")
    _, listed = await house.ask("GET", "/api/town-halls")
    assert sorted(hall["video_codec"] for hall in listed["town_halls"]) == ["h264", "vp9"]


@pytest.mark.parametrize(
    "form",
    [
        {},
        {"title": ""},
        {"title": "   "},
        {"title": "x" * 201},
        {"title": "x", "seats": 0},
        {"title": "x", "seats": 17},
        {"title": "x", "capacity": 0},
        {"title": "x", "language": "<en>"},
        {"title": "x", "starts_at": 1},
        {"title": "x", "video_codec": "h265"},
        {"title": "x", "video_codec": None},
        {"title": "x", "phase": "live"},
        ["title"],
    ],
)
async def test_a_malformed_town_hall_is_not_made(administration: House, form: Any) -> None:
    status, refusal = await administration.post("/api/town-halls", form)
    assert (status, refusal["error"]) == (400, "malformed")
    assert (await administration.ask("GET", "/api/town-halls"))[1]["town_halls"] == []


async def test_opened_closed_deleted(administration: House) -> None:
    house, id = administration, (await create(administration))["id"]
    status, opened = await house.post(f"/api/town-halls/{id}/open")
    assert (status, opened["phase"]) == (200, "backstage")
    assert (await house.post(f"/api/town-halls/{id}/open"))[1]["error"] == "wrong_phase"
    assert (await house.post(f"/api/town-halls/{id}/close"))[1]["phase"] == "closed"
    assert await house.ask("DELETE", f"/api/town-halls/{id}") == (200, {})
    assert house.live.asked == [("forget", id)]
    assert (await house.ask("DELETE", f"/api/town-halls/{id}"))[1]["error"] == "town_hall_unknown"


async def test_links(administration: House, clock: Clock) -> None:
    house, id = administration, (await create(administration))["id"]
    path = f"/api/town-halls/{id}/links"
    status, made = await house.post(
        path, {"roles": ["speaker", "host"], "name": " Tariro ", "expires_at": clock.now + 9}
    )
    assert status == 201
    staff = made["link"]
    assert (staff["roles"], staff["name"], staff["personal"]) == (["host", "speaker"], "Tariro", True)
    assert made["url"].startswith("https://127.0.0.1:8443/j#")
    clock.now += 1
    _, public = await house.post(path, {"roles": ["attendee"]})
    assert not public["link"]["personal"]
    assert (await house.ask("GET", path))[1] == {"links": [staff, public["link"]]}

    _, rotated = await house.post(f"{path}/{staff['id']}/rotate")
    assert rotated["url"] != made["url"]
    assert (await house.post(f"{path}/{staff['id']}/release"))[0] == 200
    assert (await house.ask("DELETE", f"{path}/{staff['id']}"))[0] == 200
    assert house.live.asked == [("revoke_link", id, staff["id"])] * 2
    assert [link["revoked"] for link in (await house.ask("GET", path))[1]["links"]] == [True, False]
    assert (await house.post(f"{path}/none/rotate"))[1]["error"] == "link_unknown"


@pytest.mark.parametrize(
    "form",
    [{}, {"roles": []}, {"roles": ["king"]}, {"roles": ["host"], "expires_at": 1_600_000_000}, {"roles": "host"}],
)
async def test_a_malformed_link_is_not_made(administration: House, form: Any) -> None:
    path = f"/api/town-halls/{(await create(administration))['id']}/links"
    assert (await administration.post(path, form))[1]["error"] == "malformed"
    assert (await administration.ask("GET", path))[1] == {"links": []}


async def test_nobody_else_may_do_any_of_it(administration: House) -> None:
    id = (await create(administration))["id"]
    await administration.post("/api/logout")
    one = f"/api/town-halls/{id}"
    for method, path in (
        ("GET", "/api/town-halls"),
        ("POST", "/api/town-halls"),
        ("GET", one),
        ("DELETE", one),
        ("POST", f"{one}/open"),
        ("POST", f"{one}/close"),
        ("GET", f"{one}/links"),
        ("POST", f"{one}/links"),
        ("DELETE", f"{one}/links/x"),
        ("POST", f"{one}/links/x/rotate"),
        ("POST", f"{one}/links/x/release"),
        ("POST", "/api/setup-links"),
    ):
        status, refusal = await administration.ask(method, path, json={})
        assert (status, refusal["error"]) == (401, "not_logged_in"), path


async def test_call_reports_are_a_file_for_administrators(administration: House) -> None:
    made = await create(administration)
    response = await administration.get(path := f"/api/town-halls/{made['id']}/call-reports")
    assert response.headers["Content-Disposition"] == f'attachment; filename="call-reports-{made["id"]}.json"'
    said = await response.json()
    assert (said["town_hall"], said["reports"]) == (made["id"], [{"participant": "ann", "of": made["id"]}])
    administration.client.session.cookie_jar.clear()
    assert (await administration.get(path)).status == 401
