"""Which codec an offer is answered with, in which form, and what every kind of client gets."""

from typing import Any

import aiortc.sdp
import pytest

from room_server.session import codecs, sdp
from room_server.session.negotiation import Negotiated
from room_server.session.plane import Use
from room_server.session.sdp import Codec, Description, Extension
from tests.unit.session import offers
from tests.unit.session.test_negotiation import STAGE, answered, load, negotiate, refused, with_section

DEPENDENCIES = "https://aomediacodec.github.io/av1-rtp-spec/#dependency-descriptor-rtp-header-extension"
GATEWAY: dict[Use, str] = {"microphone": "audio", "camera": "video"}
COMPACT: dict[Use, str] = {"microphone": "mic", "camera": "cam"}


def maps(result: Negotiated) -> list[tuple[str, int, int]]:
    return [(codec.codec, codec.pt, codec.rtx) for codec in result.spec.codecs]


def written(answer: Description, index: int) -> list[tuple[str, str]]:
    """Names and format parameters of a section, in order."""
    return [(codec.name, codec.fmtp) for codec in answer.sections[index].codecs]


@pytest.mark.parametrize(
    ("codec", "pts", "fmtp"),
    [
        ("h264", (108, 109), "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f"),
        ("vp9", (98, 99), "profile-id=0"),
        ("av1", (45, 46), "level-idx=5;profile=0;tier=0"),
    ],
)
@pytest.mark.parametrize("name", ["", "chromium_plain"])
def test_senders_get_the_halls_codec_alone_and_slots_vp8_as_well(
    codec: Any, pts: tuple[int, int], fmtp: str, name: str
) -> None:
    offer = load(name or f"chromium_{codec}")
    publish: dict[Use, str] = {"camera": "1"}
    result = negotiate(offer, publish, seats=2, video_codec=codec)
    answer = answered(result)
    slot = next(slot.index for slot in result.spec.slots if slot.kind == "video")
    assert maps(result) == [("opus", 111, 0), (codec, *pts), ("vp8", 96, 97)]
    assert written(answer, 1) == [(codec, fmtp), ("rtx", f"apt={pts[0]}")]
    assert written(answer, slot) == [(codec, fmtp), ("rtx", f"apt={pts[0]}"), ("vp8", ""), ("rtx", "apt=96")]
    assert answer.sections[1].codecs[0].feedback == ("nack", "nack pli", "transport-cc")
    assert answer.sections[1].simulcast_recv == offer.sections[1].simulcast_send != ()
    assert (result.sent, result.shown) == ({"camera": codec}, (codec, "vp8"))


def test_dependencies_are_described_for_av1_and_for_nothing_else() -> None:
    av1 = negotiate(load("chromium_av1"), STAGE, seats=2, video_codec="av1")
    described = [i for i, s in enumerate(answered(av1).sections) if any(e.uri == DEPENDENCIES for e in s.extensions)]
    assert described == [1, 2, 6, 7, 8]
    assert (av1.spec.extensions.dependency_descriptor, av1.spec.two_byte) == (13, True)
    vp8 = negotiate(load("chromium_plain"), {"camera": "1"})
    assert vp8.spec.extensions.dependency_descriptor == 0
    assert DEPENDENCIES not in sdp.write(vp8.render(5004))
    # A keyframe's descriptor would not fit the only headers that this client takes.
    narrow = sdp.parse(_without(offers.load("chromium_av1"), "a=extmap-allow-mixed"))
    short = negotiate(narrow, STAGE, seats=2, video_codec="av1")
    assert (short.spec.extensions.dependency_descriptor, short.spec.two_byte) == (0, False)
    assert "allow-mixed" not in sdp.write(short.render(5004))


def test_firefox_allows_two_byte_headers_section_by_section_and_takes_no_descriptors_in_slots() -> None:
    result = negotiate(load("firefox_av1"), STAGE, seats=2, video_codec="av1")
    answer = answered(result)
    assert maps(result) == [("opus", 109, 0), ("av1", 99, 100), ("vp8", 120, 124)]
    assert (answer.extmap_allow_mixed, {s.extmap_allow_mixed for s in answer.sections}) == (False, {True})
    assert (result.spec.two_byte, result.spec.extensions.dependency_descriptor) == (True, 0)
    assert DEPENDENCIES not in sdp.write(result.render(5004))
    assert answer.sections[1].simulcast_recv == ("q", "h", "f")


