"""How much one connection may ask."""

from room_server.signalling.limits import BURST, PATIENCE, RATE, TokenBucket


def test_a_burst_then_a_rate() -> None:
    bucket = TokenBucket(0.0)
    assert sum(bucket.take(0.0) for _ in range(1000)) == BURST
    assert sum(bucket.take(1.0) for _ in range(1000)) == RATE
    assert not bucket.take(1.0)


def test_it_never_holds_more_than_a_burst() -> None:
    bucket = TokenBucket(0.0)
    assert sum(bucket.take(3600.0) for _ in range(1000)) == BURST


def test_a_flood_runs_out_of_patience_however_slow_it_is_and_a_hasty_page_does_not() -> None:
    for each_second, cut_off in ((12.0, False), (100.0, True)):
        bucket = TokenBucket(0.0)
        for number in range(int(10 * each_second)):
            bucket.take(number / each_second)
        assert (bucket.refused > PATIENCE) is cut_off
