"""A simulated attendee: raises a hand, accepts an invitation, and speaks on stage with voice only.

An ordinary client in its own process: `python -m room_server.demo.guest --url http://127.0.0.1:8080 --token TOKEN`.
"""

import asyncio
import contextlib
from typing import Any, Final

from room_server.demo.participant import Participant, Refused
from room_server.demo.script import Seated, main
from room_server.demo.voice import VoiceTrack

_RAISE_AGAIN: Final = 30.0
"""Seconds after the hand was lowered or the stage left, so that the demonstration can be tried again."""


class Guest:
    """Wants to speak, again and again, but never without being asked."""

    name = "Simulated guest"
    camera = False

    def __init__(self) -> None:
        self._seated = Seated(microphone=VoiceTrack(pitch=196.0, seed=7))
        self._again: asyncio.Task[None] | None = None

    async def arrived(self, participant: Participant, snapshot: dict[str, Any] | None) -> None:
        self._seated.follow(participant, None if snapshot is None else snapshot["stage"])
        if snapshot is None:
            return
        if any(invitation["participant"] == participant.id for invitation in snapshot["invitations"]):
            await self._accept(participant)
        elif snapshot["my_hand"] is None and not self._seated.on_stage:
            await self._raise_hand(participant)

    async def heard(self, participant: Participant, event: dict[str, Any]) -> None:
        match event:
            case {"type": "invited", "participant": participant.id}:
                await self._accept(participant)
            case {"type": "seats"}:
                was_seated = self._seated.on_stage
                self._seated.follow(participant, event["stage"])
                if was_seated and not self._seated.on_stage:
                    self._raise_later(participant)
            case {"type": "my_hand", "position": None}:
                self._raise_later(participant)
            case {"type": "phase"}:
                await self._raise_hand(participant)

    async def _accept(self, participant: Participant) -> None:
        with contextlib.suppress(Refused):  # withdrawn meanwhile
            await participant.command("accept")
            await participant.command("set_media", microphone=True)

    async def _raise_hand(self, participant: Participant) -> None:
        if not self._seated.on_stage:
            with contextlib.suppress(Refused):  # not in this phase, or it is up already
                await participant.command("raise_hand")

    def _raise_later(self, participant: Participant) -> None:
        if self._again is not None:
            self._again.cancel()
        self._again = asyncio.ensure_future(self._wait_and_raise(participant))

    async def _wait_and_raise(self, participant: Participant) -> None:
        await asyncio.sleep(_RAISE_AGAIN)
        with contextlib.suppress(ConnectionError):
            await self._raise_hand(participant)


if __name__ == "__main__":
    asyncio.run(main(Guest(), "A simulated attendee of the demonstration."))
