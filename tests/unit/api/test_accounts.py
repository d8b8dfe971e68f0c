"""Set-up, login, session and logout of administrators."""

from typing import Any

import pyotp
import pytest

from tests.support.clock import Clock
from tests.unit.api.conftest import ELSEWHERE, ELSEWHERE_HTTPS, House, OpenHouse

PASSWORD = "correct horse battery"


async def set_up(house: House, clock: Clock, **changed: Any) -> tuple[int, Any]:
    token = await house.api.accounts.first_setup_token()
    assert token is not None
    _, begun = await house.post("/api/setup/begin", {"token": token})
    code = pyotp.TOTP(begun["secret"]).at(int(clock.now))
    form = {"token": token, "name": "Chipo", "password": PASSWORD, "code": code}
    return await house.post("/api/setup/finish", {**form, **changed})


async def secret_of(house: House) -> str:
    account = await house.api.accounts._store.by_name("Chipo")
    assert account is not None
    return account.totp_secret


async def log_in(house: House, clock: Clock, **changed: Any) -> tuple[int, Any]:
    code = pyotp.TOTP(await secret_of(house)).at(int(clock.now))
    return await house.post("/api/login", {"name": "Chipo", "password": PASSWORD, "code": code, **changed})


async def test_from_the_setup_link_to_a_session_and_out(house: House, clock: Clock) -> None:
    assert await set_up(house, clock) == (200, {"name": "Chipo"})
    assert await house.ask("GET", "/api/me") == (200, {"name": "Chipo"})
    assert await house.api.accounts.first_setup_token() is None
    assert (await house.post("/api/logout"))[0] == 200
    status, refusal = await house.ask("GET", "/api/me")
    assert (status, refusal["error"]) == (401, "not_logged_in")
    clock.now += 30
    assert await log_in(house, clock) == (200, {"name": "Chipo"})
    assert (await house.ask("GET", "/api/me"))[0] == 200


async def test_setup_shows_a_code_that_an_authenticator_app_reads(house: House) -> None:
    token = await house.api.accounts.first_setup_token()
    _, begun = await house.post("/api/setup/begin", {"token": token})
    assert begun["uri"].startswith("otpauth://totp/room-server:administrator?secret=" + begun["secret"])
    assert begun["qr"].startswith("data:image/svg+xml")


@pytest.mark.parametrize(
    ("changed", "error"),
    [
        ({"token": "wrong"}, "setup_invalid"),
        ({"name": " \u200b"}, "name_invalid"),
        ({"password": "short"}, "password_weak"),
        ({"password": "x" * 257}, "password_weak"),
        ({"code": "000000x"}, "code_wrong"),
        ({"code": ""}, "code_wrong"),
        ({"extra": 1}, "malformed"),
        ({"name": 7}, "malformed"),
    ],
)
async def test_a_bad_setup_makes_no_account(house: House, clock: Clock, changed: dict[str, Any], error: str) -> None:
    status, refusal = await set_up(house, clock, **changed)
    assert refusal["error"] == error
    assert status in (400, 410)
    assert await house.api.accounts.first_setup_token() is not None


async def test_every_wrong_login_sounds_the_same(house: House, clock: Clock) -> None:
    await set_up(house, clock)
    clock.now += 30
    for changed in (
        {"name": "nobody"},
        {"password": "wrong horse battery"},
        {"code": "000000x"},
        {"password": "x" * 999},
    ):
        status, refusal = await log_in(house, clock, **changed)
        assert (status, refusal["error"]) == (401, "login_failed")


async def test_a_code_works_once(house: House, clock: Clock) -> None:
    await set_up(house, clock)
    assert (await log_in(house, clock))[1]["error"] == "login_failed"
    clock.now += 30
    assert (await log_in(house, clock))[0] == 200
    assert (await log_in(house, clock))[1]["error"] == "login_failed"


async def test_guessing_is_slowed_down(house: House, clock: Clock) -> None:
    await set_up(house, clock)
    answers = [(await log_in(house, clock, password="wrong horse battery"))[0] for _ in range(11)]
    # Setting up took two of the ten.
    assert answers == [401] * 8 + [429] * 3
    status, refusal = await log_in(house, clock)
    assert (status, refusal["error"]) == (429, "too_many")


async def test_a_session_ends_with_its_hours(open_house: OpenHouse, clock: Clock) -> None:
    house = await open_house("limits: {session_hours: 1}")
    await set_up(house, clock)
    clock.now += 3600
    assert (await house.ask("GET", "/api/me"))[0] == 401


async def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(house: House, clock: Clock) -> None:
    await set_up(house, clock)
    clock.now += 30
    code = pyotp.TOTP(await secret_of(house)).at(int(clock.now))
    form = {"name": "Chipo", "password": PASSWORD, "code": code}
    response = await house.client.post("/api/login", json=form, headers=ELSEWHERE_HTTPS)
    (cookie,) = response.headers.getall("Set-Cookie")
    assert cookie.startswith("__Host-room_session=")
    for attribute in ("HttpOnly", "SameSite=Strict", "Secure", "Path=/", "Max-Age=43200"):
        assert attribute in cookie


async def test_accounts_do_not_travel_in_the_clear(house: House, clock: Clock) -> None:
    await set_up(house, clock)
    for method, path in (("POST", "/api/login"), ("GET", "/api/me"), ("POST", "/api/setup/begin")):
        status, refusal = await house.ask(method, path, headers=ELSEWHERE, json={})
        assert (status, refusal["error"]) == (403, "needs_https")
        assert refusal["https"] == "https://127.0.0.1:8443/admin"


async def test_an_administrator_invites_another(administration: House, clock: Clock) -> None:
    status, invitation = await administration.post("/api/setup-links")
    assert status == 201
    assert invitation["expires_at"] == clock.now + 24 * 3600
    base, token = invitation["url"].split("#")
    assert base == "https://127.0.0.1:8443/setup"
    _, begun = await administration.post("/api/setup/begin", {"token": token})
    code = pyotp.TOTP(begun["secret"]).at(int(clock.now))
    form = {"token": token, "name": "Rudo", "password": PASSWORD, "code": code}
    assert await administration.post("/api/setup/finish", {**form, "name": "Chipo"}) == (
        409,
        {"error": "name_taken", "message": "There is already an account of this name. Choose another."},
    )
    assert await administration.post("/api/setup/finish", form) == (200, {"name": "Rudo"})
    assert (await administration.post("/api/setup/finish", form))[0] == 410
