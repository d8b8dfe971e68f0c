"""aiortc through the relay: pictures and sound arrive, and only where and when they may."""

import pytest

from room_server.session import SlotView
from tests.interop.conftest import HALL, Listener, Stage, eventually
from tests.support.media_client import MediaClient, Received
from tests.support.tracks import ColourTrack, ToneTrack

pytestmark = pytest.mark.interop


def publisher(luma: int = 180, frequency: float = 440.0, **slots: int) -> MediaClient:
    return MediaClient(publish={"microphone": ToneTrack(frequency), "camera": ColourTrack(luma)}, **slots)


def viewer() -> MediaClient:
    """A slot for every seat's voice, and for every seat's picture."""
    return MediaClient(audio_slots=3, video_slots=3)


def slot(client: MediaClient, kind: str, seat: int) -> Received:
    """By the rule of PROTOCOL.md: the k-th slot of a kind is fed by seat k."""
    mids = [t.mid for t in client.connection.getTransceivers() if t.direction == "recvonly" and t.kind == kind]
    return client.received[str(mids[seat - 1])]


def hears(client: MediaClient, seat: int, frequency: float) -> bool:
    received = slot(client, "audio", seat)
    return received.energy > 0.005 and abs(received.frequency - frequency) < 60


def sees(client: MediaClient, seat: int, luma: int) -> bool:
    received = slot(client, "video", seat)
    return received.frames > 0 and abs(received.luma - luma) < 8


async def test_a_viewer_sees_and_hears_the_stage(stage: Stage) -> None:
    async with publisher() as ann, viewer() as bob:
        speaker = await stage.join(ann, listener=(listener := Listener()))
        await stage.join(bob)
        stage.plane.hall_air(HALL, "on_air")
        stage.seat(1, speaker)
        await bob.until(lambda: sees(bob, 1, 180) and hears(bob, 1, 440))
        await listener.heard(True)
        picture = slot(bob, "video", 1)
        assert picture.size == (320, 240)
        source, sent, seen = ann.tracks["camera"], ann.tracks["camera"].sent, picture.frames
        await bob.until(lambda: picture.frames >= seen + 45)
        assert source.sent - sent <= 45 / 0.95 + 2
        assert slot(bob, "video", 2).frames == 0


async def test_backstage_only_staff_receive_and_the_counters_prove_it(stage: Stage) -> None:
    async with publisher() as ann, viewer() as host, viewer() as bob:
        speaker = await stage.join(ann, staff=True)
        await stage.join(host, staff=True)
        await stage.join(bob)
        stage.plane.hall_air(HALL, "backstage")
        stage.seat(1, speaker)
        await host.until(lambda: sees(host, 1, 180) and hears(host, 1, 440))
        assert slot(bob, "video", 1).frames == slot(bob, "audio", 1).frames == 0
        stage.plane.hall_air(HALL, "on_air")
        await bob.until(lambda: sees(bob, 1, 180) and hears(bob, 1, 440))
        stage.plane.hall_air(HALL, "off")
        await stage.until_counted(1, "audio_in", 2)  # what was in flight
        left = stage.counted(1, "audio_out"), stage.counted(1, "video_out")
        await stage.until_counted(1, "audio_in", 25)
        assert (stage.counted(1, "audio_out"), stage.counted(1, "video_out")) == left


async def test_a_shut_gate_lets_nothing_out_and_a_seat_starts_shut(stage: Stage) -> None:
    async with publisher() as ann, viewer() as bob:
        speaker = await stage.join(ann)
        await stage.join(bob)
        stage.plane.hall_air(HALL, "on_air")
        stage.plane.seat_assign(HALL, 1, speaker, audio="microphone", video="camera")
        await stage.until_counted(1, "audio_in", 25)
        assert stage.counted(1, "audio_out") == stage.counted(1, "video_out") == 0
        stage.plane.seat_gate(HALL, 1, audio=False, video=True)
        await bob.until(lambda: sees(bob, 1, 180))
        assert stage.counted(1, "audio_out") == 0
        stage.plane.seat_gate(HALL, 1, audio=True, video=False)
        await bob.until(lambda: hears(bob, 1, 440))
        shown = stage.counted(1, "video_out")
        await stage.until_counted(1, "audio_out", 25)
        assert stage.counted(1, "video_out") - shown <= 30  # what was in flight when the gate shut
        stage.plane.seat_clear(HALL, 1)
        await eventually(lambda: stage.relay.metrics()["drop_off_stage"] > 0)


