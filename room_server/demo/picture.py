"""The simulated presenter's camera: a figure that moves and talks, a clock, and a label that says what it is.

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
_PAPER: Final = (44, 140, 118)
_BAND: Final = (24, 132, 124)
_INK: Final = (228, 128, 128)
_SKIN: Final = (168, 108, 152)
_COAT: Final = (92, 152, 104)
_DARK: Final = (30, 128, 130)
_ACCENT: Final = (190, 60, 150)


class Picture:
    """Draws frame after frame; `at` is in seconds."""

    def __init__(self, label: str = LABEL) -> None:
        self._still = _Canvas()
        self._still.box(0, 0, HEIGHT, WIDTH, _PAPER)
        self._still.slope()
        self._still.box(290, 0, HEIGHT, WIDTH, _BAND)
        self._still.text(label, 306, (WIDTH - len(label) * 6 * 5) // 2, 5, _INK)
        self._still.disc(292, 320, 110, _COAT, below=290)
        self._canvas = _Canvas()

    def draw(self, at: float, wall_clock: float) -> av.VideoFrame:
        """The frame for this moment, without a timestamp."""
        canvas = self._canvas
        canvas.copy(self._still)
        sway = round(14 * np.sin(at * 0.9))
        canvas.disc(150 + round(4 * np.sin(at * 1.7)), 320 + sway, 72, _SKIN)
        self._face(canvas, at, 320 + sway)
        canvas.text(time.strftime("%H:%M:%S", time.localtime(wall_clock)), 20, 24, 4, _INK)
        canvas.box(16, 520 + round(60 * np.sin(at * 2)), 28, 540 + round(60 * np.sin(at * 2)), _ACCENT)
        return canvas.frame()

    @staticmethod
    def _face(canvas: "_Canvas", at: float, centre: int) -> None:
        blinking = at % 4 < 0.15
        for side in (-26, 26):
            if blinking:
                canvas.box(132, centre + side - 8, 136, centre + side + 8, _DARK)
            else:
                canvas.disc(134, centre + side, 8, _DARK)
        opening = 4 + round(9 * abs(np.sin(at * 7) * np.sin(at * 2.3)))
        canvas.box(186 - opening, centre - 22, 186 + opening, centre + 22, _DARK)


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
        top, bottom = max(0, row - radius), min(below, row + radius + 1)
        left, right = max(0, column - radius), min(plane.shape[1], column + radius + 1)
        y, x = np.ogrid[top - row : bottom - row, left - column : right - column]
        plane[top:bottom, left:right][y * y + x * x <= radius * radius] = value
