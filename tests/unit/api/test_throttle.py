"""The leaky bucket, with a clock of its own."""

import pytest

from room_server.api.throttle import _SWEEP_AT, Throttle
from room_server.errors import RoomError
from tests.support.clock import Clock


def test_a_burst_is_free_then_turns_are_spaced() -> None:
    throttle = Throttle(rate=10, burst=3, patience=0.35, clock=Clock())
    assert [round(throttle.reserve("a"), 3) for _ in range(6)] == [0, 0, 0, 0.1, 0.2, 0.3]
    for _ in range(3):
        with pytest.raises(RoomError, match="too_many"):
            throttle.reserve("a")


def test_a_refusal_takes_no_turn_and_rest_restores_the_burst() -> None:
    clock = Clock()
    throttle = Throttle(rate=10, burst=2, clock=clock)
    assert [throttle.reserve("a"), throttle.reserve("a")] == [0, 0]
    with pytest.raises(RoomError):
        throttle.reserve("a")
    clock.now += 0.11
    assert throttle.reserve("a") == 0
    clock.now += 100
    assert [throttle.reserve("a"), throttle.reserve("a")] == [0, 0]
    with pytest.raises(RoomError):
        throttle.reserve("a")


def test_networks_do_not_disturb_each_other() -> None:
    throttle = Throttle(rate=1, burst=1, clock=Clock())
    assert [throttle.reserve(name) for name in "abc"] == [0, 0, 0]


def test_memory_is_bounded_by_those_who_are_active() -> None:
    clock = Clock()
    throttle = Throttle(rate=1, burst=1, clock=clock)
    for number in range(_SWEEP_AT):
        throttle.reserve(str(number))
    clock.now += 2
    throttle.reserve("fresh")
    assert list(throttle._rest) == ["fresh"]
