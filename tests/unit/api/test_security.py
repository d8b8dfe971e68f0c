"""What every answer carries, and who may post."""

import pytest

from tests.unit.api.conftest import ELSEWHERE, ELSEWHERE_HTTPS, House, OpenHouse

PATHS = ["/", "/health", "/web/none.js", "/none", "/api/none", "/api/me"]


@pytest.mark.parametrize("path", PATHS)
async def test_every_answer_carries_the_headers(house: House, path: str) -> None:
    headers = (await house.get(path)).headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert "camera=(self)" in headers["Permissions-Policy"]
    assert "geolocation=()" in headers["Permissions-Policy"]
    assert headers["Content-Security-Policy"].startswith("default-src 'none'")
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert "Server" not in headers
    assert "Strict-Transport-Security" not in headers


async def test_unknown_requests_below_api_are_refused_in_json(house: House) -> None:
    for method, path, status in (("GET", "/api/none", 404), ("GET", "/api/exchange", 405)):
        answered, refusal = await house.ask(method, path)
        assert (answered, refusal["error"]) == (status, "not_found")


async def test_hsts_only_with_a_certificate_of_ones_own(open_house: OpenHouse) -> None:
    house = await open_house("http: {certificate: a.pem, key: b.pem, trusted_proxies: [127.0.0.1]}")
    assert (await house.get("/health", headers=ELSEWHERE_HTTPS)).headers[
        "Strict-Transport-Security"
    ] == "max-age=63072000"
    assert "Strict-Transport-Security" not in (await house.get("/health", headers=ELSEWHERE)).headers


async def test_no_opener_policy_where_browsers_would_only_complain(house: House) -> None:
    headers = {**ELSEWHERE, "Host": "192.0.2.1:8080"}
    assert "Cross-Origin-Opener-Policy" not in (await house.get("/health", headers=headers)).headers


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 404),
        ({"Origin": "{own}"}, 404),
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "https://127.0.0.1"}, 403),
        ({"Origin": "null"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Sec-Fetch-Site": "same-origin"}, 404),
    ],
)
async def test_a_foreign_page_may_not_post(house: House, headers: dict[str, str], status: int) -> None:
    own = f"http://127.0.0.1:{house.client.port}"
    headers = {name: value.format(own=own) for name, value in headers.items()}
    body = {"token": "x", "device": "device-0123456789"}
    answered, refusal = await house.post("/api/exchange", body, headers=headers)
    assert answered == status
    assert refusal["error"] == ("foreign_origin" if status == 403 else "link_unknown")


async def test_a_hostile_host_header_stays_out_of_addresses(house: House) -> None:
    headers = {**ELSEWHERE, "Host": "evil.example;script-src"}
    response = await house.get("/admin", headers=headers)
    assert response.headers["Location"] == "https://localhost:8443/admin"
