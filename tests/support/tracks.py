"""Test sources with known content: a plain colour with a moving bar, a clip, and a tone."""

import asyncio
import time
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from aiortc.mediastreams import MediaStreamError, MediaStreamTrack

SAMPLE_RATE = 48_000


class ColourTrack(MediaStreamTrack):
    """A picture whose luma is `luma` everywhere but in a bar that moves, so that no two frames are alike."""

    kind = "video"

    def __init__(self, luma: int, *, width: int = 320, height: int = 240, fps: int = 15) -> None:
        super().__init__()
        self.sent = 0
        self._fps = fps
        self._start = time.monotonic()
        self._planes = np.full((height * 3 // 2, width), 128, dtype=np.uint8)
        self._planes[:height] = luma
        self._luma, self._width = luma, width

    async def recv(self) -> av.VideoFrame:
        if self.readyState != "live":
            raise MediaStreamError
        await asyncio.sleep(max(0.0, self._start + self.sent / self._fps - time.monotonic()))
        self._planes[:16] = self._luma
        left = self.sent * 8 % self._width
        self._planes[:16, left : left + 32] = 235
        frame = av.VideoFrame.from_ndarray(self._planes, format="yuv420p")
        frame.pts, frame.time_base = self.sent * 90_000 // self._fps, Fraction(1, 90_000)
        self.sent += 1
        return frame


class ClipTrack(MediaStreamTrack):
    """The frames of a YUV4MPEG2 clip at its own rate, over and over."""

    kind = "video"

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.sent = 0
        head, *frames = path.read_bytes().split(b"FRAME\n")
        fields = {field[:1]: field[1:] for field in head.decode().split()[1:]}
        self.width, height = int(fields["W"]), int(fields["H"])
        self._fps = int(fields["F"].split(":")[0])
        self._frames = [np.frombuffer(frame, np.uint8).reshape(height * 3 // 2, self.width) for frame in frames]
        self._start = time.monotonic()

    async def recv(self) -> av.VideoFrame:
        if self.readyState != "live":
            raise MediaStreamError
        await asyncio.sleep(max(0.0, self._start + self.sent / self._fps - time.monotonic()))
        frame = av.VideoFrame.from_ndarray(self._frames[self.sent % len(self._frames)], format="yuv420p")
        frame.pts, frame.time_base = self.sent * 90_000 // self._fps, Fraction(1, 90_000)
        self.sent += 1
        return frame


class ToneTrack(MediaStreamTrack):
    """A sine of `frequency` Hz at -12 dBFS, in 20 ms frames."""

    kind = "audio"

    def __init__(self, frequency: float) -> None:
        super().__init__()
        self.sent = 0
        self._start = time.monotonic()
        self._step = 2 * np.pi * frequency / SAMPLE_RATE

    async def recv(self) -> av.AudioFrame:
        if self.readyState != "live":
            raise MediaStreamError
        await asyncio.sleep(max(0.0, self._start + self.sent * 0.02 - time.monotonic()))
        places = np.arange(self.sent * 960, (self.sent + 1) * 960)
        wave = (0.25 * 32767 * np.sin(self._step * places)).astype(np.int16)
        frame = av.AudioFrame.from_ndarray(wave[None, :], format="s16", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = SAMPLE_RATE, self.sent * 960, Fraction(1, SAMPLE_RATE)
        self.sent += 1
        return frame