def test_whoever_lacks_the_halls_codec_sends_and_sees_vp8() -> None:
    for name, publish in (("firefox_stage", {"camera": "1"}), ("chromium_stage", STAGE)):
        result = negotiate(load(name), publish, video_codec="h264")
        assert result.shown == ("vp8",)
        assert set(result.sent.values()) == {"vp8"}
        assert [codec.codec for codec in result.spec.codecs] == ["opus", "vp8"]


def test_a_sender_may_lack_what_its_slots_have() -> None:
    offer = load("chromium_h264")
    camera = tuple(codec for codec in offer.sections[1].codecs if codec.name != "h264")
    result = negotiate(with_section(offer, 1, codecs=camera), STAGE, seats=2, video_codec="h264")
    assert result.sent == {"camera": "vp8", "screen": "h264"}
    assert result.shown == ("h264", "vp8")


def test_one_payload_type_that_means_two_things_is_taken_where_it_means_the_first() -> None:
    offer = load("chromium_h264")
    other = tuple(Codec(108, "vp9", 90_000) if codec.pt == 108 else codec for codec in offer.sections[7].codecs)
    result = negotiate(with_section(offer, 7, codecs=other), STAGE, seats=2, video_codec="h264")
    assert [name for name, _ in written(answered(result), 7)] == ["vp8", "rtx"]


@pytest.mark.parametrize(
    ("offered", "form"),
    [
        (Codec(1, "h264", 90_000, fmtp="packetization-mode=1;profile-level-id=42e01f"), "h264"),
        (Codec(1, "h264", 90_000, fmtp=" Profile-Level-ID=42C01E ; packetization-mode=1"), "h264"),
        (Codec(1, "h264", 90_000, fmtp="packetization-mode=1;profile-level-id=42f00a"), "h264"),
        (Codec(1, "h264", 90_000, fmtp="packetization-mode=1;profile-level-id=42001f"), None),
        (Codec(1, "h264", 90_000, fmtp="packetization-mode=1;profile-level-id=42801f"), None),
        (Codec(1, "h264", 90_000, fmtp="packetization-mode=1;profile-level-id=64001f"), None),
        (Codec(1, "h264", 90_000, fmtp="packetization-mode=0;profile-level-id=42e01f"), None),
        (Codec(1, "h264", 90_000, fmtp="profile-level-id=42e01f"), None),
        (Codec(1, "h264", 90_000, fmtp="packetization-mode=1"), None),
        (Codec(1, "h264", 90_000, fmtp="packetization-mode=1;profile-level-id=42e01f\ra=x"), None),
        (Codec(1, "vp9", 90_000), "vp9"),
        (Codec(1, "vp9", 90_000, fmtp="profile-id=2"), None),
        (Codec(1, "av1", 90_000), "av1"),
        (Codec(1, "av1", 90_000, fmtp="profile=1"), None),
        (Codec(1, "vp8", 90_000), "vp8"),
        (Codec(1, "vp8", 8_000), None),
        (Codec(1, "h265", 90_000), None),
    ],
)
def test_of_each_codec_the_one_form_that_everybody_speaks(offered: Codec, form: str | None) -> None:
    assert codecs.video_form(offered) == form


@pytest.mark.parametrize(
    ("fmtp", "answer"),
    [
        ("level-idx=8;profile=0;tier=1", "level-idx=8;profile=0;tier=1"),
        ("level-idx=8\rx;tier=" + "9" * 50, "level-idx=5;profile=0;tier=0"),
    ],
)
def test_an_offers_parameters_reach_the_answer_only_as_numbers(fmtp: str, answer: str) -> None:
    offer = load("chromium_av1")
    odd = tuple(
        Codec(c.pt, c.name, c.clock, fmtp=fmtp if c.name == "av1" else c.fmtp) for c in offer.sections[1].codecs
    )
    result = negotiate(with_section(offer, 1, codecs=odd), {"camera": "1"}, seats=2, video_codec="av1")
    assert result.answer.sections[1].codecs[0].fmtp == answer


