"""What people call themselves, on record for their next visit: a crowd's names are written together."""

import asyncio

from room_server.ids import ParticipantId
from room_server.signalling.records import Records
from room_server.storage.store import Credentials

# A name that somebody came with may wait for those of the rest of the crowd: a write each would be a fifth of a join.
_CROWD_DELAY = 1.0


class Names:
    """Whatever is added while a write waits or runs goes into the one that follows. Bound to the running loop."""

    def __init__(self, credentials: Credentials, records: Records) -> None:
        self._credentials = credentials
        self._records = records
        self._waiting: dict[ParticipantId, str] = {}
        self._queued = False
        self._timer: asyncio.TimerHandle | None = None

    @property
    def settled(self) -> bool:
        """Whether nothing waits for its turn to be queued."""
        return not self._waiting or self._queued

    def add(self, participant: ParticipantId, name: str, *, soon: bool = True) -> None:
        """Write this name, `soon` or with the crowd's."""
        self._waiting[participant] = name
        if soon:
            self.flush()
        elif self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(_CROWD_DELAY, self.flush)

    def flush(self) -> None:
        """Queue what waits."""
        self._disarm()
        if self._waiting and not self._queued:
            self._queued = True
            self._records.add("names", self._write)

    def drop(self) -> None:
        """Write nothing more: the town hall itself is being deleted."""
        self._disarm()
        self._waiting.clear()

    def _disarm(self) -> None:
        if self._timer:
            self._timer.cancel()
            self._timer = None

    async def _write(self) -> None:
        names, self._waiting, self._queued = self._waiting, {}, False
        try:
            if names:
                await self._credentials.rename(names)
        except BaseException:
            self._waiting = names | self._waiting  # for the retry, under the newest names
            raise
