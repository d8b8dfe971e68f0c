"""Reads clients' offers: fast, since a join waits for it, and strict, since anybody may send one.

Candidates are skipped: clients find an ICE-lite agent (RFC 8445, 2.5). What may be echoed into an answer (mids, rids,
formats) has been checked to be a token, so no offer can inject a line.
"""

import re
from collections.abc import Callable, Sequence
from typing import Final, TypeVar

import msgspec

from room_server.errors import RoomError
from room_server.session.sdp.values import (
    Codec,
    Credentials,
    Description,
    Extension,
    Fingerprint,
    Rid,
    Section,
    SsrcGroup,
)

MAX_SIZE: Final = 512 * 1024
"""Characters. 100 slots with all of Chromium's codecs make 501 kB; nothing here asks for more than 36 sections."""
MAX_SECTIONS: Final = 64
_MAX_LINES: Final = 16_384  # the same 100 slots; bounds what a hostile offer can cost
_MAX_FORMATS: Final = 128  # payload types are seven bits wide
_MAX_PARAMETERS: Final = 1024  # characters of an fmtp: H.264 parameter sets are a few hundred; longer is not read
_MAX_FINGERPRINTS: Final = 16  # clients give one or, of each digest, one; each costs the handshake

_T = TypeVar("_T")

_TOKEN: Final = re.compile(r"[!#$%&'*+\-.^_`{|}~0-9A-Za-z]+")
_PROTO: Final = re.compile(r"[A-Z/]{1,64}")  # as UDP/TLS/RTP/SAVPF or UDP/DTLS/SCTP; an answer repeats it
_SHORT: Final = 16  # bytes a mid or rid may have in a one-byte header extension (RFC 8285, 4.2)
_RID: Final = re.compile(r"[0-9A-Za-z_\-]{1,16}")
_UFRAG: Final = re.compile(r"[0-9A-Za-z+/]{4,256}")  # RFC 8839, 5.4
_PWD: Final = re.compile(r"[0-9A-Za-z+/]{22,256}")
_HEX_BYTES: Final = re.compile(r"[0-9A-Fa-f]{2}(?::[0-9A-Fa-f]{2}){0,63}")
_DIRECTIONS: Final = frozenset({"sendrecv", "sendonly", "recvonly", "inactive"})


def malformed(what: str) -> RoomError:
    """The one error of this module; `what` completes "The media offer cannot be used: "."""
    return RoomError("offer_malformed", f"The media offer cannot be used: {what}. Reload the page to make a new one.")


def parse(text: str) -> Description:
    """Read an offer. `RoomError` "offer_malformed" is all it ever raises; it names the line."""
    if len(text) > MAX_SIZE:
        raise malformed(f"it is longer than {MAX_SIZE // 1024} kB")
    if text.count("\n") > _MAX_LINES:
        raise malformed("it has too many lines")
    head, *bodies = text.replace("\r\n", "\n").split("\nm=")
    if len(bodies) > MAX_SECTIONS:
        raise malformed(f"it has more than {MAX_SECTIONS} sections")
    session, origin = _session_level(head)
    # Slots are alike but for their mids: each kind of section is read once.
    known: dict[str, _Builder] = {}
    sections = []
    for body in bodies:
        rest, mid = _without_mid(body)
        if (read := known.get(rest)) is None:
            read = known[rest] = _section(rest, session)
        sections.append(read.build(mid))
    # A section that is over may have lost its mid (RFC 8829, 5.2.2).
    mids = [section.mid for section in sections if section.mid or not section.rejected]
    if not all(mids) or len(set(mids)) != len(mids):
        raise malformed("each of its sections needs a mid of its own")
    return Description(
        session_id=origin[0],
        version=origin[1],
        bundle=session.bundle,
        extmap_allow_mixed=session.allow_mixed,
        ice_lite=session.ice_lite,
        sections=tuple(sections),
    )


class _LineError(Exception):
    """The line at hand is not valid."""


