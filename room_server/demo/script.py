"""What the simulated people share: what being on stage means for their tracks, and their command line."""

import argparse
import asyncio
import contextlib
import logging
import signal
import sys
from collections.abc import Sequence
from typing import Any

from aiortc.mediastreams import MediaStreamTrack

from room_server.demo.participant import Character, Participant


class Seated:
    """Sends a track exactly while its owner sits on a seat on which that is switched on."""

    def __init__(self, **tracks: MediaStreamTrack) -> None:
        self.on_stage = False
        self._tracks = tracks
        self._stage: Sequence[dict[str, Any]] = ()

    def follow(self, participant: Participant, stage: Sequence[dict[str, Any]] | None) -> None:
        """The stage as a snapshot or a `seats` event has it; None: as it was, over a new connection."""
        self._stage = stage = self._stage if stage is None else stage
        seat = next((s for s in stage if (s["participant"] or {}).get("id") == participant.id), None)
        self.on_stage = seat is not None
        for use, track in self._tracks.items():
            if participant.uplink is not None:
                participant.uplink.send(use, track if seat is not None and seat[use] else None)


async def main(character: Character, description: str) -> None:
    """Run a character until it is no longer wanted, or until SIGTERM or SIGINT."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--url", required=True, help="the server, for example http://127.0.0.1:8080")
    parser.add_argument("--token", required=True, help="the fragment of a link: what follows /j#")
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format=f"%(levelname)s {character.name}: %(message)s", stream=sys.stderr)
    logging.getLogger("aiortc").setLevel(logging.WARNING)
    logging.getLogger("aioice").setLevel(logging.WARNING)
    running = asyncio.ensure_future(Participant(arguments.url, arguments.token, character).run())
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, running.cancel)
    with contextlib.suppress(asyncio.CancelledError):
        print(f"{character.name}: {await running}", file=sys.stderr)
