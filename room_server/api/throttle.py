"""How often one network may ask: a leaky bucket per key, in which honest crowds wait and floods are refused."""

import asyncio
import time
from collections.abc import Callable

from room_server.errors import RoomError

# Keys held before those at rest are swept; 100 bytes each.
_SWEEP_AT = 10_000


class Throttle:
    """`rate` per second in the long run, `burst` at once, a wait of at most `patience` seconds (GCRA)."""

    def __init__(
        self, *, rate: float, burst: int, patience: float = 0.0, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._interval = 1.0 / rate
        self._tolerance = (burst - 1) * self._interval
        self._patience = patience
        self._clock = clock
        # Key -> when it will be at rest again.
        self._rest: dict[str, float] = {}

    def reserve(self, key: str) -> float:
        """Take a turn; the seconds to wait for it. `RoomError`: too_many, and no turn is taken."""
        now = self._clock()
        rest = max(self._rest.get(key, now), now)
        wait = max(0.0, rest - self._tolerance - now)
        if wait > self._patience:
            raise RoomError("too_many", "Too many attempts from your network. Wait a minute and try again.", status=429)
        if len(self._rest) >= _SWEEP_AT:
            self._sweep(now)
        self._rest[key] = rest + self._interval
        return wait

    async def turn(self, key: str) -> None:
        """Wait for one's turn. `RoomError`: too_many, at once, where the wait would be too long."""
        wait = self.reserve(key)
        if wait > 0:
            await asyncio.sleep(wait)

    def _sweep(self, now: float) -> None:
        self._rest = {key: rest for key, rest in self._rest.items() if rest > now}
