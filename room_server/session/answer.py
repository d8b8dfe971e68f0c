"""The answer's sections: which payload types, feedback, header extensions and layers of an offer are taken up."""

from collections.abc import Sequence
from typing import Final, Literal

import msgspec

from room_server.session import codecs
from room_server.session.sdp import Codec, Credentials, Description, Extension, Fingerprint, Rid, Section, SsrcGroup
from room_server.session.spec import CodecMap, Extensions, Feedback, PeerSpec, SendSection, SlotSection

_MID: Final = "urn:ietf:params:rtp-hdrext:sdes:mid"
_RID: Final = "urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id"
_RRID: Final = "urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id"
_AUDIO_LEVEL: Final = "urn:ietf:params:rtp-hdrext:ssrc-audio-level"
_ABS_SEND_TIME: Final = "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time"
_TRANSPORT_CC: Final = "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01"
_DEPENDENCY_DESCRIPTOR: Final = (
    "https://aomediacodec.github.io/av1-rtp-spec/#dependency-descriptor-rtp-header-extension"
)

Way = Literal["recvonly", "sendonly"]
"""The direction of a section of ours."""

_FIELDS: Final = {
    _MID: "mid",
    _RID: "rid",
    _RRID: "rrid",
    _AUDIO_LEVEL: "audio_level",
    _ABS_SEND_TIME: "abs_send_time",
    _TRANSPORT_CC: "transport_cc",
    _DEPENDENCY_DESCRIPTOR: "dependency_descriptor",
}
# Whom an extension's direction, which is the offerer's, lets send it towards us and whom lets us send it.
_FITS: Final[dict[Way, frozenset[str]]] = {
    "recvonly": frozenset({"", "sendrecv", "sendonly"}),
    "sendonly": frozenset({"", "sendrecv", "recvonly"}),
}
# What fits a one-byte header; 15 is reserved (RFC 8285, 4.2).
_LARGEST_ID: Final = 14

# Towards the server: FEC for lossy uplinks, and silence costs next to nothing, here and at every subscriber.
_OPUS_RECEIVED: Final = "minptime=10;useinbandfec=1;usedtx=1"
_OPUS_SENT: Final = "minptime=10;useinbandfec=1"

_HOST_PREFERENCE: Final = 65_535
"""Local preference of the first candidate (RFC 8445, 5.1.2.1)."""


def peer_extensions(offer: Description, accepted: Sequence[int], *, described: bool) -> Extensions:
    """One id per extension for the whole bundle (RFC 8285, 6): the first that an accepted section gives.

    `described`: AV1's dependency descriptors are taken as well.
    """
    ids: dict[str, int] = {}
    for index in accepted:
        for extension in offer.sections[index].extensions:
            field = _FIELDS.get(extension.uri)
            if field is None or field in ids or extension.id in ids.values():
                continue
            if extension.uri == _DEPENDENCY_DESCRIPTOR and not described:
                continue
            if 1 <= extension.id <= _LARGEST_ID and extension.direction != "inactive":
                ids[field] = extension.id
    return Extensions(**ids)


def describes(section: Section, way: Way) -> bool:
    """Whether AV1's dependency descriptors may go this way in a section."""
    return any(e.uri == _DEPENDENCY_DESCRIPTOR and e.direction in _FITS[way] for e in section.extensions)


def feedback_of(section: Section, agreed: Sequence[CodecMap], extensions: Extensions) -> Feedback:
    """How the client's send rate is steered. Never both: what is negotiated and not sent starves a browser's layers."""
    first = next(iter(codecs.carried(section, agreed)), None)
    offered = first.offered.feedback if first else ()
    if "transport-cc" in offered and _offers(section, _TRANSPORT_CC, extensions.transport_cc):
        return "transport-cc"
    return "goog-remb" if "goog-remb" in offered and section.kind == "video" else "none"


def accepted_rids(section: Section, extensions: Extensions, most: int) -> tuple[str, ...]:
    """The simulcast layers in the offer's order, which is smallest first; none unless packets can name their layer."""
    declared = {rid.id for rid in section.rids if rid.direction == "send"}
    if not _offers(section, _RID, extensions.rid):
        return ()
    return tuple(rid for rid in dict.fromkeys(section.simulcast_send) if rid in declared)[:most]


def describe(offer: Description, spec: PeerSpec, *, fingerprint: Fingerprint) -> Description:
    """The answer, but for candidates, in the form that Chromium, Firefox and aiortc all take."""
    sends = {send.index: send for send in spec.sends}
    slots = {slot.index: slot for slot in spec.slots}
    sections = []
    for index, offered in enumerate(offer.sections):
        base = msgspec.structs.replace(
            _rejected(offered),
            port=9,
            ice=Credentials(spec.ufrag, spec.pwd),
            fingerprints=(fingerprint,),
            setup="passive",
            rtcp_mux=True,
            rtcp_rsize=offered.rtcp_rsize,
            extmap_allow_mixed=offered.extmap_allow_mixed,
        )
        if (send := sends.get(index)) is not None:
            sections.append(_receiving(base, offered, send, spec))
        elif (slot := slots.get(index)) is not None:
            sections.append(_sending(base, offered, slot, spec))
        else:
            sections.append(_rejected(offered))
    return Description(
        session_id=offer.session_id,
        version=1,
        bundle=tuple(section.mid for section in sections if not section.rejected),
        extmap_allow_mixed=offer.extmap_allow_mixed,
        ice_lite=True,
        sections=tuple(sections),
    )


