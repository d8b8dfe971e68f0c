"""The server as it is released, with one more door: a Unix socket through which a test makes it fail on purpose.

`python -m tests.support.drill --config FILE` takes the arguments of `room-server`; the door is the path in
`ROOM_DRILL_DOOR`. Each line in is `{"drill": NAME, ...}`, each line out what became of it. A further drill is a method
here whose name begins with `drill_`; the server itself knows none of this.
"""

import asyncio
import json
import os
import sys
from pathlib import Path
from typing import Any

from room_server.__main__ import main
from room_server.app import App

DOOR = "ROOM_DRILL_DOOR"


class DrillApp(App):
    """Opens the door once the server serves."""

    async def start(self) -> None:
        await super().start()
        # Only the user who runs the test gets through: the directory is pytest's, mode 0700.
        self._door = await asyncio.start_unix_server(self._visit, os.environ[DOOR])

    async def stop(self) -> None:
        self._door.close()
        await super().stop()

    async def drill_panic(self, worker: int) -> None:
        """A worker of the relay panics, at its next turn."""
        self.relay._panic(worker)  # type: ignore[attr-defined]  # not in the stub: for drills alone

    async def drill_ports(self) -> list[int]:
        """The UDP port of each worker: how a client's answer tells which one it is on."""
        return self.relay.ports

    async def drill_near_wraps(self) -> None:
        """Whatever the relay counts for people who join from now on wraps within seconds of their first picture."""
        self.relay._near_wraps()  # type: ignore[attr-defined]  # not in the stub: for drills alone

    async def _visit(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async for line in reader:
                request = json.loads(line)
                answer = await getattr(self, f"drill_{request.pop('drill')}")(**request)
                writer.write(json.dumps(answer).encode() + b"\n")
                await writer.drain()
        finally:
            writer.close()


async def drill(door: Path, name: str, **arguments: object) -> Any:
    """From the test's side: one drill, and its answer. `AssertionError`: the server hung up on it."""
    reader, writer = await asyncio.open_unix_connection(door)
    try:
        writer.write(json.dumps({"drill": name, **arguments}).encode() + b"\n")
        answer = await reader.readline()
    finally:
        writer.close()
    assert answer, f"the drill {name} failed; the server's output says why"
    return json.loads(answer)


if __name__ == "__main__":
    sys.exit(main(DrillApp))
