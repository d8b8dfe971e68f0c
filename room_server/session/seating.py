"""Which seat feeds which slot from the start (PROTOCOL.md, "join and resume"), and which slots are lip-synced pairs."""

from collections.abc import Mapping, Sequence
from typing import Final

from room_server.session.plane import LANGUAGE_SEAT, SCREEN_SEAT, SPEAKER_SEAT, Kind
from room_server.session.sdp import Description, Section

# The relay's ids of language seats: 200..
_LAST_LANGUAGE_SEAT: Final = 255


def kind_of(section: Section) -> Kind:
    """The kind of a section that has been accepted as audio or video."""
    return "audio" if section.kind == "audio" else "video"


def seats_of_slots(offer: Description, slots: Sequence[int], seats: int) -> dict[int, int]:
    """m-section index -> seat, in m-line order; slots beyond what a town hall can show are left out."""
    audio = [index for index in slots if offer.sections[index].kind == "audio"]
    video = [index for index in slots if offer.sections[index].kind == "video"]
    stage = range(1, seats + 1)
    fed = dict(zip(audio, [*stage, LANGUAGE_SEAT], strict=False))
    order = [*stage, SCREEN_SEAT] if len(video) >= seats else [SPEAKER_SEAT, SCREEN_SEAT, *stage]
    fed.update(zip(video, order, strict=False))
    return dict(sorted(fed.items()))


def streams(offer: Description, fed: Mapping[int, int], seats: int) -> dict[int, str]:
    """m-section index -> msid stream and CNAME: one for both slots of a seat, if every seat has a video slot.

    Within a stream libwebrtc keeps lips in sync.
    """
    stage = range(SPEAKER_SEAT + 1, SCREEN_SEAT)
    kinds = {index: kind_of(offer.sections[index]) for index in fed}
    paired = sum(kinds[index] == "video" and seat in stage for index, seat in fed.items()) == seats
    return {
        index: f"seat{seat}"
        if seat in stage and (kinds[index] == "audio" or paired)
        else f"slot{offer.sections[index].mid}"
        for index, seat in fed.items()
    }


def seat_fits(kind: Kind, seat: int, seats: int) -> bool:
    """Whether a view may feed a slot of this kind from `seat`."""
    if SPEAKER_SEAT <= seat <= seats:
        return True
    return seat == SCREEN_SEAT if kind == "video" else LANGUAGE_SEAT <= seat <= _LAST_LANGUAGE_SEAT
