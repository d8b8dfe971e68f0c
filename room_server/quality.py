"""What a page says of its own media once a minute: told by signalling, counted by the metrics."""

from typing import Annotated, Literal

import msgspec

_Share = Annotated[float, msgspec.Meta(ge=0, le=1)]


class Quality(msgspec.Struct, frozen=True, gc=False, forbid_unknown_fields=True, tag_field="type", tag="quality"):
    """How a page's last minute was, by its browser's own figures. Unchecked: a page may say what it likes of itself."""

    seconds: Annotated[int, msgspec.Meta(ge=1, le=3600)]
    """That it speaks of."""
    loss: _Share
    """Of what was sent to it."""
    buffer_ms: Annotated[int, msgspec.Meta(ge=0, le=60_000)]
    """Mean time that the worst slot waited before it was played."""
    concealed: _Share
    """Of the worst slot's sound, made up."""
    freezes: Annotated[int, msgspec.Meta(ge=0, le=10_000)]
    """Of all pictures."""
    rtt_ms: Annotated[int, msgspec.Meta(ge=0, le=60_000)]
    codec: Literal["", "VP8", "H264", "VP9", "AV1"] = ""
    """Of the largest picture."""
    height: Annotated[int, msgspec.Meta(ge=0, le=10_000)] = 0
    """Of the largest picture, in pixels."""
    protocol: Literal["", "udp", "tcp"] = ""
    relayed: bool = False
    """Whether a TURN server is in between."""
