"""One participant's media: offer in, answer out, DTLS, and the asyncio face of the relay."""

from room_server.session.plane import (
    LANGUAGE_SEAT,
    SCREEN_SEAT,
    SPEAKER_SEAT,
    Air,
    Kind,
    MediaPlane,
    MediaSession,
    SessionListener,
    SlotInfo,
    SlotView,
    Use,
)
from room_server.session.relay_plane import RelayPlane

__all__ = [
    "LANGUAGE_SEAT",
    "SCREEN_SEAT",
    "SPEAKER_SEAT",
    "Air",
    "Kind",
    "MediaPlane",
    "MediaSession",
    "RelayPlane",
    "SessionListener",
    "SlotInfo",
    "SlotView",
    "Use",
]
