"""Session descriptions (RFC 8866) as frozen values: `parse` reads a client's offer, `write` prints our answer.

Only what a media relay needs is kept. Candidates are skipped: clients find an ICE-lite agent (RFC 8445, 2.5).
What may be echoed into an answer (mids, rids, formats) has been checked to be a token, so no offer can inject a line.
"""

import re
from collections.abc import Callable
from typing import Final

import msgspec

from room_server.errors import RoomError

MAX_SIZE: Final = 512 * 1024
"""Characters. 100 slots with all of Chromium's codecs make 501 kB; nothing here asks for more than 36 sections."""
MAX_SECTIONS: Final = 64
_MAX_LINES: Final = 16_384  # the same 100 slots; bounds what a hostile offer can cost
_MAX_FORMATS: Final = 128  # payload types are seven bits wide

_TOKEN: Final = re.compile(r"[!#$%&'*+\-.^_`{|}~0-9A-Za-z]+")
_PROTO: Final = re.compile(r"[0-9A-Za-z/\-.]{1,64}")
_SHORT: Final = 16  # bytes a mid or rid may have in a one-byte header extension (RFC 8285, 4.2)
_RID: Final = re.compile(r"[0-9A-Za-z_\-]{1,16}")
_UFRAG: Final = re.compile(r"[0-9A-Za-z+/]{4,256}")  # RFC 8839, 5.4
_PWD: Final = re.compile(r"[0-9A-Za-z+/]{22,256}")
_HEX_BYTES: Final = re.compile(r"[0-9A-Fa-f]{2}(?::[0-9A-Fa-f]{2}){0,63}")
_DIRECTIONS: Final = frozenset({"sendrecv", "sendonly", "recvonly", "inactive"})


class Codec(msgspec.Struct, frozen=True):
    """A payload type of a section: `name` in lower case, `clock` in Hz, `feedback` as "nack pli"."""

    pt: int
    name: str
    clock: int
    channels: int = 1
    fmtp: str = ""
    feedback: tuple[str, ...] = ()


class Extension(msgspec.Struct, frozen=True):
    """A header extension (RFC 8285); `direction` is "" where the line gives none."""

    id: int
    uri: str
    direction: str = ""


class Fingerprint(msgspec.Struct, frozen=True):
    """A certificate's digest: algorithm in lower case, value as upper case hex bytes joined by colons (RFC 8122)."""

    algorithm: str
    value: str


class Credentials(msgspec.Struct, frozen=True):
    """One side's ICE user name fragment and password (RFC 8839)."""

    ufrag: str
    pwd: str


class Rid(msgspec.Struct, frozen=True):
    """A restriction identifier (RFC 8851); its restrictions are not kept."""

    id: str
    direction: str


class SsrcGroup(msgspec.Struct, frozen=True):
    """RFC 5576; of interest is FID: media first, its retransmissions second."""

    semantics: str
    ssrcs: tuple[int, ...]


class Section(msgspec.Struct, frozen=True, kw_only=True):
    """One m-section, with what the session level says for all sections already applied."""

    kind: str
    port: int
    proto: str
    formats: tuple[str, ...]
    mid: str = ""
    direction: str = "sendrecv"
    bundle_only: bool = False
    ice: Credentials | None = None
    fingerprints: tuple[Fingerprint, ...] = ()
    setup: str = ""
    rtcp_mux: bool = False
    rtcp_rsize: bool = False
    codecs: tuple[Codec, ...] = ()
    extensions: tuple[Extension, ...] = ()
    rids: tuple[Rid, ...] = ()
    simulcast_send: tuple[str, ...] = ()
    simulcast_recv: tuple[str, ...] = ()
    msid: str = ""
    ssrcs: tuple[int, ...] = ()
    cname: str = ""
    ssrc_groups: tuple[SsrcGroup, ...] = ()
    candidates: tuple[str, ...] = ()
    """Only written, never read: the value of each a=candidate line."""

    @property
    def rejected(self) -> bool:
        """Port 0 says no, but with bundle-only it only says "in the bundle or not at all" (RFC 9143, 6)."""
        return self.port == 0 and not self.bundle_only


class Description(msgspec.Struct, frozen=True, kw_only=True):
    """A whole offer or answer; `bundle` are the mids of the BUNDLE group, in its order."""

    session_id: int
    version: int
    bundle: tuple[str, ...] = ()
    extmap_allow_mixed: bool = False
    ice_lite: bool = False
    sections: tuple[Section, ...] = ()


