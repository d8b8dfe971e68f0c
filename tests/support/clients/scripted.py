"""Other people's WebRTC stacks as participants: a process per client, spoken to in lines of JSON.

Each line in is answered by one line out:

    {publish: {microphone?: SOURCE, camera?: SOURCE}, audio_slots, video_slots, codec?, directory?}
        -> {offer: SDP, publish: {microphone?: MID, camera?: MID}}
    {answer: SDP} -> {connected: bool}
    {statistics: true} -> {sent: {use: frames}, slots: {MID: SLOT}}

SOURCE is what that client can play; SLOT is {kind, packets} and either what the client decoded, {frames, width, height,
quadrants, energy}, or {recording, recorded}: path and bytes so far of a file for `recording.Recording`. The end of its
input ends a client.
"""

import asyncio
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from room_server.session.plane import Use
from tests.support.clients import clips
from tests.support.clients.recording import Recording
from tests.support.picture import Rgb

_HERE = Path(__file__).parent
_WERIFT = _HERE.parents[2] / "web" / "tests" / "support" / "werift.js"
_ANSWER_SECONDS = 15
_LINE_LIMIT = 1 << 20  # an offer is one line


@dataclass(frozen=True)
class Seen:
    """What one slot has brought so far."""

    kind: str
    packets: int
    frames: int = 0
    """Decoded ones."""
    width: int = 0
    height: int = 0
    quadrants: Sequence[Sequence[float]] = ()
    """Average colours: top left, top right, bottom left, bottom right."""
    energy: float = 0.0
    """Mean square (full scale 1) times seconds, summed: `totalAudioEnergy` of WebRTC's statistics."""


@dataclass
class ScriptedClient:
    """Use as `async with`; offer, then accept the answer, as with `MediaClient`."""

    command: Sequence[str]
    wanted: Mapping[str, Any]
    sent: dict[str, int] = field(default_factory=dict)
    """Frames sent by use, as of the last `look`."""
    seen: dict[str, Seen] = field(default_factory=dict)
    """By mid of the slot, as of the last `look`."""
    _recordings: dict[str, Recording] = field(default_factory=dict)
    _process: asyncio.subprocess.Process | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def offer(self) -> tuple[str, dict[Use, str]]:
        """The offer, and `publish` as `join` wants it."""
        self._process = await asyncio.create_subprocess_exec(
            *self.command, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, limit=_LINE_LIMIT
        )
        told = await self._ask(**self.wanted)
        return told["offer"], told["publish"]

    async def accept(self, answer: str) -> None:
        """Take the answer and wait until connected."""
        assert (await self._ask(answer=answer))["connected"], "the client did not connect"

    async def look(self) -> float:
        """Bring `sent` and `seen` up to date; the moment on the monotonic clock that they hold for."""
        told, at = await self._ask(statistics=True), time.monotonic()
        self.sent = told["sent"]
        for mid, slot in told["slots"].items():
            path, size = slot.pop("recording", None), slot.pop("recorded", 0)
            decoded: Mapping[str, Any] = {}
            if path is not None:
                reader = self._recordings.setdefault(mid, Recording(Path(path), slot["kind"]))
                decoded = await asyncio.to_thread(reader.decoded, size)
            self.seen[mid] = Seen(**slot, **decoded)
        return at

    async def close(self) -> None:
        """End the process. Idempotent."""
        if self._process is None:
            return
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            async with asyncio.timeout(_ANSWER_SECONDS):
                await self._process.wait()
        except TimeoutError:
            self._process.kill()
            raise

    async def _ask(self, **asked: Any) -> Any:
        assert self._process is not None
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(asked).encode() + b"\n")
        async with asyncio.timeout(_ANSWER_SECONDS):
            line = await self._process.stdout.readline()
        assert line, "the client ended"
        return json.loads(line)


def gstreamer(directory: Path, colours: Sequence[Rgb], *, codec: str = "vp8", **slots: int) -> ScriptedClient:
    """GStreamer's webrtcbin: no simulcast, no header extensions, no bandwidth feedback; encodes and decodes really.

    It publishes a test picture of these colours and a tone; `slots` are `audio_slots` and `video_slots`.
    """
    publish = clips.raw(directory, colours)
    # The bindings belong to Debian's own Python.
    command = ["/usr/bin/python3", str(_HERE / "gstreamer.py")]
    return ScriptedClient(command, {"publish": publish, "codec": codec, **slots})


def werift(directory: Path, colours: Sequence[Rgb], *, codec: str = "vp8", **slots: int) -> ScriptedClient:
    """werift, in TypeScript: no simulcast, no RTX, extension ids that differ between the sections of a bundle.

    As `gstreamer`, in VP8 only; encoding and decoding are PyAV's, before and after.
    """
    assert codec == "vp8"
    publish = clips.encoded(directory, colours)
    command = ["node", str(_WERIFT)]
    return ScriptedClient(command, {"publish": publish, "directory": str(directory), **slots})