async def test_whoever_takes_a_seat_is_seen_in_its_slot_without_renegotiation(stage: Stage) -> None:
    async with publisher(60, 440) as ann, publisher(200, 880) as cid, viewer() as bob:
        first, second = await stage.join(ann), await stage.join(cid)
        await stage.join(bob)
        stage.plane.hall_air(HALL, "on_air")
        for _ in range(3):
            stage.seat(1, first)
            await bob.until(lambda: sees(bob, 1, 60) and hears(bob, 1, 440))
            stage.seat(1, second)
            await bob.until(lambda: sees(bob, 1, 200) and hears(bob, 1, 880))


async def test_nobody_sees_or_hears_themselves_nor_hears_their_room(stage: Stage) -> None:
    async with publisher(60, 440, audio_slots=3, video_slots=3) as ann, viewer() as screen, viewer() as bob:
        speaker = await stage.join(ann, echo_group="room")
        await stage.join(screen, echo_group="room")
        await stage.join(bob)
        stage.plane.hall_air(HALL, "on_air")
        stage.seat(1, speaker)
        await bob.until(lambda: hears(bob, 1, 440) and sees(bob, 1, 60))
        await screen.until(lambda: sees(screen, 1, 60))
        await stage.until_counted(1, "audio_in", 50)
        assert slot(ann, "audio", 1).frames == slot(ann, "video", 1).frames == 0
        assert slot(screen, "audio", 1).frames == 0


async def test_a_view_feeds_a_slot_from_another_seat_or_from_none(stage: Stage) -> None:
    async with publisher(60, 440) as ann, publisher(200, 880) as cid, viewer() as bob:
        first, second = await stage.join(ann), await stage.join(cid)
        watching = await stage.join(bob)
        stage.plane.hall_air(HALL, "on_air")
        stage.seat(1, first)
        stage.seat(2, second)
        await bob.until(lambda: sees(bob, 1, 60) and sees(bob, 2, 200) and hears(bob, 2, 880))
        third = next(info.mid for info in watching.slots if (info.kind, info.seat) == ("video", 3))
        watching.view([SlotView(third, 2)])
        await bob.until(lambda: sees(bob, 3, 200))
        watching.view([SlotView(info.mid, info.seat, -1) for info in watching.slots if info.kind == "video"])
        await stage.until_counted(1, "video_in", 5)
        shown = stage.counted(1, "video_out"), stage.counted(2, "video_out")
        await stage.until_counted(1, "video_in", 20)
        assert (stage.counted(1, "video_out"), stage.counted(2, "video_out")) == shown
        assert hears(bob, 1, 440)


async def test_the_loudest_on_stage_is_the_speaker(stage: Stage) -> None:
    async with publisher() as ann:
        speaker = await stage.join(ann)
        stage.plane.hall_air(HALL, "on_air")
        stage.seat(2, speaker)
        await eventually(lambda: stage.speakers[-1:] == [2])
        stage.plane.seat_clear(HALL, 2)
        await eventually(lambda: stage.speakers[-1:] == [0])


async def test_a_good_bye_and_a_silence_are_told(stage: Stage) -> None:
    async with publisher() as ann:
        listener = Listener()
        await stage.join(ann, listener=listener)
        await listener.heard(True)
        await ann.close()
        await listener.heard("closed")
        assert listener.told[-1] == "closed"
        await eventually(lambda: stage.relay.metrics()["peers"] == 0)