def malformed(what: str) -> RoomError:
    """The one error of this module; `what` completes "The media offer cannot be used: "."""
    return RoomError("offer_malformed", f"The media offer cannot be used: {what}. Reload the page to make a new one.")


def parse(text: str) -> Description:
    """Read an offer. `RoomError` "offer_malformed" is all it ever raises; it names the line."""
    if len(text) > MAX_SIZE:
        raise malformed(f"it is longer than {MAX_SIZE // 1024} kB")
    if text.count("\n") > _MAX_LINES:
        raise malformed("it has too many lines")
    session = _Builder("", 0, "", ())
    current = session
    sections: list[_Builder] = []
    origin = (0, 0)
    for number, raw in enumerate(text.split("\n"), 1):
        line = raw[:-1] if raw.endswith("\r") else raw
        kind = line[:2]
        try:
            if kind == "a=":
                name, _, value = line[2:].partition(":")
                if (handler := _ATTRIBUTES.get(name)) is not None:
                    handler(current, value)
            elif kind == "m=":
                if len(sections) == MAX_SECTIONS:
                    raise malformed(f"it has more than {MAX_SECTIONS} sections")
                current = _media_line(line[2:], session)
                sections.append(current)
            elif kind == "o=":
                origin = _origin(line[2:])
            elif number == 1 and line != "v=0":
                raise _LineError
        except _LineError:
            raise malformed(f"line {number} ({line[:32]!r}) is not valid") from None
    if text[:3] != "v=0":
        raise malformed("it does not begin with v=0")
    # A section that is over may have lost its mid (RFC 8829, 5.2.2).
    mids = [section.mid for section in sections if section.mid or section.port or section.bundle_only]
    if not all(mids) or len(set(mids)) != len(mids):
        raise malformed("each of its sections needs a mid of its own")
    return Description(
        session_id=origin[0],
        version=origin[1],
        bundle=session.bundle,
        extmap_allow_mixed=session.allow_mixed or any(section.allow_mixed for section in sections),
        ice_lite=session.ice_lite,
        sections=tuple(section.build() for section in sections),
    )


def write(description: Description) -> str:
    """Print with CRLF, transport attributes in each section as browsers do."""
    d = description
    lines = ["v=0", f"o=- {d.session_id} {d.version} IN IP4 127.0.0.1", "s=-", "t=0 0"]
    if d.bundle:
        lines.append("a=group:BUNDLE " + " ".join(d.bundle))
    if d.extmap_allow_mixed:
        lines.append("a=extmap-allow-mixed")
    lines.append("a=msid-semantic: WMS *")
    if d.ice_lite:
        lines.append("a=ice-lite")
    for section in d.sections:
        _write_section(section, lines)
    lines.append("")
    return "\r\n".join(lines)


def _write_section(section: Section, lines: list[str]) -> None:
    s = section
    lines += [f"m={s.kind} {s.port} {s.proto} {' '.join(s.formats)}", "c=IN IP4 0.0.0.0"]
    if s.port == 0 and not s.bundle_only:
        lines += [f"a=mid:{s.mid}", "a=inactive"] if s.mid else ["a=inactive"]
        return
    lines += [f"a=candidate:{candidate}" for candidate in s.candidates]
    if s.candidates:
        lines.append("a=end-of-candidates")
    if s.ice is not None:
        lines += [f"a=ice-ufrag:{s.ice.ufrag}", f"a=ice-pwd:{s.ice.pwd}"]
    lines += [f"a=fingerprint:{f.algorithm} {f.value}" for f in s.fingerprints]
    if s.setup:
        lines.append(f"a=setup:{s.setup}")
    lines.append(f"a=mid:{s.mid}")
    if s.bundle_only:
        lines.append("a=bundle-only")
    lines += [f"a=extmap:{e.id}{'/' * bool(e.direction)}{e.direction} {e.uri}" for e in s.extensions]
    lines.append(f"a={s.direction}")
    if s.msid:
        lines.append(f"a=msid:{s.msid}")
    if s.rtcp_mux:
        lines.append("a=rtcp-mux")
    if s.rtcp_rsize:
        lines.append("a=rtcp-rsize")
    for codec in s.codecs:
        _write_codec(codec, lines)
    lines += [f"a=rid:{rid.id} {rid.direction}" for rid in s.rids]
    simulcast = [("send", s.simulcast_send), ("recv", s.simulcast_recv)]
    if any(rids for _, rids in simulcast):
        lines.append("a=simulcast:" + " ".join(f"{way} {';'.join(rids)}" for way, rids in simulcast if rids))
    lines += [f"a=ssrc-group:{g.semantics} {' '.join(map(str, g.ssrcs))}" for g in s.ssrc_groups]
    lines += [f"a=ssrc:{ssrc} cname:{s.cname}" for ssrc in s.ssrcs]


