"""Health, readiness and figures."""

from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families

from room_server.metrics import Distributions, Metrics
from room_server.quality import Quality
from tests.unit.api.conftest import ELSEWHERE, House, OpenHouse


async def test_ready_follows_start_and_stop(house: House) -> None:
    assert await house.ask("GET", "/health") == (200, {"status": "ok"})
    assert await house.ask("GET", "/ready") == (503, {"ready": False, "accepting": False, "database": True})
    house.api.health.ready = True
    assert await house.ask("GET", "/ready") == (200, {"ready": True, "accepting": True, "database": True})
    house.api.stop_admitting()
    assert (await house.ask("GET", "/ready"))[0] == 503


async def test_ready_notices_that_the_database_is_gone(house: House, tmp_path: Path) -> None:
    house.api.health.ready = True
    await house.database.close()
    (tmp_path / "test.sqlite3").unlink()
    (tmp_path / "test.sqlite3").mkdir()
    assert await house.ask("GET", "/ready") == (503, {"ready": False, "accepting": True, "database": False})


async def test_figures_are_for_the_configured_networks(open_house: OpenHouse) -> None:
    house = await open_house("http: {trusted_proxies: [127.0.0.1], metrics_networks: [127.0.0.0/8, 198.51.100.0/24]}")
    assert (await house.get("/metrics")).status == 200
    assert (await house.get("/metrics", headers=ELSEWHERE)).status == 403
    assert (await house.get("/metrics", headers={"X-Forwarded-For": "198.51.100.7"})).status == 200


async def test_an_undeclared_proxy_does_not_publish_the_figures(open_house: OpenHouse) -> None:
    house = await open_house("{}")
    assert (await house.get("/metrics", headers={"X-Forwarded-For": "203.0.113.9"})).status == 403


def relay_distributions() -> Distributions:
    return {"rtt_seconds": ([0.05, 0.1], [2, 0, 3], 7.5)}


async def test_what_the_figures_say() -> None:
    metrics = Metrics()
    metrics.gauge("room_participants", "People", lambda: 7)
    metrics.counted("room_refused", "Refusals", "code", lambda: {"too_long": 2, "forbidden": 1})
    metrics.relay(lambda: {"rtp_in": 5, "peers": 2, "drop_replay": 3, "drop_not_keyframe": 0}, relay_distributions)
    for codec in ("VP8", ""):
        metrics.page_quality(
            Quality(seconds=30, loss=0.05, buffer_ms=9, concealed=0, freezes=2, rtt_ms=90, codec=codec, protocol="udp")
        )
    async with metrics.watch_loop():
        found = {family.name: family for family in text_string_to_metric_families(metrics.render().decode())}
    assert found["room_participants"].samples[0].value == 7
    assert (found["room_relay_rtp_in"].type, found["room_relay_rtp_in"].samples[0].value) == ("counter", 5)
    assert (found["room_relay_peers"].type, found["room_relay_peers"].samples[0].value) == ("gauge", 2)
    drops = {sample.labels["reason"]: sample.value for sample in found["room_relay_drops"].samples}
    assert drops == {"replay": 3, "not_keyframe": 0}
    refused = {sample.labels["code"]: sample.value for sample in found["room_refused"].samples}
    assert refused == {"forbidden": 1, "too_long": 2}
    rtt = {sample.labels.get("le", sample.name): sample.value for sample in found["room_relay_rtt_seconds"].samples}
    assert rtt == {
        "0.05": 2, "0.1": 2, "+Inf": 5, "room_relay_rtt_seconds_sum": 7.5, "room_relay_rtt_seconds_count": 5,
    }  # fmt: skip
    freezes = {sample.labels.get("le"): sample.value for sample in found["room_page_freezes"].samples}
    assert (freezes["2.0"], freezes["5.0"]) == (0, 2), "two in half a minute are four in one"
    minutes = {sample.labels.get("codec"): sample.value for sample in found["room_page_minutes"].samples}
    assert (minutes["VP8"], minutes["none"]) == (0.5, 0.5)
    assert "room_loop_lag_seconds" in found
    assert "process_resident_memory_bytes" in found
