"""One offer in, one answer out (RFC 8829, 8839, 9143): pure, but for the random values it is handed.

Sections named in `publish` are received; every other one is a slot, fed by a seat. The answer is ICE-lite, passive in
DTLS, one bundle; Opus and the town hall's video codec with its RTX, VP8 from and for those who lack that. What an offer
has beyond that is answered with port 0.
"""

import base64
import secrets
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final, get_args

import msgspec

from room_server.errors import RoomError
from room_server.session import answer, codecs, seating
from room_server.session.plane import Kind, Use
from room_server.session.sdp import Credentials, Description, Fingerprint, Section, malformed
from room_server.session.spec import CodecMap, Extensions, PeerSpec, SendSection, SlotSection
from room_server.townhall.values import VideoCodec

KIND_OF_USE: Final[Mapping[Use, Kind]] = {"microphone": "audio", "camera": "video", "screen": "video"}

_RTP: Final = "UDP/TLS/RTP/SAVPF"
_DIGEST_BYTES: Final = {"sha-256": 32, "sha-384": 48, "sha-512": 64}
# Browsers send their reports under small SSRCs such as 1: keep away from them.
LEAST_SSRC: Final = 1 << 16
# The relay's layers are 0..3.
_MAX_RIDS: Final = 4


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """What the server brings to every negotiation of one join."""

    peer: int
    hall: int
    seats: int
    staff: bool
    echo_group: int
    fingerprint: Fingerprint
    announce: Sequence[str]
    """Addresses for the candidates, the preferred one first."""
    video_codec: VideoCodec = codecs.FALLBACK


class Negotiated(msgspec.Struct, frozen=True, kw_only=True):
    """The outcome: what the relay is told, and the answer but for the worker's port."""

    spec: PeerSpec
    answer: Description
    announce: Sequence[str]
    publish: Mapping[Use, int]
    """Use -> m-section index."""
    sent: Mapping[Use, VideoCodec]
    """Use -> what its camera and its screen send."""
    shown: Sequence[VideoCodec]
    """What its slots can show, in the order of preference."""
    remote: "Remote"

    def render(self, port: int) -> Description:
        """The answer with the worker's port in its candidates."""
        return answer.with_candidates(self.answer, self.announce, port)


class Remote(msgspec.Struct, frozen=True, kw_only=True):
    """What a later offer is held against to be an ICE restart of the first."""

    ice: Credentials
    fingerprints: tuple[Fingerprint, ...]
    shape: tuple[tuple[str, str], ...]
    """(kind, mid) of every section; "" for the mid of one that was turned down."""


def new_credentials() -> Credentials:
    """48 bits that name a transport and 144 that authenticate it (RFC 8445, 5.3 asks for 24 and 128)."""
    return Credentials(
        base64.b64encode(secrets.token_bytes(6)).decode(),
        base64.b64encode(secrets.token_bytes(18)).decode(),
    )


def new_ssrc() -> int:
    """Random, so that transports do not share them by habit."""
    return int.from_bytes(secrets.token_bytes(4), "big") | LEAST_SSRC