def _write_codec(codec: Codec, lines: list[str]) -> None:
    channels = f"/{codec.channels}" if codec.channels > 1 else ""
    lines.append(f"a=rtpmap:{codec.pt} {codec.name}/{codec.clock}{channels}")
    lines += [f"a=rtcp-fb:{codec.pt} {feedback}" for feedback in codec.feedback]
    if codec.fmtp:
        lines.append(f"a=fmtp:{codec.pt} {codec.fmtp}")


class _LineError(Exception):
    """The line at hand is not valid."""


class _Builder:
    """What a section, or the session level, has said so far."""

    def __init__(self, kind: str, port: int, proto: str, formats: tuple[str, ...]) -> None:
        self.kind = kind
        self.port = port
        self.proto = proto
        self.formats = formats
        self.mid = ""
        self.direction = "sendrecv"
        self.setup = ""
        self.ufrag = ""
        self.pwd = ""
        self.msid = ""
        self.cname = ""
        self.bundle: tuple[str, ...] = ()
        self.bundle_only = self.rtcp_mux = self.rtcp_rsize = self.allow_mixed = self.ice_lite = False
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

    def inherit(self, session: "_Builder") -> None:
        """The session level holds until the section says otherwise (RFC 8866, 5)."""
        self.direction = session.direction
        self.setup = session.setup
        self.ufrag = session.ufrag
        self.pwd = session.pwd
        self.inherited = session.fingerprints
        self.extensions = list(session.extensions)

    def build(self) -> Section:
        return Section(
            kind=self.kind,
            port=self.port,
            proto=self.proto,
            formats=self.formats,
            mid=self.mid,
            direction=self.direction,
            bundle_only=self.bundle_only,
            ice=Credentials(self.ufrag, self.pwd) if self.ufrag and self.pwd else None,
            fingerprints=tuple(self.fingerprints or self.inherited),
            setup=self.setup,
            rtcp_mux=self.rtcp_mux,
            rtcp_rsize=self.rtcp_rsize,
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


def _media_line(value: str, session: _Builder) -> _Builder:
    parts = value.split(" ")
    if not 4 <= len(parts) <= 3 + _MAX_FORMATS or not _PROTO.fullmatch(parts[2]):
        raise _LineError
    if not all(_TOKEN.fullmatch(part) and len(part) <= 64 for part in (parts[0], *parts[3:])):
        raise _LineError
    section = _Builder(parts[0], _number(parts[1], 65_535), parts[2], tuple(parts[3:]))
    section.inherit(session)
    return section


def _origin(value: str) -> tuple[int, int]:
    parts = value.split(" ")
    if len(parts) != 6:
        raise _LineError
    return _number(parts[1], 2**64 - 1), _number(parts[2], 2**64 - 1)


def _mid(section: _Builder, value: str) -> None:
    if len(value) > _SHORT or not _TOKEN.fullmatch(value):
        raise _LineError
    section.mid = value


def _group(session: _Builder, value: str) -> None:
    semantics, _, mids = value.partition(" ")
    if semantics == "BUNDLE":
        session.bundle = tuple(mids.split())


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
    section.fmtps[_payload_type(pt)] = parameters


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


def _direction(direction: str) -> Callable[[_Builder, str], None]:
    def handler(section: _Builder, _value: str) -> None:
        section.direction = direction

    return handler


def _flag(name: str) -> Callable[[_Builder, str], None]:
    def handler(section: _Builder, _value: str) -> None:
        setattr(section, name, True)

    return handler


_ATTRIBUTES: Final[dict[str, Callable[[_Builder, str], None]]] = {
    "mid": _mid,
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
} | {direction: _direction(direction) for direction in _DIRECTIONS}
