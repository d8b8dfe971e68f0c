"""A voice that says nothing: calm syllables from a synthesised vocal tract, about -20 dBFS."""

import asyncio
import time
from fractions import Fraction
from typing import Final, TypeAlias

import av
import numpy as np
from aiortc.mediastreams import MediaStreamError, MediaStreamTrack
from numpy.typing import NDArray

SAMPLE_RATE: Final = 48_000
FRAME: Final = 960  # 20 ms, what Opus takes
LEVEL_DBFS: Final = -20.0
_TIME_BASE: Final = Fraction(1, SAMPLE_RATE)
_LATE: Final = 0.5  # seconds; see picture.py
_PHRASES: Final = 6
# The first three formants in Hz of a, e, i, o, u.
_VOWELS: Final = ((700, 1200, 2600), (480, 1900, 2550), (300, 2200, 2900), (480, 850, 2500), (330, 800, 2350))
_BANDWIDTHS: Final = (90, 110, 170)
_HIGHEST: Final = 3800  # Hz; above it harmonics only cost

Samples: TypeAlias = NDArray[np.float64]


def babble(pitch: float, seed: int) -> NDArray[np.int16]:
    """About 15 s of phrases with pauses, mono at 48 kHz, to be repeated; `pitch` in Hz."""
    random = np.random.default_rng(seed)
    parts: list[Samples] = []
    for _ in range(_PHRASES):
        syllables = int(random.integers(5, 10))
        for place in range(syllables):
            falling = 1.12 - 0.22 * place / syllables
            parts.append(_syllable(random, pitch * falling * random.uniform(0.97, 1.04)))
        parts.append(np.zeros(int(SAMPLE_RATE * random.uniform(0.5, 0.9))))
    wave = np.concatenate(parts)
    wave = wave[: len(wave) // FRAME * FRAME]
    loud = wave[np.abs(wave) > 1e-4]
    wave *= 10 ** (LEVEL_DBFS / 20) / np.sqrt(np.mean(loud**2))
    return (np.clip(wave, -0.9, 0.9) * 32767).astype(np.int16)


class VoiceTrack(MediaStreamTrack):
    """The babble as a live track."""

    kind = "audio"

    def __init__(self, *, pitch: float = 118.0, seed: int = 1) -> None:
        super().__init__()
        self._wave = babble(pitch, seed)
        self._start = time.monotonic()
        self._position = 0

    async def recv(self) -> av.AudioFrame:
        """Wait until the next 20 ms are due. `MediaStreamError` once stopped."""
        if self.readyState != "live":
            raise MediaStreamError
        now = time.monotonic() - self._start
        late = now - _LATE - self._position / SAMPLE_RATE
        self._position += FRAME * (1 if late <= 0 else 1 + int(late * SAMPLE_RATE) // FRAME)
        await asyncio.sleep(self._position / SAMPLE_RATE - now)
        offset = self._position % len(self._wave)
        frame = av.AudioFrame.from_ndarray(self._wave[None, offset : offset + FRAME], format="s16", layout="mono")
        frame.sample_rate = SAMPLE_RATE
        frame.pts = self._position
        frame.time_base = _TIME_BASE
        return frame


def _syllable(random: np.random.Generator, pitch: float) -> Samples:
    seconds = random.uniform(0.14, 0.26)
    count = int(seconds * SAMPLE_RATE)
    time_line = np.arange(count) / SAMPLE_RATE
    formants = np.array(_VOWELS[int(random.integers(len(_VOWELS)))]) * random.uniform(0.96, 1.05)
    vibrato = 1 + 0.012 * np.sin(2 * np.pi * 5.1 * time_line)
    phase = 2 * np.pi * pitch * np.cumsum(vibrato) / SAMPLE_RATE
    wave = np.zeros(count)
    for harmonic in range(1, int(_HIGHEST / pitch)):
        wave += _tract(harmonic * pitch, formants) / harmonic * np.sin(harmonic * phase)
    rise, fall = np.clip(time_line / 0.03, 0, 1), np.clip((seconds - time_line) / 0.06, 0, 1)
    return np.concatenate([wave * rise * fall, np.zeros(int(random.uniform(0.01, 0.05) * SAMPLE_RATE))])


def _tract(frequency: float, formants: NDArray[np.float64]) -> float:
    """The vowel's spectrum: a sum of resonances over a soft floor."""
    resonances = 1 / (1 + ((frequency - formants) / np.array(_BANDWIDTHS)) ** 2)
    return 0.05 + float(resonances @ np.array([1.0, 0.6, 0.3]))