def negotiate(
    offer: Description,
    *,
    publish: Mapping[Use, str],
    terms: Terms,
    credentials: Credentials,
    ssrc_source: Callable[[], int] = new_ssrc,
) -> Negotiated:
    """Answer a first offer. `RoomError`: offer_malformed, offer_fingerprint, no_media."""
    named = _named_sections(offer, publish)
    agreed = codecs.common(_bundled(offer), terms.video_codec)
    plan = _plan(offer, named, agreed, terms)
    if not plan.publish and not plan.slots:
        raise RoomError(
            "no_media", f"The offer has no section for Opus or {_pictures(terms)} that this town hall can use."
        )
    accepted = sorted([*plan.publish.values(), *plan.slots])
    remote = _remote(offer, accepted)
    two_byte = _two_byte(offer, accepted)
    # A keyframe's dependency descriptor does not fit a one-byte header.
    described = two_byte and _described(offer, plan, agreed)
    extensions = answer.peer_extensions(offer, accepted, described=described)
    ssrcs = Ssrcs((ssrc for section in offer.sections for ssrc in section.ssrcs), ssrc_source)
    streams = seating.streams(offer, plan.slots, terms.seats)
    sends = tuple(_send_section(offer, index, agreed, extensions) for index in sorted(plan.publish.values()))
    slots = tuple(
        SlotSection(
            index=index,
            mid=offer.sections[index].mid,
            kind=seating.kind_of(offer.sections[index]),
            ssrc=ssrcs.take(),
            rtx_ssrc=ssrcs.take() if any(c.rtx for c in codecs.carried(offer.sections[index], agreed)) else 0,
            seat=seat,
            cname=streams[index],
        )
        for index, seat in plan.slots.items()
    )
    spec = PeerSpec(
        peer=terms.peer,
        hall=terms.hall,
        ufrag=credentials.ufrag,
        pwd=credentials.pwd,
        remote_ufrag=remote.ice.ufrag,
        staff=terms.staff,
        echo_group=terms.echo_group,
        extensions=extensions,
        two_byte=two_byte,
        codecs=agreed,
        sends=sends,
        slots=slots,
    )
    return Negotiated(
        spec=spec,
        answer=answer.describe(offer, spec, fingerprint=terms.fingerprint),
        announce=terms.announce,
        publish=plan.publish,
        sent={use: taken[0] for use, index in plan.publish.items() if (taken := _video(offer, index, agreed))},
        shown=tuple(dict.fromkeys(name for index in plan.slots for name in _video(offer, index, agreed))),
        remote=remote,
    )


def check_restart(offer: Description, first: Remote) -> Remote:
    """An ICE restart keeps everything but the ICE credentials (RFC 8829, 5.2.3.1).

    `RoomError`: offer_not_a_restart, offer_fingerprint, offer_malformed.
    """
    accepted = [index for index, (_, mid) in enumerate(first.shape) if mid]
    if _shape(offer, accepted) != first.shape:
        raise RoomError(
            "offer_not_a_restart",
            "A running connection takes no new media: restart ICE on the first offer, or resume with a new one.",
        )
    remote = _remote(offer, accepted)
    if set(remote.fingerprints) != set(first.fingerprints):
        raise RoomError(
            "offer_fingerprint", "The restart comes with another certificate: resume with a new offer instead."
        )
    if remote.ice.ufrag == first.ice.ufrag or remote.ice.pwd == first.ice.pwd:
        raise RoomError(
            "offer_not_a_restart",
            "The offer has the running connection's ICE credentials: restart ICE and offer again.",
        )
    return remote


def restarted(stored: Description, credentials: Credentials) -> Description:
    """The stored answer under new credentials, its version one higher."""
    sections = tuple(
        section if section.rejected else msgspec.structs.replace(section, ice=credentials)
        for section in stored.sections
    )
    return msgspec.structs.replace(stored, version=stored.version + 1, sections=sections)


class _Plan(msgspec.Struct):
    publish: dict[Use, int]
    slots: dict[int, int]
    """m-section index -> seat, in m-line order."""


class Ssrcs:
    """SSRCs that are unique on a transport and that its offer does not mention (RFC 3550, 8)."""

    def __init__(self, mentioned: Iterable[int], source: Callable[[], int]) -> None:
        self._taken = set(mentioned)
        self._source = source

    def take(self) -> int:
        while (ssrc := self._source()) in self._taken:
            pass
        self._taken.add(ssrc)
        return ssrc


def _named_sections(offer: Description, publish: Mapping[Use, str]) -> dict[Use, int]:
    indices = {section.mid: index for index, section in enumerate(offer.sections)}
    named: dict[Use, int] = {}
    for use, mid in publish.items():
        if use not in get_args(Use):
            raise malformed(f"nobody publishes a {use!r:.32}")
        index = indices.get(mid)
        if index is None or index in named.values():
            raise malformed(f"its {use} names section {mid!r:.32}, which it does not have for it")
        section = offer.sections[index]
        if section.kind != KIND_OF_USE[use] or section.direction not in {"sendonly", "sendrecv"}:
            raise malformed(f"its {use} section sends no {KIND_OF_USE[use]}")
        named[use] = index
    return named


def _bundled(offer: Description) -> list[Section]:
    return [section for section in offer.sections if not section.rejected and section.mid in offer.bundle]


def _video(offer: Description, index: int, agreed: Sequence[CodecMap]) -> list[VideoCodec]:
    """The video codecs of a section, the best first; none of an audio section."""
    return [c.map.codec for c in codecs.carried(offer.sections[index], agreed) if c.map.codec != "opus"]


