"""Reads what a client that decodes nothing wrote down: whole frames, each after its length of four bytes."""

import struct
from pathlib import Path
from typing import Any

import av
import numpy as np

_PREFIX = struct.Struct("!I")
_DECODERS = {"audio": "opus", "video": "vp8"}


class Recording:
    """One slot's file; it may still be growing."""

    def __init__(self, path: Path, kind: str) -> None:
        self._path = path
        self._kind = kind
        self._decoder = av.CodecContext.create(_DECODERS[kind], "r")
        self._offset = self._frames = 0
        self._size = (0, 0)
        self._quadrants: list[list[float]] = []
        self._energy = 0.0

    def decoded(self, size: int) -> dict[str, Any]:
        """The decoded part of SLOT as of the file's first `size` bytes."""
        with self._path.open("rb") as file:
            file.seek(self._offset)
            while file.tell() < size:
                packet = file.read(*_PREFIX.unpack(file.read(_PREFIX.size)))
                for frame in self._decoder.decode(av.Packet(packet)):
                    self._take(frame)
            self._offset = file.tell()
        width, height = self._size
        return {
            "frames": self._frames,
            "width": width,
            "height": height,
            "quadrants": self._quadrants,
            "energy": self._energy,
        }

    def _take(self, frame: av.VideoFrame | av.AudioFrame) -> None:
        self._frames += 1
        if isinstance(frame, av.AudioFrame):
            wave = frame.to_ndarray()[0]
            self._energy += float(np.sum(wave**2)) / frame.sample_rate
            return
        self._size = frame.width, frame.height
        self._quadrants = quadrants(frame.to_ndarray(format="rgb24"))


def quadrants(picture: np.ndarray) -> list[list[float]]:
    """Average colours of the quadrants' middles: top left, top right, bottom left, bottom right."""
    height, width = picture.shape[:2]
    middles = [
        picture[top + height // 8 : top + 3 * height // 8, left + width // 8 : left + 3 * width // 8]
        for top in (0, height // 2)
        for left in (0, width // 2)
    ]
    return [[float(value) for value in middle.mean(axis=(0, 1))] for middle in middles]
