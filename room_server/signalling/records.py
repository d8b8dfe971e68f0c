"""What has to outlive the process, written in order; a database that is away is waited for, not lost to.

All of it passes here and nowhere else: a journal that is safe on disk before the acknowledgement would take the queue's
place.
"""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable

from room_server.errors import RoomError

log = logging.getLogger(__name__)

# The first retry is for a moment's lock, the last for a database that is being restarted.
_BACK_OFF = (0.1, 0.5, 2.0, 10.0)


class Records:
    """The writes of one town hall; `on_settled` is called whenever all are done. Bound to the running loop."""

    def __init__(self, on_settled: Callable[[], None]) -> None:
        self._on_settled = on_settled
        self._queue: asyncio.Queue[tuple[str, Callable[[], Awaitable[None]]]] = asyncio.Queue()
        self._worker: asyncio.Task[None] | None = None
        self._unwritten = 0

    @property
    def settled(self) -> bool:
        """Whether everything is written."""
        return not self._unwritten

    def add(self, what: str, write: Callable[[], Awaitable[None]]) -> None:
        """Queue a write; `what` names it in the log and holds nothing personal."""
        self._queue.put_nowait((what, write))
        self._unwritten += 1
        if self._worker is None or self._worker.done():
            self._worker = asyncio.create_task(self._work(), name="records")

    async def settle(self, patience: float) -> None:
        """Until everything is written, at most `patience` seconds."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(patience):
                await self._queue.join()

    async def close(self, patience: float) -> None:
        """Write what can be written within `patience` seconds, and stop."""
        await self.settle(patience)
        if self._unwritten:
            log.error("not written: %d records", self._unwritten)
        if self._worker:
            self._worker.cancel()
            await asyncio.gather(self._worker, return_exceptions=True)
            self._worker = None

    async def _work(self) -> None:
        while not self._queue.empty():
            what, write = self._queue.get_nowait()
            await self._write(what, write)
            self._unwritten -= 1
            self._queue.task_done()
        self._on_settled()

    async def _write(self, what: str, write: Callable[[], Awaitable[None]]) -> None:
        attempt = 0
        while True:
            try:
                await write()
            except RoomError as refused:
                log.warning("refused: %s (%s)", what, refused.code)
                return
            except Exception as error:  # whatever the database says, what was acknowledged must get there
                log.log(logging.DEBUG if attempt else logging.WARNING, "cannot write %s, trying on: %r", what, error)
                await asyncio.sleep(_BACK_OFF[min(attempt, len(_BACK_OFF) - 1)])
                attempt += 1
            else:
                if attempt:
                    log.info("written after %d attempts: %s", attempt + 1, what)
                return
