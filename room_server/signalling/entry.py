"""What a page is told when it has come in."""

from collections.abc import Sequence

import msgspec

from room_server.session.plane import SlotInfo
from room_server.signalling.notices import AnyNotice
from room_server.townhall.event import AnyEvent
from room_server.townhall.snapshot import Snapshot
from room_server.townhall.values import ParticipantView, VideoCodec


class MediaAnswer(msgspec.Struct, frozen=True):
    """The answer to an offer, which seat feeds each slot, and the codecs that the video slots can carry."""

    answer: str
    slots: Sequence[SlotInfo]
    codecs: Sequence[VideoCodec]


class Entry(msgspec.Struct, frozen=True, omit_defaults=True):
    """The acknowledgement of join and resume: a snapshot, or the events since the revision that was seen."""

    you: ParticipantView
    credential: str
    revision: int
    snapshot: Snapshot | None = None
    events: Sequence[AnyEvent | AnyNotice] | None = None
    media: MediaAnswer | None = None