class _Builder:
    """What a section, or the session level, has said so far."""

    def __init__(self, kind: str, port: int, proto: str, formats: tuple[str, ...]) -> None:
        self.kind = kind
        self.port = port
        self.proto = proto
        self.formats = formats
        self.direction = "sendrecv"
        self.setup = ""
        self.ufrag = ""
        self.pwd = ""
        self.msid = ""
        self.cname = ""
        self.bundle: tuple[str, ...] = ()
        self.bundle_only = self.rtcp_mux = self.rtcp_rsize = self.allow_mixed = self.ice_lite = False
        self.rtcp_xr_rtt = False
        self.fingerprints: list[Fingerprint] = []
        self.inherited: list[Fingerprint] = []
        self.rtpmaps: dict[int, tuple[str, int, int]] = {}
        self.fmtps: dict[int, str] = {}
        self.feedback: dict[int, list[str]] = {}
        self.extensions: list[Extension] = []
        self.rids: list[Rid] = []
        self.simulcast: dict[str, tuple[str, ...]] = {}
        self.ssrcs: dict[int, None] = {}
        self.groups: list[SsrcGroup] = []
        self._built: Section | None = None

    def inherit(self, session: "_Builder") -> None:
        """The session level holds until the section says otherwise (RFC 8866, 5)."""
        self.direction = session.direction
        self.setup = session.setup
        self.ufrag = session.ufrag
        self.pwd = session.pwd
        self.inherited = session.fingerprints
        self.extensions = list(session.extensions)

    def build(self, mid: str) -> Section:
        """A section of this kind; what is costly is made for the first and shared by all."""
        if self._built is None:
            self._built = self._build()
        return msgspec.structs.replace(self._built, mid=mid)

    def _build(self) -> Section:
        return Section(
            kind=self.kind,
            port=self.port,
            proto=self.proto,
            formats=self.formats,
            direction=self.direction,
            bundle_only=self.bundle_only,
            ice=Credentials(self.ufrag, self.pwd) if self.ufrag and self.pwd else None,
            fingerprints=tuple(self.fingerprints or self.inherited),
            setup=self.setup,
            rtcp_mux=self.rtcp_mux,
            rtcp_rsize=self.rtcp_rsize,
            rtcp_xr_rtt=self.rtcp_xr_rtt,
            extmap_allow_mixed=self.allow_mixed,
            codecs=self._codecs(),
            extensions=tuple(self.extensions),
            rids=tuple(self.rids),
            simulcast_send=self.simulcast.get("send", ()),
            simulcast_recv=self.simulcast.get("recv", ()),
            msid=self.msid,
            ssrcs=tuple(self.ssrcs),
            cname=self.cname,
            ssrc_groups=tuple(self.groups),
        )

    def _codecs(self) -> tuple[Codec, ...]:
        """In the m-line's order of preference; fmtp and rtcp-fb of formats that are not in it lead nowhere."""
        every = tuple(self.feedback.get(_EVERY_PT, ()))
        codecs = []
        for text in self.formats:
            pt = int(text) if len(text) <= 3 and text.isascii() and text.isdigit() else _EVERY_PT
            if (rtpmap := self.rtpmaps.get(pt)) is not None:
                feedback = every + tuple(self.feedback.get(pt, ()))
                codecs.append(Codec(pt, *rtpmap, self.fmtps.get(pt, ""), feedback))
        return tuple(codecs)


_EVERY_PT: Final = -1  # "a=rtcp-fb:* nack"


def _number(text: str, largest: int) -> int:
    """A plain decimal number; `int` alone would take signs, underscores and other scripts' digits."""
    if not (0 < len(text) <= 20 and text.isascii() and text.isdigit()) or (value := int(text)) > largest:
        raise _LineError
    return value


def _payload_type(text: str) -> int:
    return _number(text, 127)


