"""Which payload types of an offer carry a town hall's codecs, and the parameters that the answer gives them.

Of each codec one form is spoken, so that what one client sends any other can decode: H.264 constrained baseline with
fragments (RFC 6184, packetization-mode 1), VP9 profile 0 (RFC 9628), AV1 profile 0 (AV1 RTP specification, 7.2).
"""

import re
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from room_server.session.sdp import Codec, Section
from room_server.session.spec import CodecMap
from room_server.townhall.values import VideoCodec

FALLBACK: Final[VideoCodec] = "vp8"
"""What every client is asked to send and to show that lacks the town hall's codec (RFC 7742, 5)."""

_VIDEO_CLOCK: Final = 90_000
_NAMES: Final[dict[VideoCodec, str]] = {"vp8": "VP8", "h264": "H264", "vp9": "VP9", "av1": "AV1"}
# Baseline (0x42) with constraint_set1, the second bit of the second byte, is constrained baseline (RFC 6184, 8.1).
_CONSTRAINED_BASELINE: Final = re.compile(r"42[4-7c-fC-F][0-9a-fA-F]{3}")
_SMALL_NUMBER: Final = re.compile(r"[0-9]{1,2}")
# In the order in which Chromium writes them, with what their absence means.
_AV1_DEFAULTS: Final = {"level-idx": "5", "profile": "0", "tier": "0"}


class Carried(NamedTuple):
    """A codec of the bundle as one section carries it."""

    map: CodecMap
    offered: Codec
    rtx: int
    """The payload type of its retransmissions in this section; 0 where there is none."""


def common(sections: Iterable[Section], video: VideoCodec) -> tuple[CodecMap, ...]:
    """Opus, then the town hall's codec, then VP8, as far as these bundled sections offer them.

    Each under the payload type of the first section that has it; in a bundle it means the same everywhere
    (RFC 9143, 9.1).
    """
    bundled = tuple(sections)
    found = [CodecMap("opus", opus, 0)] if (opus := _opus(bundled)) is not None else []
    for name in dict.fromkeys((video, FALLBACK)):
        if (pt := _video(bundled, name)) is not None:
            rtx = next((rtx for s in bundled if s.kind == "video" and (rtx := rtx_for(s, pt))), 0)
            found.append(CodecMap(name, pt, rtx))
    return tuple(found)


def carried(section: Section, agreed: Sequence[CodecMap]) -> tuple[Carried, ...]:
    """What this section can carry of what the bundle has in common, in the same order of preference."""
    by_pt = {codec.pt: codec for codec in section.codecs}
    found = []
    for known in agreed:
        offered = by_pt.get(known.pt)
        if offered is not None and _form(section.kind, offered) == known.codec:
            rtx = rtx_for(section, known.pt) if known.rtx else 0
            found.append(Carried(known, offered, rtx if rtx == known.rtx else 0))
    return tuple(found)


def rtx_for(section: Section, pt: int) -> int:
    """The payload type of `pt`'s retransmissions (RFC 4588); 0 where there is none."""
    for codec in section.codecs:
        if codec.name == "rtx" and f"apt={pt}" in codec.fmtp.replace(" ", "").split(";"):
            return codec.pt
    return 0


def answered_video(codec: Carried, feedback: Sequence[str]) -> tuple[Codec, ...]:
    """The codec with as much of `feedback` as is offered, and its retransmissions.

    What stands in the format parameters has been checked, so no offer can write a line of the answer.
    """
    pt = codec.map.pt
    taken = tuple(f for f in feedback if f in codec.offered.feedback)
    name = next(written for known, written in _NAMES.items() if known == codec.map.codec)
    video = Codec(pt, name, _VIDEO_CLOCK, fmtp=_format(codec.offered), feedback=taken)
    if not codec.rtx:
        return (video,)
    return video, Codec(codec.rtx, "rtx", _VIDEO_CLOCK, fmtp=f"apt={pt}")


def video_form(offered: Codec) -> VideoCodec | None:
    """Which codec this payload type is, if in the form that is spoken here."""
    if offered.clock != _VIDEO_CLOCK:
        return None
    said = _parameters(offered.fmtp)
    match offered.name:
        case "vp8":
            return "vp8"
        case "h264":
            fits = _CONSTRAINED_BASELINE.fullmatch(said.get("profile-level-id", ""))
            return "h264" if fits and said.get("packetization-mode") == "1" else None
        case "vp9":
            return "vp9" if said.get("profile-id", "0") == "0" else None
        case "av1":
            return "av1" if said.get("profile", "0") == "0" else None
    return None


def _form(kind: str, offered: Codec) -> str | None:
    if kind == "video":
        return video_form(offered)
    return "opus" if (offered.name, offered.clock, offered.channels) == ("opus", 48_000, 2) else None


def _opus(bundled: Sequence[Section]) -> int | None:
    offered = (codec for section in bundled if section.kind == "audio" for codec in section.codecs)
    return next((codec.pt for codec in offered if _form("audio", codec) == "opus"), None)


def _video(bundled: Sequence[Section], wanted: VideoCodec) -> int | None:
    offered = (codec for section in bundled if section.kind == "video" for codec in section.codecs)
    return next((codec.pt for codec in offered if video_form(codec) == wanted), None)


def _format(offered: Codec) -> str:
    said = _parameters(offered.fmtp)
    match offered.name:
        case "h264":
            # Each side its own level, where the client says that it can (RFC 6184, 8.2.2).
            asymmetry = said.get("level-asymmetry-allowed", "")
            prefix = f"level-asymmetry-allowed={asymmetry};" if asymmetry in {"0", "1"} else ""
            return f"{prefix}packetization-mode=1;profile-level-id={said['profile-level-id']}"
        case "vp9":
            return "profile-id=0"
        case "av1":
            given = {name: said.get(name, default) for name, default in _AV1_DEFAULTS.items()}
            checked = {n: v if _SMALL_NUMBER.fullmatch(v) else _AV1_DEFAULTS[n] for n, v in given.items()}
            return ";".join(f"{name}={value}" for name, value in checked.items())
    return ""


def _parameters(fmtp: str) -> dict[str, str]:
    """`a=1; b=2` by name, the first of each; names in lower case."""
    found: dict[str, str] = {}
    for part in fmtp.split(";"):
        name, _, value = part.partition("=")
        found.setdefault(name.strip().lower(), value.strip())
    return found
