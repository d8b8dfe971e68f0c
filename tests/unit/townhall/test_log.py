"""Recent events."""

from room_server.townhall.event import Audience, HandsChanged, PhaseChanged, Recorded
from room_server.townhall.log import EventLog
from tests.unit.townhall.build import ANNA, HOST


def filled(count: int, kept: int) -> EventLog:
    """Revisions 101.. with every second event for staff only."""
    log = EventLog(100, kept)
    for revision in range(101, 101 + count):
        staff = revision % 2 == 0
        event = HandsChanged(hands=()) if staff else PhaseChanged(phase="live")
        log.extend([Recorded(revision, event, Audience.STAFF if staff else Audience.ALL)])
    return log


def revisions(log: EventLog, since: int, *, staff: bool = True) -> list[int] | None:
    """What came after."""
    events = log.since(since, HOST if staff else ANNA, staff=staff)
    return None if events is None else [recorded.revision for recorded in events]


def test_before_the_first_event() -> None:
    log = EventLog(100)
    assert revisions(log, 100) == []
    assert revisions(log, 99) is None
    assert revisions(log, 101) is None


def test_what_is_missed_and_may_be_seen() -> None:
    log = filled(5, kept=10)
    assert revisions(log, 102) == [103, 104, 105]
    assert revisions(log, 102, staff=False) == [103, 105]
    assert revisions(log, 100) == [101, 102, 103, 104, 105]
    assert revisions(log, 105) == []


def test_too_old_or_from_another_run() -> None:
    log = filled(5, kept=3)
    assert revisions(log, 102) == [103, 104, 105]
    assert revisions(log, 101) is None
    assert revisions(log, 106) is None


def test_who_sees_what() -> None:
    about_anna = {audience: Recorded(1, PhaseChanged(phase="live"), audience, ANNA) for audience in Audience}
    seen = {audience: about_anna[audience].visible_to(ANNA, staff=False) for audience in Audience}
    assert seen == {Audience.ALL: True, Audience.STAFF: False, Audience.ONE: True, Audience.STAFF_AND_ONE: True}
    host = {audience: about_anna[audience].visible_to(HOST, staff=True) for audience in Audience}
    assert host == {Audience.ALL: True, Audience.STAFF: True, Audience.ONE: False, Audience.STAFF_AND_ONE: True}
