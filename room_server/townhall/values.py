"""The values that events and snapshots are made of, as PROTOCOL.md writes them."""

from typing import Literal

import msgspec

from room_server.ids import ParticipantId
from room_server.townhall.roles import Role

Phase = Literal["scheduled", "backstage", "live", "closed"]
Presence = Literal["here", "reconnecting"]
Kind = Literal["microphone", "camera", "screen"]
VideoCodec = Literal["vp8", "h264", "vp9", "av1"]


class Value(msgspec.Struct, frozen=True):
    """Root of all values."""


class ParticipantView(Value, frozen=True):
    """A person as others see them. `roles` in the order of the role table."""

    id: ParticipantId
    name: str
    roles: tuple[Role, ...]
    presence: Presence


class Pictures(Value, frozen=True):
    """The formats that somebody's answer gives to their camera and screen; None where they send none."""

    camera: VideoCodec | None = None
    screen: VideoCodec | None = None


class SeatView(Value, frozen=True):
    """A seat of the stage. `muted_by` shut the microphone or camera, and its owner has opened neither since."""

    seat: int
    participant: ParticipantView | None = None
    microphone: bool = False
    camera: bool = False
    muted_by: ParticipantId | None = None
    codec: VideoCodec | None = None
    """Of the camera, whether or not it is on."""


class HandView(Value, frozen=True):
    """A raised hand; `since` in seconds since 1970."""

    participant: ParticipantId
    name: str
    since: float


class InvitationView(Value, frozen=True):
    """An invitation to the stage that waits for an answer until `expires`, in seconds since 1970."""

    participant: ParticipantId
    expires: float
