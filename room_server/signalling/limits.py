"""How much one connection may ask."""

# A person who drags and clicks as fast as they can stays below the rate; a page that restores itself needs the burst.
RATE = 10.0
BURST = 50.0
# Coming in costs a database look-up and perhaps a transport.
ENTRY_COST = 5.0
# A page that goes on after so many refusals is no page.
PATIENCE = 200


# Bytes. Pages send some hundred at a time and an offer of 20 kB now and then; to read these takes 0.1 s of the loop.
BYTES_BURST = 8.0 * 1024 * 1024
BYTES_RATE = 256.0 * 1024


class TokenBucket:
    """`burst` requests at once, `rate` a second on the long run."""

    def __init__(self, now: float, *, rate: float = RATE, burst: float = BURST) -> None:
        self._rate = rate
        self._burst = burst
        self._tokens = burst
        self._filled = now
        self.refused = 0
        """By how many the refusals outnumber what was let through since: a flood always has a few that go through."""

    def take(self, now: float, cost: float = 1.0) -> bool:
        """Whether a request of this cost may go through at `now`."""
        self._tokens = min(self._burst, self._tokens + (now - self._filled) * self._rate)
        self._filled = now
        if self._tokens < cost:
            self.refused += 1
            return False
        self._tokens -= cost
        self.refused = max(0, self.refused - 1)
        return True
