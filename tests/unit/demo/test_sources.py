"""The simulated people's picture and voice: labelled, moving, calm, and cheap."""

import time

import numpy as np
import pytest
from aiortc.mediastreams import MediaStreamError

from room_server.demo import font
from room_server.demo.picture import HEIGHT, LABEL, LABEL_LEFT, LABEL_SCALE, LABEL_TOP, Picture, PictureTrack
from room_server.demo.voice import FRAME, LEVEL_DBFS, SAMPLE_RATE, VoiceTrack, babble


def luma(picture: Picture, at: float, wall_clock: float = 0.0) -> np.ndarray:
    return picture.draw(at, wall_clock).to_ndarray()[:HEIGHT]


def test_every_frame_says_what_it_is() -> None:
    letters = font.mask(LABEL, LABEL_SCALE)
    rows, columns = letters.shape
    for at in (0.0, 1.3, 7.7):
        frame = luma(Picture(), at)
        bright = frame[LABEL_TOP : LABEL_TOP + rows, LABEL_LEFT : LABEL_LEFT + columns] > 200
        assert np.array_equal(bright, letters)
    assert "SIMULATED" in LABEL


def test_the_picture_moves_and_its_clock_runs() -> None:
    picture = Picture()
    assert not np.array_equal(luma(picture, 0.0), luma(picture, 0.5))
    clock = [luma(picture, 0.0, wall)[50:76, 450:620] for wall in (0.0, 1.0)]
    assert not np.array_equal(*clock)


def test_a_frame_costs_little() -> None:
    picture = Picture()
    before = time.thread_time()
    for step in range(20):
        picture.draw(step / 20, 0.0)
    assert time.thread_time() - before < 20 * 0.005


def test_letters_are_readable_and_unknown_ones_blank() -> None:
    assert font.mask("I", 1).tolist()[0] == [False, True, True, True, False]
    assert font.mask("AB", 2).shape == (14, 22)
    assert np.array_equal(font.mask("a", 1), font.mask("A", 1))
    assert not font.mask("é", 1).any()


def test_the_voice_is_calm_pauses_and_can_be_repeated() -> None:
    wave = babble(118.0, 1) / 32767
    loud = wave[np.abs(wave) > 2 / 32767]
    level = 20 * np.log10(np.sqrt(np.mean(loud**2)))
    assert abs(level - LEVEL_DBFS) < 1.5
    assert np.abs(wave).max() < 0.9
    assert len(wave) % FRAME == 0
    quiet = np.abs(wave[: len(wave) // FRAME * FRAME].reshape(-1, FRAME)).max(axis=1) < 1e-3
    assert 0.1 < quiet.mean() < 0.6
    spectrum = np.abs(np.fft.rfft(wave))
    frequencies = np.fft.rfftfreq(len(wave), 1 / SAMPLE_RATE)
    assert spectrum[frequencies > 5000].max() < spectrum.max() / 100
    assert not np.array_equal(babble(118.0, 1)[:48_000], babble(118.0, 2)[:48_000])


async def test_tracks_are_paced_and_jump_ahead_after_a_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    picture, voice = PictureTrack(), VoiceTrack()
    for track, clock in ((picture, 90_000), (voice, SAMPLE_RATE)):
        first, second = await track.recv(), await track.recv()
        assert 0 < second.pts - first.pts <= clock // 15
        track._start -= 60  # as if nobody had asked for a minute
        later = await track.recv()
        assert (later.pts - second.pts) / clock > 59
        track.stop()
        with pytest.raises(MediaStreamError):
            await track.recv()
    assert picture.frames == 3