def with_candidates(answer: Description, addresses: Sequence[str], port: int) -> Description:
    """One host candidate per address in the bundle's first section, for browsers, and in its last, for aiortc."""
    lines = tuple(
        f"{place + 1} 1 udp {(126 << 24) + ((_HOST_PREFERENCE - place) << 8) + 255} {address} {port} typ host"
        for place, address in enumerate(addresses)
    )
    sections = list(answer.sections)
    accepted = [index for index, section in enumerate(sections) if not section.rejected]
    for index in {accepted[0], accepted[-1]}:
        sections[index] = msgspec.structs.replace(sections[index], candidates=lines)
    return msgspec.structs.replace(answer, sections=tuple(sections))


def renewed(
    answer: Description, credentials: Credentials, slots: Sequence[SlotSection], *, session_id: int
) -> Description:
    """The same answer to somebody else: under other credentials, with the SSRCs of these slots."""
    ssrcs = {slot.index: _ssrcs(slot) for slot in slots}

    def under_own(index: int, section: Section) -> Section:
        if section.rejected:
            return section
        own = ssrcs.get(index, ())
        return msgspec.structs.replace(section, ice=credentials, ssrcs=own, ssrc_groups=_groups(own))

    sections = tuple(under_own(index, section) for index, section in enumerate(answer.sections))
    return msgspec.structs.replace(answer, session_id=session_id, sections=sections)


def _ssrcs(slot: SlotSection) -> tuple[int, ...]:
    """Media first, then its retransmissions: aiortc goes by the order alone."""
    return (slot.ssrc, slot.rtx_ssrc) if slot.rtx_ssrc else (slot.ssrc,)


def _groups(ssrcs: tuple[int, ...]) -> tuple[SsrcGroup, ...]:
    return (SsrcGroup("FID", ssrcs),) if len(ssrcs) > 1 else ()


def _offers(section: Section, uri: str, agreed: int) -> bool:
    return agreed != 0 and any(e.uri == uri and e.id == agreed for e in section.extensions)


def _rejected(offered: Section) -> Section:
    return Section(
        kind=offered.kind,
        port=0,
        proto=offered.proto,
        formats=offered.formats,
        mid=offered.mid,
        direction="inactive",
    )


def _receiving(base: Section, offered: Section, send: SendSection, spec: PeerSpec) -> Section:
    wanted = [_MID, _RID, _RRID, _AUDIO_LEVEL, _ABS_SEND_TIME]
    feedback = ["nack", "nack pli"]
    if send.feedback == "transport-cc":
        wanted.append(_TRANSPORT_CC)
    if send.feedback != "none":
        feedback.append(send.feedback)
    # One codec, so that every layer is sent in it.
    taken = _codecs(codecs.carried(offered, spec.codecs)[:1], feedback, _OPUS_RECEIVED)
    return msgspec.structs.replace(
        base,
        formats=tuple(str(codec.pt) for codec in taken),
        direction="recvonly",
        codecs=taken,
        extensions=_extensions(offered, spec, wanted, taken, "recvonly"),
        rids=tuple(Rid(rid, "recv") for rid in send.rids),
        simulcast_recv=send.rids,
    )


def _sending(base: Section, offered: Section, slot: SlotSection, spec: PeerSpec) -> Section:
    # Without transport-cc browsers run the estimator themselves and report it (REMB).
    taken = _codecs(codecs.carried(offered, spec.codecs), ["goog-remb", "nack", "nack pli"], _OPUS_SENT)
    ssrcs = _ssrcs(slot)
    return msgspec.structs.replace(
        base,
        formats=tuple(str(codec.pt) for codec in taken),
        direction="sendonly",
        # A browser that does not know its round trip asks again for what is lost every 100 ms, and lets pictures wait
        # for less; what one section learns it uses for all.
        rtcp_xr_rtt=offered.rtcp_xr_rtt and slot.kind == "video",
        codecs=taken,
        extensions=_extensions(offered, spec, [_MID, _AUDIO_LEVEL, _ABS_SEND_TIME], taken, "sendonly"),
        msid=f"{slot.cname} {slot.kind}{slot.mid}",
        ssrcs=ssrcs,
        ssrc_groups=_groups(ssrcs),
        cname=slot.cname,
    )


def _codecs(taken: Sequence[codecs.Carried], feedback: Sequence[str], opus: str) -> tuple[Codec, ...]:
    answered: list[Codec] = []
    for codec in taken:
        if codec.map.codec == "opus":
            reports = tuple(f for f in feedback if f in codec.offered.feedback and f == "transport-cc")
            answered.append(Codec(codec.map.pt, "opus", 48_000, 2, opus, reports))
        else:
            answered += codecs.answered_video(codec, feedback)
    return tuple(answered)


def _extensions(
    offered: Section, spec: PeerSpec, wanted: Sequence[str], taken: Sequence[Codec], way: Way
) -> tuple[Extension, ...]:
    uris = [*wanted, _DEPENDENCY_DESCRIPTOR] if any(codec.name == "AV1" for codec in taken) else wanted
    mirrored = {"sendonly": "recvonly", "recvonly": "sendonly"}
    return tuple(
        Extension(e.id, e.uri, mirrored.get(e.direction, e.direction))
        for e in offered.extensions
        if e.uri in uris and e.direction in _FITS[way] and e.id == getattr(spec.extensions, _FIELDS[e.uri])
    )
