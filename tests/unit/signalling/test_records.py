"""Writes that outlive a database's absence."""

import logging

import pytest

from room_server.errors import RoomError
from room_server.signalling import records as module
from room_server.signalling.records import Records


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Retries without the waiting."""
    monkeypatch.setattr(module, "_BACK_OFF", (0.001,))


class Database:
    """Fails so many times, then keeps what it is given."""

    def __init__(self, failures: int, error: Exception | None = None) -> None:
        self.failures = failures
        self.error = error or ConnectionError("away")
        self.written: list[str] = []

    async def write(self, what: str) -> None:
        if self.failures:
            self.failures -= 1
            raise self.error
        self.written.append(what)


async def test_everything_is_written_in_order_once_it_can_be(caplog: pytest.LogCaptureFixture) -> None:
    settled: list[bool] = []
    database, records = Database(failures=5), Records(lambda: settled.append(True))
    caplog.set_level(logging.INFO)
    for what in ("a", "b", "c"):
        records.add(what, lambda what=what: database.write(what))
    await records.settle(5)
    assert database.written == ["a", "b", "c"]
    assert records.settled
    records.add("d", lambda: database.write("d"))
    assert not records.settled
    await records.settle(5)
    assert settled == [True, True]
    assert [record.levelname for record in caplog.records] == ["WARNING", "INFO"]
    await records.close(1)


async def test_a_refusal_is_not_retried() -> None:
    database, records = Database(1, RoomError("town_hall_unknown", "Gone.")), Records(lambda: None)
    records.add("a", lambda: database.write("a"))
    records.add("b", lambda: database.write("b"))
    await records.close(5)
    assert database.written == ["b"]


async def test_stopping_does_not_wait_for_ever(caplog: pytest.LogCaptureFixture) -> None:
    database, records = Database(failures=10**9), Records(lambda: None)
    records.add("a", lambda: database.write("a"))
    await records.settle(0.02)
    assert database.written == []
    await records.close(0.02)
    assert "not written: 1 records" in caplog.text