def test_a_gateway_with_full_ice_real_ports_and_several_fingerprints() -> None:
    result = negotiate(load("gateway"), GATEWAY, video_codec="h264")
    assert maps(result) == [("opus", 101, 0), ("h264", 121, 0), ("vp8", 122, 0)]
    microphone, camera = result.spec.sends
    assert (microphone.feedback, camera.feedback, camera.rids, camera.ssrcs) == ("none", "goog-remb", (), (2271560481,))
    answer = answered(result)
    assert written(answer, 1) == [("h264", "packetization-mode=1;profile-level-id=42C01E")]
    assert answer.sections[1].codecs[0].feedback == ("nack pli", "goog-remb")
    text = sdp.write(result.render(5004))
    assert not [word for word in ("rtcp-rsize", "allow-mixed", "transport-cc", "extmap", "simulcast") if word in text]
    assert [f.algorithm for f in result.remote.fingerprints] == ["sha-256", "sha-384", "sha-512"]


def test_the_same_gateway_as_a_viewer_is_sent_what_it_can_show() -> None:
    result = negotiate(load("gateway"), {}, video_codec="h264")
    assert [(slot.kind, slot.rtx_ssrc) for slot in result.spec.slots] == [("audio", 0), ("video", 0)]
    assert result.shown == ("h264", "vp8")
    assert negotiate(load("gateway"), {}, video_codec="av1").shown == ("vp8",)


def test_a_broadcaster_only_sends_and_says_its_transport_once() -> None:
    stage: dict[Use, str] = {"microphone": "0", "camera": "1"}
    result = negotiate(load("broadcaster"), stage, video_codec="h264")
    assert (result.spec.slots, result.shown, result.sent) == ((), (), {"camera": "h264"})
    assert [s.direction for s in answered(result).sections] == ["recvonly", "recvonly"]
    assert [s.ssrcs for s in result.spec.sends] == [(1093405567,), (1093405568,)]
    # It has nothing but H.264: elsewhere its sound is welcome, and its picture is refused by name.
    assert refused(lambda: negotiate(load("broadcaster"), stage)) == "offer_malformed"
    assert negotiate(load("broadcaster"), {"microphone": "0"}).publish == {"microphone": 0}


def test_a_compact_offer_whose_transport_is_that_of_a_section_turned_down() -> None:
    result = negotiate(load("compact"), COMPACT, video_codec="av1")
    answer = answered(result)
    assert [s.port for s in answer.sections] == [0, 9, 9, 9]
    assert result.remote.ice.ufrag == "c0mp"
    assert (result.spec.two_byte, answer.extmap_allow_mixed) == (True, False)
    assert [s.extmap_allow_mixed for s in answer.sections] == [False, True, True, True]
    camera = answer.sections[2]
    assert camera.simulcast_recv == ("lo", "hi")
    assert Extension(8, DEPENDENCIES, "recvonly") in camera.extensions
    assert Extension(9, "urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id", "recvonly") in camera.extensions
    assert Extension(3, "urn:ietf:params:rtp-hdrext:sdes:mid") in camera.extensions
    assert Extension(8, DEPENDENCIES, "sendonly") in answer.sections[3].extensions
    assert result.spec.sends[1].feedback == "transport-cc"
    assert "goog-remb" not in camera.codecs[0].feedback
    assert [name for name, _ in written(answer, 3)] == ["av1", "vp8"]
    # VP8 in the same offer has goog-remb, though the extension for transport-cc is there.
    assert negotiate(load("compact"), COMPACT).spec.sends[1].feedback == "goog-remb"


@pytest.mark.parametrize("codec", ["vp8", "h264", "vp9", "av1"])
@pytest.mark.parametrize("name", ["chromium_plain", "chromium_phone", "aiortc_stage", "gateway", "compact"])
def test_an_independent_reader_finds_the_same_codecs(name: str, codec: Any) -> None:
    result = negotiate(load(name), {}, video_codec=codec)
    read = aiortc.sdp.SessionDescription.parse(sdp.write(result.render(5004)))
    for slot in result.spec.slots:
        theirs = {c.payloadType: c.mimeType.lower() for c in read.media[slot.index].rtp.codecs if c.name != "rtx"}
        ours = codecs.carried(load(name).sections[slot.index], result.spec.codecs)
        assert theirs == {c.map.pt: f"{slot.kind}/{c.map.codec}" for c in ours}


def _without(text: str, line: str) -> str:
    return "".join(kept for kept in text.splitlines(keepends=True) if kept.strip() != line)
