"""How much one connection may ask."""

from room_server.signalling.limits import BURST, RATE, TokenBucket


def test_a_burst_then_a_rate() -> None:
    bucket = TokenBucket(0.0)
    assert sum(bucket.take(0.0) for _ in range(1000)) == BURST
    assert sum(bucket.take(1.0) for _ in range(1000)) == RATE
    assert not bucket.take(1.0)


def test_it_never_holds_more_than_a_burst() -> None:
    bucket = TokenBucket(0.0)
    assert sum(bucket.take(3600.0) for _ in range(1000)) == BURST


def test_refusals_are_counted_until_one_goes_through() -> None:
    bucket = TokenBucket(0.0)
    assert bucket.take(0.0, BURST)
    for _ in range(3):
        bucket.take(0.0)
    assert bucket.refused == 3
    assert bucket.take(1.0)
    assert bucket.refused == 0
