"""The simulated presenter's camera: a figure that sways, bars of a voice, a clock, and a label that says what it is.

Drawn straight into the planes of a YUV frame, so that it costs a small part of what encoding it does.
"""

import asyncio
import time
from fractions import Fraction
from typing import Final, TypeAlias

import av
import numpy as np
from aiortc.mediastreams import MediaStreamError, MediaStreamTrack
from numpy.typing import NDArray

from room_server.demo import font

WIDTH: Final = 640
HEIGHT: Final = 360
FRAMES_PER_SECOND: Final = 20
LABEL: Final = "SIMULATED PRESENTER"
_CLOCK: Final = 90_000  # Hz, RTP's for video
_TIME_BASE: Final = Fraction(1, _CLOCK)
# Behind by more than this the picture jumps ahead instead of hurrying: nobody was watching.
_LATE: Final = 0.5

Plane: TypeAlias = NDArray[np.uint8]

# (Y, Cb, Cr) in BT.601, limited range.
_PAPER: Final = (40, 136, 120)
_INK: Final = (222, 126, 130)
_FIGURE: Final = (122, 136, 120)
_SHOULDERS: Final = (84, 138, 118)
_VOICE: Final = (176, 72, 146)

# Top right: a page writes the name and who speaks in the corners on the left.
LABEL_TOP: Final = 18
LABEL_SCALE: Final = 3
_MARGIN: Final = 22
LABEL_LEFT: Final = WIDTH - _MARGIN - len(LABEL) * font.ADVANCE * LABEL_SCALE

_BARS: Final = 23
_BAR_PITCH: Final = 12
_VOICE_ROW: Final = 318


class Picture:
    """Draws frame after frame; `at` is in seconds."""

    def __init__(self) -> None:
        self._still = _Canvas()
        self._still.box(0, 0, HEIGHT, WIDTH, _PAPER)
        self._still.slope()
        self._still.disc(352, 320, 148, _SHOULDERS, below=282)
        self._still.text(LABEL, LABEL_TOP, LABEL_LEFT, LABEL_SCALE, _INK)
        self._canvas = _Canvas()

    def draw(self, at: float, wall_clock: float) -> av.VideoFrame:
        """The frame for this moment, without a timestamp."""
        canvas = self._canvas
        canvas.copy(self._still)
        canvas.disc(148 + round(3 * np.sin(at * 1.7)), 320 + round(10 * np.sin(at * 0.9)), 62, _FIGURE)
        self._voice(canvas, at)
        clock = time.strftime("%H:%M:%S", time.localtime(wall_clock))
        left = WIDTH - _MARGIN - len(clock) * font.ADVANCE * LABEL_SCALE
        canvas.text(clock, LABEL_TOP + 34, left, LABEL_SCALE, _INK)
        return canvas.frame()

    @staticmethod
    def _voice(canvas: "_Canvas", at: float) -> None:
        """Bars that rise and fall as a voice does, highest in the middle."""
        loudness = abs(np.sin(at * 7) * np.sin(at * 2.3))
        left = (WIDTH - _BARS * _BAR_PITCH) // 2
        for number in range(_BARS):
            shape = np.cos((number - _BARS // 2) / _BARS * np.pi) * abs(np.sin(at * 5 + number * 1.3))
            half = 3 + round(22 * loudness * shape)
            start = left + number * _BAR_PITCH
            canvas.box(_VOICE_ROW - half, start, _VOICE_ROW + half, start + 6, _VOICE)


class PictureTrack(MediaStreamTrack):
    """`Picture` as a live track."""

    kind = "video"

    def __init__(self, picture: Picture | None = None) -> None:
        super().__init__()
        self._picture = picture or Picture()
        self._start = time.monotonic()
        self._next = 0.0
        self.frames = 0
        """Frames handed out so far."""

    async def recv(self) -> av.VideoFrame:
        """Wait until the next frame is due. `MediaStreamError` once stopped."""
        if self.readyState != "live":
            raise MediaStreamError
        now = time.monotonic() - self._start
        self._next = max(self._next + 1 / FRAMES_PER_SECOND, now - _LATE)
        await asyncio.sleep(self._next - now)
        frame = self._picture.draw(self._next, time.time())
        frame.pts = round(self._next * _CLOCK)
        frame.time_base = _TIME_BASE
        self.frames += 1
        return frame


class _Canvas:
    """A YUV 4:2:0 picture. Coordinates are of the luma plane: top, left, bottom, right."""

    def __init__(self) -> None:
        self._all: Plane = np.zeros((HEIGHT * 3 // 2, WIDTH), dtype=np.uint8)
        self._luma: Plane = self._all[:HEIGHT]
        chroma = self._all[HEIGHT:].reshape(2, HEIGHT // 2, WIDTH // 2)
        self._chroma: tuple[Plane, Plane] = (chroma[0], chroma[1])

    def copy(self, other: "_Canvas") -> None:
        np.copyto(self._all, other._all)

    def frame(self) -> av.VideoFrame:
        return av.VideoFrame.from_ndarray(self._all, format="yuv420p")

    def box(self, top: int, left: int, bottom: int, right: int, colour: tuple[int, int, int]) -> None:
        self._luma[top:bottom, left:right] = colour[0]
        for plane, value in zip(self._chroma, colour[1:], strict=True):
            plane[top // 2 : bottom // 2, left // 2 : right // 2] = value

    def slope(self) -> None:
        """A gentle gradient, so that the background is not one flat block."""
        self._luma[:] += np.linspace(0, 40, HEIGHT, dtype=np.uint8)[:, None]

    def disc(self, row: int, column: int, radius: int, colour: tuple[int, int, int], below: int = HEIGHT) -> None:
        """A disc; nothing is drawn from row `below` on."""
        self._disc(self._luma, row, column, radius, value=colour[0], below=below)
        for plane, value in zip(self._chroma, colour[1:], strict=True):
            self._disc(plane, row // 2, column // 2, radius // 2, value=value, below=below // 2)

    def text(self, text: str, top: int, left: int, scale: int, colour: tuple[int, int, int]) -> None:
        """Written in luma alone: letters are thin, and chroma has half the resolution."""
        letters = font.mask(text, scale)
        rows, columns = letters.shape
        self._luma[top : top + rows, left : left + columns][letters] = colour[0]

    @staticmethod
    def _disc(plane: Plane, row: int, column: int, radius: int, *, value: int, below: int) -> None:
        """With a soft edge of one pixel."""
        top, bottom = max(0, row - radius), min(below, row + radius + 1)
        left, right = max(0, column - radius), min(plane.shape[1], column + radius + 1)
        y, x = np.ogrid[top - row : bottom - row, left - column : right - column]
        cover = np.clip(radius - np.sqrt(y * y + x * x), 0, 1)
        under = plane[top:bottom, left:right]
        under[:] = (under + cover * (value - under.astype(np.float32))).astype(np.uint8)
