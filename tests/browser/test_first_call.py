"""People in real browsers see and hear each other through the relay."""

import asyncio
from pathlib import Path

import pytest

from tests.browser.people import RAW_MICROPHONE, audio_energy, enter, frames_sent, go_on_stage, quadrants, video_in
from tests.support.browser import Person, chromium, close_to, until
from tests.support.picture import QUADRANTS, SECOND_QUADRANTS, write_tone, write_y4m
from tests.support.server import running

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]

SECONDS = 10
# What quantisation, subsampling and scaling may move a flat colour by.
COLOUR_TOLERANCE = 24
# Four encoders and four decoders in software share two cores: 360p is what they can do at full rate.
WIDTH, HEIGHT = 640, 360
# A camera of this size goes out whole as its second layer; there is no third.
LAYER_WIDTHS = {"q": 320, "h": 640}


async def test_two_on_stage_and_one_listener_see_and_hear_each_other(tmp_path: Path) -> None:
    picture = write_y4m(tmp_path / "a.y4m", width=WIDTH, height=HEIGHT)
    other_picture = write_y4m(tmp_path / "b.y4m", width=WIDTH, height=HEIGHT, colours=SECOND_QUADRANTS)
    tone = write_tone(tmp_path / "tone.wav")
    async with (
        running(tmp_path) as (_, admin),
        chromium(video=picture, audio=tone) as first,
        chromium(video=other_picture, audio=tone) as second,
    ):
        hall = await admin.town_hall()
        host = await enter(first, admin, hall, "host", "speaker", name="Tendai Moyo", script=RAW_MICROPHONE)
        speaker = await enter(second, admin, hall, "speaker", name="Ruth Ncube", script=RAW_MICROPHONE)
        await go_on_stage(host)
        await go_on_stage(speaker)
        await host.page.locator("room-phase-bar button.primary").click()
        listener = await enter(second, admin, hall, "attendee", name="")
        watch = {host: {2}, speaker: {1}, listener: {1, 2}}
        for person, seats in watch.items():
            await until(lambda p=person, s=seats: _sees(p, s), what=f"pictures of seats {seats}")

        before = {person: await video_in(person) for person in watch}
        sent_before = {1: await frames_sent(host), 2: await frames_sent(speaker)}
        energy_before = {person: await audio_energy(person) for person in watch}
        await asyncio.sleep(SECONDS)  # the window over which frames are counted
        after = {person: await video_in(person) for person in watch}
        sent_after = {1: await frames_sent(host), 2: await frames_sent(speaker)}
        energy = {person: await audio_energy(person) for person in watch}

        for person, seats in watch.items():
            for seat in seats:
                decoded = after[person][seat].decoded - before[person][seat].decoded
                width, height = after[person][seat].width, after[person][seat].height
                rid = next(rid for rid, wide in LAYER_WIDTHS.items() if wide == width)
                sent = sent_after[seat][rid] - sent_before[seat].get(rid, 0)
                assert decoded >= 0.95 * sent, f"seat {seat}: {decoded} of {sent} frames; {after[person][seat]}"
                assert height * WIDTH == width * HEIGHT
                assert energy[person][seat] - energy_before[person].get(seat, 0) > 0.001, f"no sound of seat {seat}"
                wanted = QUADRANTS if seat == 1 else SECOND_QUADRANTS
                for seen, colour in zip(await quadrants(person, seat), wanted, strict=True):
                    assert close_to(seen, colour, tolerance=COLOUR_TOLERANCE), f"seat {seat}: {seen} is not {colour}"
            assert set(after[person]) <= seats, "a picture of oneself"
            assert all(energy[person].get(own, 0) == 0 for own in {1, 2} - seats), "one's own sound"
            assert person.errors() == []


async def _sees(person: Person, seats: set[int]) -> bool:
    found = await video_in(person)
    return all(seat in found and found[seat].decoded > 0 for seat in seats)
