"""The values that `_relay.pyi` asks for, as frozen structs: what one transport is, in the relay's terms."""

from typing import Literal

import msgspec

from room_server.session.plane import Kind

Feedback = Literal["transport-cc", "goog-remb", "none"]


class Extensions(msgspec.Struct, frozen=True, kw_only=True):
    """Header extension ids in force with this peer; 0 where absent."""

    mid: int = 0
    rid: int = 0
    rrid: int = 0
    audio_level: int = 0
    abs_send_time: int = 0
    transport_cc: int = 0
    dependency_descriptor: int = 0


class CodecMap(msgspec.Struct, frozen=True):
    """A codec's payload types at this peer; `rtx` 0 where there is none."""

    codec: Literal["opus", "vp8", "h264", "vp9", "av1"]
    pt: int
    rtx: int


class SendSection(msgspec.Struct, frozen=True, kw_only=True):
    """An m-section on which the peer sends."""

    index: int
    mid: str
    kind: Kind
    rids: tuple[str, ...]
    feedback: Feedback
    ssrcs: tuple[int, ...]


class SlotSection(msgspec.Struct, frozen=True, kw_only=True):
    """An m-section on which the peer receives, and the seat that feeds it from the start."""

    index: int
    mid: str
    kind: Kind
    ssrc: int
    rtx_ssrc: int
    seat: int
    cname: str
    """Also its msid stream: the same for both slots of a lip-synced pair."""


class PeerSpec(msgspec.Struct, frozen=True, kw_only=True):
    """One participant's transport, as the one offer and the one answer say."""

    peer: int
    hall: int
    ufrag: str
    pwd: str
    remote_ufrag: str
    staff: bool
    echo_group: int
    extensions: Extensions
    two_byte: bool = False
    """Whether it takes two-byte header extensions (a=extmap-allow-mixed)."""
    codecs: tuple[CodecMap, ...]
    sends: tuple[SendSection, ...]
    slots: tuple[SlotSection, ...]