def _session_level(head: str) -> tuple[_Builder, tuple[int, int]]:
    lines = head.split("\n")
    if lines[0] != "v=0":
        raise malformed("it does not begin with v=0")
    session = _Builder("", 0, "", ())
    origin = next((line[2:] for line in lines if line.startswith("o=")), "- 0 0 IN IP4 0.0.0.0")
    _read_attributes(session, lines)
    return session, _guarded(_origin, origin)


def _without_mid(body: str) -> tuple[str, str]:
    """A section's text without its mid line, and the mid; "" where it has none."""
    before, found, after = body.partition("\na=mid:")
    if not found:
        return body, ""
    mid, _, after = after.partition("\n")
    if len(mid) > _SHORT or not _TOKEN.fullmatch(mid):
        raise _not_valid(f"a=mid:{mid}")
    return f"{before}\n{after}", mid


def _section(body: str, session: _Builder) -> _Builder:
    first, *lines = body.split("\n")
    section = _guarded(lambda value: _media_line(value, session), first)
    _read_attributes(section, lines)
    return section


def _read_attributes(target: _Builder, lines: Sequence[str]) -> None:
    for line in lines:
        if line[:2] == "a=":
            name, _, value = line[2:].partition(":")
            if (handler := _ATTRIBUTES.get(name)) is not None:
                try:
                    handler(target, value)
                except _LineError:
                    raise _not_valid(line) from None


def _guarded(read: Callable[[str], _T], value: str) -> _T:
    try:
        return read(value)
    except _LineError:
        raise _not_valid(value) from None


def _not_valid(line: str) -> RoomError:
    return malformed(f"its line {line[:32]!r} is not valid")


def _media_line(value: str, session: _Builder) -> _Builder:
    parts = value.split(" ")
    if not 4 <= len(parts) <= 3 + _MAX_FORMATS or not _PROTO.fullmatch(parts[2]):
        raise _LineError
    if not all(_TOKEN.fullmatch(part) and len(part) <= 64 for part in (parts[0], *parts[3:])):
        raise _LineError
    if parts[0] in {"audio", "video"}:
        for payload_type in parts[3:]:
            _payload_type(payload_type)
    section = _Builder(parts[0], _number(parts[1], 65_535), parts[2], tuple(parts[3:]))
    section.inherit(session)
    return section


def _origin(value: str) -> tuple[int, int]:
    parts = value.split(" ")
    if len(parts) != 6:
        raise _LineError
    return _number(parts[1], 2**64 - 1), _number(parts[2], 2**64 - 1)


def _second_mid(_section: _Builder, _value: str) -> None:
    raise _LineError


def _group(session: _Builder, value: str) -> None:
    semantics, _, mids = value.partition(" ")
    if semantics == "BUNDLE":
        session.bundle = tuple(mids.split())
        if len(session.bundle) > MAX_SECTIONS:
            raise _LineError


def _ufrag(section: _Builder, value: str) -> None:
    if not _UFRAG.fullmatch(value):
        raise _LineError
    section.ufrag = value


def _pwd(section: _Builder, value: str) -> None:
    if not _PWD.fullmatch(value):
        raise _LineError
    section.pwd = value


def _fingerprint(section: _Builder, value: str) -> None:
    algorithm, _, digest = value.partition(" ")
    if not _TOKEN.fullmatch(algorithm) or not _HEX_BYTES.fullmatch(digest):
        raise _LineError
    if len(section.fingerprints) >= _MAX_FINGERPRINTS:
        raise _LineError
    section.fingerprints.append(Fingerprint(algorithm.lower(), digest.upper()))


def _setup(section: _Builder, value: str) -> None:
    if value not in {"actpass", "active", "passive", "holdconn"}:
        raise _LineError
    section.setup = value


def _rtpmap(section: _Builder, value: str) -> None:
    pt, _, encoding = value.partition(" ")
    name, *rest = encoding.split("/")
    if not _TOKEN.fullmatch(name) or not 1 <= len(rest) <= 2:
        raise _LineError
    channels = _number(rest[1], 255) if len(rest) == 2 else 1
    section.rtpmaps[_payload_type(pt)] = (name.lower(), _number(rest[0], 2**32 - 1), channels)


