"""Call reports: what pages say of their minutes, and what happened to their connections."""

import pytest

from room_server.ids import ParticipantId, TownHallId
from room_server.quality import Quality
from room_server.signalling.reports import Reports
from tests.unit.signalling.conftest import House, until

MINUTE = {
    "type": "quality", "seconds": 60, "loss": 0.05, "buffer_ms": 80, "concealed": 0.01, "freezes": 2, "rtt_ms": 320,
    "codec": "VP8", "height": 360, "protocol": "udp", "relayed": False,
}  # fmt: skip


async def test_a_report_says_what_happened_and_how_the_minutes_were(house: House) -> None:
    ann = await house.enter("ann", offer="offer-a")
    assert await ann.ask(MINUTE, "media") == {}
    house.plane.sessions[-1].listener.media_state(True)
    await ann.cut()
    await until(lambda: "signalling lost" in _happenings(house, "ann"))
    house.wait(5)
    [report] = await house.halls.call_reports(TownHallId("t"))
    assert [line["what"] for line in report["happenings"]] == ["came with new media", "media flow", "signalling lost"]
    assert [minute["quality"]["loss"] for minute in report["minutes"]] == [0.05]
    assert (report["name"], report["presence"], report["relay"]) == ("Ann", "reconnecting", {"rtt_us": 7})


async def test_who_has_left_is_in_it_without_a_name(house: House) -> None:
    await house.enter("host", "host")
    ann = await house.enter("ann")
    await ann.do("leave")
    _, left = await house.halls.call_reports(TownHallId("t"))
    assert (left["participant"], left["name"], left["relay"]) == ("ann", None, {})
    assert left["happenings"][-1]["what"] == "left"
    assert await house.halls.call_reports(TownHallId("nowhere")) == []


@pytest.mark.parametrize(
    "wrong", [{"loss": 1.5}, {"seconds": 0}, {"codec": "x" * 50}, {"freezes": -1}, {"rtt_ms": "slow"}, {"more": 1}]
)
async def test_what_no_browser_measures_is_refused(house: House, wrong: dict[str, object]) -> None:
    ann = await house.enter("ann")
    assert (await ann.ask(MINUTE | wrong, "media"))["error"] == "malformed"
    [report] = await house.halls.call_reports(TownHallId("t"))
    assert report["minutes"] == []


async def test_reports_are_bounded() -> None:
    reports = Reports()
    quality = Quality(seconds=60, loss=0, buffer_ms=1, concealed=0, freezes=0, rtt_ms=1)
    for number in range(600):
        id = ParticipantId(f"p{number}")
        for _ in range(40):
            reports.quality(id, quality, number)
            reports.note(id, "media silent", number)
        reports.left(id, "gone", number)
    views = await reports.views([], lambda _id: None)
    assert len(views) == 500
    assert views[0]["participant"] == "p100"
    assert (len(views[-1]["minutes"]), len(views[-1]["happenings"])) == (30, 24)


async def test_somebody_who_comes_again_goes_on_with_their_report() -> None:
    reports = Reports()
    ann = ParticipantId("ann")
    reports.note(ann, "came", 1)
    reports.left(ann, "left", 2)
    reports.note(ann, "came", 3)
    [view] = await reports.views([], lambda _id: None)
    assert [line["at"] for line in view["happenings"]] == [1, 2, 3]


def _happenings(house: House, id: str) -> list[str]:
    running = house.halls._running[TownHallId("t")]
    report = running._reports._here[ParticipantId(id)]
    return [line.what for line in report.happenings]
