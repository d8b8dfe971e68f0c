"""The simulated presenter: takes a seat, shows a moving picture, talks, and says on the picture that it is simulated.

An ordinary client in its own process: `python -m room_server.demo.presenter --url http://127.0.0.1:8080 --token TOKEN`.
"""

import asyncio
import logging
from typing import Any

from room_server.demo.participant import Participant, Refused
from room_server.demo.picture import PictureTrack
from room_server.demo.script import Seated, main
from room_server.demo.voice import VoiceTrack

log = logging.getLogger(__name__)


class Presenter:
    """Sits down by right, wherever there is room; once sent off the stage it stays off."""

    name = "Simulated presenter"
    camera = True

    def __init__(self) -> None:
        self._seated = Seated(microphone=VoiceTrack(), camera=PictureTrack())
        self._sent_off = False

    async def arrived(self, participant: Participant, snapshot: dict[str, Any] | None) -> None:
        self._seated.follow(participant, None if snapshot is None else snapshot["stage"])
        await self._sit_down(participant)

    async def heard(self, participant: Participant, event: dict[str, Any]) -> None:
        if event["type"] == "seats":
            was_seated = self._seated.on_stage
            self._seated.follow(participant, event["stage"])
            self._sent_off |= was_seated and not self._seated.on_stage
        if event["type"] in {"seats", "phase"}:
            await self._sit_down(participant)

    async def _sit_down(self, participant: Participant) -> None:
        if self._seated.on_stage or self._sent_off:
            return
        try:
            await participant.command("take_seat")
            await participant.command("set_media", microphone=True, camera=True)
        except Refused as refused:
            log.info("no seat yet: %s", refused)


if __name__ == "__main__":
    asyncio.run(main(Presenter(), "The simulated presenter of the demonstration."))