def _two_byte(offer: Description, accepted: Sequence[int]) -> bool:
    return offer.extmap_allow_mixed or all(offer.sections[index].extmap_allow_mixed for index in accepted)


def _described(offer: Description, plan: _Plan, agreed: Sequence[CodecMap]) -> bool:
    """Whether every section that carries AV1 takes its dependency descriptors: the relay knows one id for both ways."""
    ways: list[tuple[int, answer.Way]] = [
        *((i, "recvonly") for i in plan.publish.values() if _video(offer, i, agreed)[:1] == ["av1"]),
        *((i, "sendonly") for i in plan.slots if "av1" in _video(offer, i, agreed)),
    ]
    return bool(ways) and all(answer.describes(offer.sections[index], way) for index, way in ways)


def _pictures(terms: Terms) -> str:
    return " or ".join(name.upper() for name in dict.fromkeys((terms.video_codec, codecs.FALLBACK)))


def _plan(offer: Description, named: Mapping[Use, int], agreed: Sequence[CodecMap], terms: Terms) -> _Plan:
    publish: dict[Use, int] = {}
    open_slots: list[int] = []
    for index, section in enumerate(offer.sections):
        use = next((use for use, place in named.items() if place == index), None)
        usable = (
            not section.rejected
            and section.proto == _RTP
            and section.mid in offer.bundle
            and bool(codecs.carried(section, agreed))
        )
        if use is not None:
            if not usable:
                wanted = "Opus" if section.kind == "audio" else _pictures(terms)
                raise malformed(f"its {use} section has no {wanted} in the bundle")
            publish[use] = index
        elif usable and section.direction in {"recvonly", "sendrecv"}:
            open_slots.append(index)
    return _Plan(publish, seating.seats_of_slots(offer, open_slots, terms.seats))


def _remote(offer: Description, accepted: Sequence[int]) -> Remote:
    """The transport's parameters are those of the bundle's first section (RFC 9143, 7.1)."""
    section = offer.sections[accepted[0]]
    if section.ice is None and offer.bundle:
        # The others may be bundle-only and say nothing of it, while the first is one that is turned down.
        section = next((s for s in offer.sections if s.mid == offer.bundle[0]), section)
    if section.ice is None:
        raise malformed("it has no ICE user name and password")
    if section.setup not in {"actpass", "active"}:
        raise malformed("it must let the server be the passive side of DTLS (a=setup:actpass)")
    if not offer.sections[accepted[0]].rtcp_mux:
        raise malformed("it must multiplex RTCP with RTP (a=rtcp-mux)")
    return Remote(ice=section.ice, fingerprints=_strong(section.fingerprints), shape=_shape(offer, accepted))


def _strong(fingerprints: Sequence[Fingerprint]) -> tuple[Fingerprint, ...]:
    strong = tuple(f for f in fingerprints if f.algorithm in _DIGEST_BYTES)
    if not strong or any(f.value.count(":") + 1 != _DIGEST_BYTES[f.algorithm] for f in strong):
        raise RoomError(
            "offer_fingerprint",
            "The offer must name its certificate by a whole SHA-256, SHA-384 or SHA-512 fingerprint.",
        )
    return strong


def _shape(offer: Description, accepted: Sequence[int]) -> tuple[tuple[str, str], ...]:
    return tuple(
        (section.kind, section.mid if index in accepted else "") for index, section in enumerate(offer.sections)
    )


def _send_section(offer: Description, index: int, agreed: Sequence[CodecMap], extensions: Extensions) -> SendSection:
    section = offer.sections[index]
    rids = answer.accepted_rids(section, extensions, _MAX_RIDS)
    return SendSection(
        index=index,
        mid=section.mid,
        kind=seating.kind_of(section),
        rids=rids,
        feedback=answer.feedback_of(section, agreed, extensions),
        # With rids the packets say themselves which layer they are; a list of SSRCs would only be ambiguous.
        ssrcs=() if rids else _media_then_rtx(section),
    )


def _media_then_rtx(section: Section) -> tuple[int, ...]:
    for group in section.ssrc_groups:
        if group.semantics == "FID" and len(group.ssrcs) == 2:
            return group.ssrcs
    return section.ssrcs[:1]
