"""Parties of a town hall, whatever client they use: they publish a known picture and a tone, and see each other's.

Pages do it by the page's controls, everybody else by the commands of PROTOCOL.md.
"""

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from aiortc.mediastreams import MediaStreamTrack
from aiortc.sdp import SessionDescription

from room_server.session.plane import Use
from tests.browser import people
from tests.support.client import TownHallClient
from tests.support.clients import clips
from tests.support.clients.recording import quadrants
from tests.support.clients.scripted import ScriptedClient
from tests.support.media_client import MediaClient
from tests.support.picture import QUADRANTS, SECOND_QUADRANTS, Rgb
from tests.support.tracks import ClipTrack, ToneTrack

WIDTH, HEIGHT, FPS = clips.WIDTH, clips.HEIGHT, clips.FPS
# A picture of its own for each of them: a slot fed by somebody else shows.
PICTURES: Sequence[Sequence[Rgb]] = (
    QUADRANTS,
    SECOND_QUADRANTS,
    *([*QUADRANTS[turn:], *QUADRANTS[:turn]] for turn in (1, 2, 3)),
)
_SCRIPT = (Path(__file__).parent / "known_media.js").read_text().strip()


@dataclass(frozen=True)
class Seen:
    """What came of one seat so far."""

    frames: int = 0
    """Decoded ones."""
    size: tuple[int, int] = (0, 0)
    energy: float = 0.0
    """As `totalAudioEnergy` of WebRTC's statistics."""


@dataclass(frozen=True)
class Account:
    """A party's figures at one moment."""

    at: float
    """Seconds on a clock of the party's own."""
    codec: str
    """What its camera sends, such as "vp8"."""
    sent: int
    """Frames of its camera."""
    seen: Mapping[int, Seen]
    """By seat."""

    def complete(self, seat: int, *, picture: bool) -> bool:
        """Whether sound of that seat has arrived, and a picture where there is to be one."""
        return seat in self.seen and self.seen[seat].energy > 0 and (self.seen[seat].frames > 0 or not picture)


class Party(Protocol):
    """Somebody on a seat."""

    client: str
    seat: int

    async def take_seat(self) -> None: ...

    async def account(self) -> Account: ...

    async def colours(self, seat: int) -> Sequence[Sequence[float]]:
        """Averages of the quadrants of the newest picture of `seat`."""
        ...


@dataclass
class SocketParty:
    """Speaks the protocol over a socket of the test; its media is aiortc or another process."""

    client: str
    seat: int
    link: TownHallClient
    media: MediaClient | ScriptedClient

    async def take_seat(self) -> None:
        """Join, take a seat by right, open microphone and camera."""
        await self.link.join_with(self.media)
        assert (await self.link.socket.command("take_seat"))["seat"] == self.seat
        await self.link.socket.command("set_media", microphone=True, camera=True)

    async def account(self) -> Account:
        if isinstance(self.media, ScriptedClient):
            at = await self.media.look()
        else:
            at = time.monotonic()
        return Account(at, self._codec(), self._sent(), {seat: self._seen(seat) for seat in self._seats()})

    async def colours(self, seat: int) -> Sequence[Sequence[float]]:
        mid = self.link.mid_of("video", seat)
        if isinstance(self.media, ScriptedClient):
            return self.media.seen[mid].quadrants
        newest = self.media.received[mid].newest
        return quadrants(newest.to_ndarray(format="rgb24")) if newest is not None else ()

    def _codec(self) -> str:
        """The first that the answer has for the camera."""
        joined = self.link.joined["media"]
        slots = {slot["mid"] for slot in joined["slots"]}
        sections = SessionDescription.parse(joined["answer"]).media
        camera = next(m for m in sections if m.kind == "video" and m.rtp.muxId not in slots)
        return str(camera.rtp.codecs[0].name).lower()

    def _sent(self) -> int:
        if isinstance(self.media, ScriptedClient):
            return self.media.sent["camera"]
        track = self.media.tracks["camera"]
        assert isinstance(track, ClipTrack)
        return track.sent

    def _seats(self) -> list[int]:
        slots = self.link.joined["media"]["slots"]
        return [slot["seat"] for slot in slots if slot["kind"] == "video" and slot["seat"] != self.seat]

    def _seen(self, seat: int) -> Seen:
        video, audio = (self.link.mid_of(kind, seat) for kind in ("video", "audio"))
        if isinstance(self.media, MediaClient):
            picture, sound = self.media.received[video], self.media.received[audio]
            return Seen(picture.frames, picture.size, sound.heard)
        shown, heard = self.media.seen.get(video), self.media.seen.get(audio)
        frames, size = (shown.frames, (shown.width, shown.height)) if shown else (0, (0, 0))
        return Seen(frames, size, heard.energy if heard else 0.0)


@dataclass
class PageParty:
    """The project's own page in a browser."""

    client: str
    seat: int
    person: people.Anybody

    async def take_seat(self) -> None:
        """Take the next free seat by right; microphone and camera open."""
        await people.go_on_stage(self.person)

    async def account(self) -> Account:
        slots = await self.person.evaluate("() => window.__room.slots")
        seats = {slot["mid"]: slot["seat"] for slot in slots if slot["seat"] != self.seat}
        stats = await self.person.evaluate("() => window.__room.stats()")
        at = max(entry["timestamp"] for entry in stats) / 1000
        layers = [entry for entry in stats if _is(entry, "outbound-rtp", "video")]
        sent = max(layers, key=lambda entry: entry.get("framesSent", 0))
        codec = next(entry["mimeType"] for entry in stats if entry["id"] == sent["codecId"])
        shown, heard = (
            {seats[entry["mid"]]: entry for entry in stats if _is(entry, "inbound-rtp", kind) and entry["mid"] in seats}
            for kind in ("video", "audio")
        )
        seen = {seat: _seen_by_page(shown.get(seat, {}), entry) for seat, entry in heard.items()}
        return Account(at, codec.removeprefix("video/").lower(), sent.get("framesSent", 0), seen)

    async def colours(self, seat: int) -> Sequence[Sequence[float]]:
        return await people.quadrants(self.person, seat)


def _is(entry: Mapping[str, Any], type_: str, kind: str) -> bool:
    return (entry["type"], entry.get("kind")) == (type_, kind)


def _seen_by_page(shown: Mapping[str, Any], heard: Mapping[str, Any]) -> Seen:
    size = shown.get("frameWidth", 0), shown.get("frameHeight", 0)
    return Seen(shown.get("framesDecoded", 0), size, heard.get("totalAudioEnergy", 0.0))


def script(colours: Sequence[Rgb] | None) -> str:
    """For a page: its microphone, and its camera where that shows nothing known."""
    return f"{_SCRIPT}({json.dumps(colours)}, [{WIDTH}, {HEIGHT}], {FPS}, {clips.TONE});"


def tracks(directory: Path, seat: int) -> dict[Use, MediaStreamTrack]:
    """The same for aiortc."""
    source = clips.raw(directory, PICTURES[seat - 1])
    return {"microphone": ToneTrack(clips.TONE), "camera": ClipTrack(Path(source["camera"]["clip"]))}
