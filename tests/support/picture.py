"""A known test picture and a known tone as files that Chromium plays as its fake camera and microphone.

The picture has four quadrants of one colour each, so that a decoded frame can be checked by four averages,
and a bar that moves every frame, so that frames differ.
"""

import math
import struct
import wave
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Rgb = tuple[int, int, int]

# Far apart in hue and brightness: subsampling, quantisation and scaling move them by a few steps only.
QUADRANTS: Sequence[Rgb] = ((200, 40, 40), (40, 160, 60), (50, 70, 190), (210, 190, 60))
SECOND_QUADRANTS: Sequence[Rgb] = ((30, 150, 170), (190, 60, 160), (120, 120, 120), (230, 130, 40))
FRAMES = 30


def write_y4m(
    path: Path, *, width: int = 1280, height: int = 720, fps: int = 30, colours: Sequence[Rgb] = QUADRANTS
) -> Path:
    """A looping YUV4MPEG2 clip of one second, 4:2:0, limited-range BT.601 as Chromium's fake device reads it."""
    with path.open("wb") as out:
        out.write(f"YUV4MPEG2 W{width} H{height} F{fps}:1 Ip A1:1 C420jpeg\n".encode())
        for number in range(FRAMES):
            out.write(b"FRAME\n")
            out.write(_frame(width, height, number, colours))
    return path


def write_tone(path: Path, *, hertz: float = 440.0, seconds: int = 2, rate: int = 48_000) -> Path:
    """A steady mono tone at -12 dBFS, 16-bit WAV; whole periods, so that the loop has no click."""
    amplitude = 0.25 * 32767
    samples = (round(amplitude * math.sin(2 * math.pi * hertz * n / rate)) for n in range(rate * seconds))
    with wave.open(str(path), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(rate)
        out.writeframes(b"".join(struct.pack("<h", sample) for sample in samples))
    return path


def _frame(width: int, height: int, number: int, colours: Sequence[Rgb]) -> bytes:
    y, u, v = (np.empty((height, width), np.uint8) for _ in range(3))
    halves = (slice(0, height // 2), slice(height // 2, height)), (slice(0, width // 2), slice(width // 2, width))
    for index, colour in enumerate(colours):
        where = halves[0][index // 2], halves[1][index % 2]
        y[where], u[where], v[where] = _yuv(colour)
    # The bar runs along the middle line, away from the places where tests look.
    left = (number * width // FRAMES) // 2 * 2
    bar = slice(height // 2 - 16, height // 2 + 16), slice(left, min(left + 32, width))
    y[bar], u[bar], v[bar] = 235, 128, 128
    return b"".join(plane.tobytes() for plane in (y, _half(u), _half(v)))


def _half(plane: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return np.ascontiguousarray(plane[::2, ::2])


def _yuv(rgb: Rgb) -> tuple[int, int, int]:
    r, g, b = rgb
    y = 16 + (65.738 * r + 129.057 * g + 25.064 * b) / 256
    u = 128 + (-37.945 * r - 74.494 * g + 112.439 * b) / 256
    v = 128 + (112.439 * r - 94.154 * g - 18.285 * b) / 256
    return round(y), round(u), round(v)
