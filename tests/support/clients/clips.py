"""The known test picture and a tone as clips for clients that are not browsers, raw and encoded."""

import struct
import wave
from collections.abc import Iterable, Iterator, Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.packet import Packet
from av.video.frame import PictureType

from tests.support.picture import FRAMES, Rgb, write_tone, write_y4m

# Several encoders and decoders in software share two cores.
WIDTH, HEIGHT, FPS = 320, 180, 15
TONE = 440.0  # Hz
_OPUS_SAMPLES = 960  # 20 ms


def raw(directory: Path, colours: Sequence[Rgb]) -> Mapping[str, Any]:
    """SOURCE by use for a client that encodes by itself: a YUV4MPEG2 clip, the pitch of a tone."""
    picture = write_y4m(directory / "picture.y4m", width=WIDTH, height=HEIGHT, fps=FPS, colours=colours)
    return {"microphone": {"tone": TONE}, "camera": {"clip": str(picture)}}


def encoded(directory: Path, colours: Sequence[Rgb]) -> Mapping[str, Any]:
    """SOURCE by use for a client that only sends: clips of length-prefixed VP8 frames and Opus packets."""
    picture = write_y4m(directory / "picture.y4m", width=WIDTH, height=HEIGHT, fps=FPS, colours=colours)
    tone = write_tone(directory / "tone.wav", hertz=TONE)
    camera = _write(directory / "picture.vp8", _vp8(picture))
    microphone = _write(directory / "tone.opus", _opus(tone))
    return {"microphone": {"clip": str(microphone)}, "camera": {"clip": str(camera), "fps": FPS}}


def _vp8(picture: Path) -> Iterator[Packet]:
    encoder = av.CodecContext.create("libvpx", "w")
    assert isinstance(encoder, av.VideoCodecContext)
    encoder.width, encoder.height, encoder.pix_fmt = WIDTH, HEIGHT, "yuv420p"
    encoder.bit_rate, encoder.gop_size = 400_000, FRAMES
    encoder.time_base, encoder.framerate = Fraction(1, FPS), Fraction(FPS)
    encoder.options = {"deadline": "realtime", "cpu-used": "8", "auto-alt-ref": "0", "lag-in-frames": "0"}
    with av.open(str(picture)) as clip:
        for frame in clip.decode(video=0):
            # Raw pictures are read as keyframes, and would be encoded as such.
            frame.pict_type = PictureType.NONE
            yield from encoder.encode(frame)
    yield from encoder.encode(None)


def _opus(tone: Path) -> Iterator[Packet]:
    encoder = av.CodecContext.create("libopus", "w")
    assert isinstance(encoder, av.AudioCodecContext)
    encoder.sample_rate, encoder.layout, encoder.format = 48_000, "mono", "s16"
    encoder.bit_rate = 32_000
    with wave.open(str(tone)) as source:
        samples = np.frombuffer(source.readframes(source.getnframes()), np.int16)
    for place in range(0, len(samples) - _OPUS_SAMPLES + 1, _OPUS_SAMPLES):
        frame = av.AudioFrame.from_ndarray(samples[None, place : place + _OPUS_SAMPLES], format="s16", layout="mono")
        frame.sample_rate, frame.pts = 48_000, place
        yield from encoder.encode(frame)


def _write(path: Path, packets: Iterable[Packet]) -> Path:
    with path.open("wb") as out:
        for packet in packets:
            out.write(struct.pack("!I", packet.size) + bytes(packet))
    return path
