"""Reading offers: what real clients send, what hostile ones might."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from room_server.errors import RoomError
from room_server.session import sdp
from tests.unit.session import offers

MINIMAL = "v=0\r\no=- 1 2 IN IP4 0.0.0.0\r\n"
AUDIO = MINIMAL + "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:0\r\n"


@pytest.mark.parametrize("name", offers.NAMES)
def test_every_section_of_a_real_offer_is_read(name: str) -> None:
    text = offers.load(name)
    offer = sdp.parse(text)
    assert [s.mid for s in offer.sections] == list(offer.bundle) == [str(i) for i in range(text.count("\nm="))]
    for section in offer.sections:
        assert section.ice is not None or section.bundle_only
        assert section.setup == "actpass"
        assert section.rtcp_mux
        assert section.bundle_only or section.fingerprints[0].algorithm == "sha-256"
        assert {"opus"} <= {c.name for c in section.codecs} or {"vp8", "rtx"} <= {c.name for c in section.codecs}


def test_chromium_simulcast_section() -> None:
    camera = sdp.parse(offers.load("chromium_stage")).sections[1]
    assert (camera.kind, camera.direction, camera.simulcast_send) == ("video", "sendonly", ("q", "h", "f"))
    assert [rid.id for rid in camera.rids] == ["q", "h", "f"]
    vp8 = next(codec for codec in camera.codecs if codec.name == "vp8")
    assert vp8 == sdp.Codec(96, "vp8", 90_000, feedback=("goog-remb", "transport-cc", "ccm fir", "nack", "nack pli"))
    assert sdp.Extension(10, "urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id") in camera.extensions


def test_firefox_session_level_and_bundle_only() -> None:
    offer = sdp.parse(offers.load("firefox_stage"))
    assert all(section.fingerprints == offer.sections[0].fingerprints for section in offer.sections)
    camera = offer.sections[1]
    assert (camera.port, camera.bundle_only, camera.rejected) == (0, True, False)
    assert [codec.pt for codec in camera.codecs] == [120, 124]  # feedback for 126 and 97 leads nowhere
    assert sdp.Extension(9, "urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id", "sendonly") in camera.extensions
    assert len(camera.ssrc_groups) == 3


def test_port_zero_alone_is_a_rejected_section_and_may_have_lost_its_mid() -> None:
    offer = sdp.parse(AUDIO + "m=video 0 UDP/TLS/RTP/SAVPF 96\r\n")
    assert offer.sections[1].rejected
    assert not offer.sections[0].rejected


def test_dangling_format_parameters_and_wildcard_feedback() -> None:
    extra = "a=fmtp:99 apt=98\r\na=rtcp-fb:* nack\r\na=rtpmap:111 opus/48000/2\r\na=rtcp-fb:111 transport-cc\r\n"
    assert sdp.parse(AUDIO + extra).sections[0].codecs == (
        sdp.Codec(111, "opus", 48_000, 2, feedback=("nack", "transport-cc")),
    )


def test_parameters_longer_than_any_client_writes_are_passed_over() -> None:
    extra = "a=rtpmap:111 opus/48000/2\r\na=fmtp:111 {}\r\n"
    kept, passed_over = (sdp.parse(AUDIO + extra.format("x" * length)).sections[0].codecs[0] for length in (1024, 1025))
    assert (len(kept.fmtp), passed_over.fmtp) == (1024, "")


@pytest.mark.parametrize(
    ("value", "expect"),
    [
        ("rcvr-rtt=all", True),
        ("stat-summary=loss rcvr-rtt=all:10000 voip-metrics", True),
        ("rcvr-rtt=sender", False),
        ("", False),
    ],
)
def test_a_round_trip_may_be_asked_for(value: str, expect: bool) -> None:
    text = offers.load("chromium_attendee").replace("a=rtcp-xr:rcvr-rtt=all", f"a=rtcp-xr:{value}")
    assert {section.rtcp_xr_rtt for section in sdp.parse(text).sections} == {expect}


def test_simulcast_takes_the_first_alternative_paused_or_not() -> None:
    section = sdp.parse(AUDIO + "a=simulcast:send a,b;~c recv d\r\n").sections[0]
    assert (section.simulcast_send, section.simulcast_recv) == (("a", "c"), ("d",))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "hello",
        "v=1\r\n",
        MINIMAL + "m=audio\r\n",
        MINIMAL + "m=audio 70000 UDP/TLS/RTP/SAVPF 111\r\na=mid:0\r\n",
        MINIMAL + "m=audio -9 UDP/TLS/RTP/SAVPF 111\r\na=mid:0\r\n",
        MINIMAL + "m=audio ٩ UDP/TLS/RTP/SAVPF 111\r\na=mid:0\r\n",
        MINIMAL + "m=audio 9 UDP/TLS/RTP/SAVPF " + "1 " * 200 + "\r\na=mid:0\r\n",
        MINIMAL + "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\n",
        MINIMAL + "m=audio 9 UDP/TLS/RTP/SAVPF -1\r\na=mid:0\r\n",
        MINIMAL + "m=audio 9 0 111\r\na=mid:0\r\n",
        AUDIO + AUDIO[len(MINIMAL) :],
        "v=0\r\no=- x 2 IN IP4 0.0.0.0\r\n",
        AUDIO + "a=mid:a b\r\n",
        AUDIO + "a=mid:" + "x" * 17 + "\r\n",
        AUDIO + "a=rtpmap:111 opus\r\n",
        AUDIO + "a=rtpmap:300 opus/48000/2\r\n",
        AUDIO + "a=rtpmap:111 opus/" + "9" * 5000 + "\r\n",
        AUDIO + "a=extmap:x urn:x\r\n",
        AUDIO + "a=extmap:1/up urn:x\r\n",
        AUDIO + "a=fingerprint:sha-256 zz\r\n",
        AUDIO + "a=ice-ufrag:a\r\n",
        AUDIO + "a=ice-pwd:short\r\n",
        AUDIO + "a=setup:maybe\r\n",
        AUDIO + "a=rid:q\r\n",
        AUDIO + "a=simulcast:send\r\n",
        AUDIO + "a=ssrc:4294967296 cname:x\r\n",
        AUDIO + "a=ssrc-group:FID 1 x\r\n",
        MINIMAL + "".join(f"m=audio 9 UDP/TLS/RTP/SAVPF 0\r\na=mid:{i}\r\n" for i in range(sdp.MAX_SECTIONS + 1)),
        AUDIO + "a=x\n" * 20_000,
        MINIMAL + "a=group:BUNDLE" + " 0" * (sdp.MAX_SECTIONS + 1) + "\r\n",
        AUDIO + "a=fingerprint:sha-256 AB:CD\r\n" * 17,
        AUDIO + "a=x:" + "y" * sdp.MAX_SIZE,
    ],
)
def test_a_malformed_offer_is_one_clear_error(text: str) -> None:
    with pytest.raises(RoomError) as refused:
        sdp.parse(text)
    assert refused.value.code == "offer_malformed"
    assert refused.value.message.endswith("Reload the page to make a new one.")
    assert len(refused.value.message) < 200


@given(st.text())
def test_no_text_breaks_the_reader(text: str) -> None:
    assert _refusal(text) in {"", "offer_malformed"}
    assert _refusal(AUDIO + text) in {"", "offer_malformed"}


def test_reading_an_attendees_offer_takes_well_under_a_join() -> None:
    text = offers.load("chromium_attendee")
    assert len(text) <= 12_288
    best = min(_thread_seconds(text) for _ in range(20))
    assert best < 0.002  # 0.6 ms on a slow, shared core


def _thread_seconds(text: str) -> float:
    before = time.thread_time()
    sdp.parse(text)
    return time.thread_time() - before


def _refusal(text: str) -> str:
    try:
        sdp.parse(text)
    except RoomError as refused:
        return refused.code
    return ""