def _fmtp(section: _Builder, value: str) -> None:
    pt, _, parameters = value.partition(" ")
    section.fmtps[_payload_type(pt)] = parameters if len(parameters) <= _MAX_PARAMETERS else ""


def _rtcp_fb(section: _Builder, value: str) -> None:
    pt, _, feedback = value.partition(" ")
    section.feedback.setdefault(_EVERY_PT if pt == "*" else _payload_type(pt), []).append(feedback)


def _extmap(section: _Builder, value: str) -> None:
    number, _, rest = value.partition(" ")
    identifier, _, direction = number.partition("/")
    if direction and direction not in _DIRECTIONS:
        raise _LineError
    section.extensions.append(Extension(_number(identifier, 65_535), rest.partition(" ")[0], direction))


def _rid(section: _Builder, value: str) -> None:
    parts = value.split(" ")
    if len(parts) < 2 or not _RID.fullmatch(parts[0]) or parts[1] not in {"send", "recv"}:
        raise _LineError
    section.rids.append(Rid(parts[0], parts[1]))


def _simulcast(section: _Builder, value: str) -> None:
    """`send q;~h;f recv x`: of alternatives (a,b) the first, paused (~) or not (RFC 8853, 5.1)."""
    parts = value.split()
    if len(parts) % 2 or not parts:
        raise _LineError
    for way, streams in zip(parts[::2], parts[1::2], strict=True):
        rids = tuple(stream.partition(",")[0].removeprefix("~") for stream in streams.split(";"))
        if way not in {"send", "recv"} or not all(_RID.fullmatch(rid) for rid in rids):
            raise _LineError
        section.simulcast[way] = rids


def _msid(section: _Builder, value: str) -> None:
    section.msid = value


def _ssrc(section: _Builder, value: str) -> None:
    number, _, attribute = value.partition(" ")
    section.ssrcs[_number(number, 2**32 - 1)] = None
    if attribute.startswith("cname:"):
        section.cname = attribute[6:]


def _ssrc_group(section: _Builder, value: str) -> None:
    semantics, *ssrcs = value.split(" ")
    section.groups.append(SsrcGroup(semantics, tuple(_number(ssrc, 2**32 - 1) for ssrc in ssrcs)))


def _rtcp_xr(section: _Builder, value: str) -> None:
    section.rtcp_xr_rtt = any(part.split(":")[0] == "rcvr-rtt=all" for part in value.split(" "))


def _direction(direction: str) -> Callable[[_Builder, str], None]:
    def handler(section: _Builder, _value: str) -> None:
        section.direction = direction

    return handler


def _flag(name: str) -> Callable[[_Builder, str], None]:
    def handler(section: _Builder, _value: str) -> None:
        setattr(section, name, True)

    return handler


_ATTRIBUTES: Final[dict[str, Callable[[_Builder, str], None]]] = {
    "mid": _second_mid,
    "group": _group,
    "ice-ufrag": _ufrag,
    "ice-pwd": _pwd,
    "ice-lite": _flag("ice_lite"),
    "fingerprint": _fingerprint,
    "setup": _setup,
    "rtpmap": _rtpmap,
    "fmtp": _fmtp,
    "rtcp-fb": _rtcp_fb,
    "extmap": _extmap,
    "extmap-allow-mixed": _flag("allow_mixed"),
    "rid": _rid,
    "simulcast": _simulcast,
    "msid": _msid,
    "ssrc": _ssrc,
    "ssrc-group": _ssrc_group,
    "bundle-only": _flag("bundle_only"),
    "rtcp-mux": _flag("rtcp_mux"),
    "rtcp-rsize": _flag("rtcp_rsize"),
    "rtcp-xr": _rtcp_xr,
} | {direction: _direction(direction) for direction in _DIRECTIONS}
