"""One offer, one answer: what is taken up, what is turned down, and what a restart may change."""

import random
from collections.abc import Callable, Mapping
from typing import Any

import aiortc.sdp
import msgspec
import pytest

from room_server.errors import RoomError
from room_server.session import negotiation, sdp
from room_server.session.negotiation import Negotiated, Terms
from room_server.session.plane import LANGUAGE_SEAT, SCREEN_SEAT, SPEAKER_SEAT, Use
from room_server.session.sdp import Credentials, Description, Fingerprint, Section
from tests.unit.session import offers

OURS = Credentials("uuuuuuuu", "p" * 24)
DIGEST = ":".join(["AB"] * 32)
TERMS = Terms(
    peer=7,
    hall=3,
    seats=8,
    staff=True,
    echo_group=5,
    fingerprint=Fingerprint("sha-256", DIGEST),
    announce=("192.0.2.1", "2001:db8::1"),
)
STAGE: Mapping[Use, str] = {"microphone": "0", "camera": "1", "screen": "2"}


def negotiate(offer: Description, publish: Mapping[Use, str] = {}, **terms: Any) -> Negotiated:
    return negotiation.negotiate(
        offer, publish=publish, terms=msgspec.structs.replace(TERMS, **terms), credentials=OURS
    )


def load(name: str) -> Description:
    return sdp.parse(offers.load(name))


def answered(negotiated: Negotiated) -> Description:
    """What a reader of our answer's text sees."""
    return sdp.parse(sdp.write(negotiated.render(5004)))


def with_section(offer: Description, index: int, **changes: Any) -> Description:
    sections = list(offer.sections)
    sections[index] = msgspec.structs.replace(sections[index], **changes)
    return msgspec.structs.replace(offer, sections=tuple(sections))


def refused(action: Callable[[], object]) -> str:
    with pytest.raises(RoomError) as error:
        action()
    return error.value.code


def test_an_attendee_only_receives_and_every_seat_has_its_slot() -> None:
    result = negotiate(load("chromium_attendee"), staff=False, echo_group=0)
    spec = result.spec
    assert (spec.peer, spec.hall, spec.staff, spec.echo_group, spec.sends) == (7, 3, False, 0, ())
    assert [s.seat for s in spec.slots if s.kind == "audio"] == [*range(1, 9), LANGUAGE_SEAT]
    assert [s.seat for s in spec.slots if s.kind == "video"] == [*range(1, 9), SCREEN_SEAT]
    assert [(c.codec, c.pt, c.rtx) for c in spec.codecs] == [("opus", 111, 0), ("vp8", 96, 97)]
    assert (spec.ufrag, spec.pwd, spec.remote_ufrag) == (
        OURS.ufrag,
        OURS.pwd,
        load("chromium_attendee").sections[0].ice.ufrag,
    )


def test_slots_are_sent_with_rtx_and_remb_and_lip_synced_by_seat() -> None:
    result = negotiate(load("chromium_attendee"))
    audio, video = (answered(result).sections[i] for i in (1, 10))
    assert (audio.direction, video.direction) == ("sendonly", "sendonly")
    assert audio.msid.split()[0] == video.msid.split()[0] == "seat2"
    assert answered(result).sections[17].msid.split()[0] == "slot17"  # the screen pairs with nobody
    # What sender reports say is what the answer says.
    answers = answered(result).sections
    assert [s.cname for s in result.spec.slots] == [answers[s.index].msid.split()[0] for s in result.spec.slots]
    assert all(answers[s.index].cname == s.cname for s in result.spec.slots)
    assert video.codecs[0].feedback == ("goog-remb", "nack", "nack pli")
    assert [e.uri.rpartition("/")[2] for e in video.extensions] == [
        "abs-send-time",
        "urn:ietf:params:rtp-hdrext:sdes:mid",
    ]
    slot = result.spec.slots[10]
    assert video.ssrcs == (slot.ssrc, slot.rtx_ssrc)
    assert video.ssrc_groups == (sdp.SsrcGroup("FID", (slot.ssrc, slot.rtx_ssrc)),)
    assert audio.ssrcs == (result.spec.slots[1].ssrc,)


def test_a_publisher_is_received_with_its_layers_and_steered_by_transport_cc_alone() -> None:
    result = negotiate(load("chromium_stage"), STAGE)
    assert result.publish == {"microphone": 0, "camera": 1, "screen": 2}
    microphone, camera, screen = result.spec.sends
    assert (camera.rids, screen.rids, camera.feedback, microphone.feedback) == (
        ("q", "h", "f"),
        ("h", "f"),
        "transport-cc",
        "transport-cc",
    )
    section = answered(result).sections[1]
    assert (section.direction, section.simulcast_recv) == ("recvonly", ("q", "h", "f"))
    assert section.codecs[0].feedback == ("nack", "nack pli", "transport-cc")
    assert {(e.id, e.uri.rpartition(":")[2]) for e in section.extensions} >= {(4, "mid"), (10, "rtp-stream-id")}
    assert (result.spec.extensions.transport_cc, result.spec.extensions.rrid) == (3, 11)
    assert "useinbandfec=1" in answered(result).sections[0].codecs[0].fmtp


def test_who_offers_to_ask_for_its_round_trip_may_on_pictures_that_it_receives() -> None:
    answer = answered(negotiate(load("chromium_stage"), STAGE))
    asking = {(section.kind, section.direction) for section in answer.sections if section.rtcp_xr_rtt}
    assert asking == {("video", "sendonly")}
    assert "a=rtcp-xr:rcvr-rtt=all\r\n" in sdp.write(answer)
    firefox = answered(negotiate(load("firefox_stage"), {"microphone": "0", "camera": "1"}))
    assert not any(section.rtcp_xr_rtt for section in firefox.sections)


def test_the_answer_is_ice_lite_in_one_bundle_with_candidates_where_clients_look() -> None:
    answer = answered(negotiate(load("chromium_stage"), STAGE))
    assert answer.ice_lite
    assert answer.bundle == load("chromium_stage").bundle
    assert answer.extmap_allow_mixed
    assert all(
        s.setup == "passive" and s.ice == OURS and s.fingerprints == (TERMS.fingerprint,) for s in answer.sections
    )
    text = sdp.write(negotiate(load("chromium_stage"), STAGE).render(5004))
    assert text.count("a=candidate:") == 4
    assert "a=candidate:1 " in text.split("m=")[-1]  # where aiortc looks
    assert "a=candidate:1 1 udp 2130706431 192.0.2.1 5004 typ host\r\n" in text.split("m=")[1]
    assert "a=candidate:2 1 udp 2130706175 2001:db8::1 5004 typ host\r\n" in text.split("m=")[1]


def test_firefox_gets_its_ids_and_directions_mirrored() -> None:
    result = negotiate(load("firefox_stage"), {"microphone": "0", "camera": "1"})
    camera = answered(result).sections[1]
    assert (camera.port, camera.simulcast_recv) == (9, ("q", "h", "f"))
    assert sdp.Extension(9, "urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id", "recvonly") in camera.extensions
    assert [(c.codec, c.pt, c.rtx) for c in result.spec.codecs] == [("opus", 109, 0), ("vp8", 120, 124)]
    assert result.spec.sends[1].ssrcs == ()
    assert not answered(result).extmap_allow_mixed


def test_aiortc_has_no_transport_cc_and_reads_ssrcs_by_their_order() -> None:
    result = negotiate(load("aiortc_stage"), {"microphone": "0", "camera": "1"})
    assert [send.feedback for send in result.spec.sends] == ["none", "goog-remb"]
    assert result.spec.sends[1].ssrcs == (2518865529, 2503935451)
    reader = aiortc.sdp.SessionDescription.parse(sdp.write(result.render(5004)))
    slot = next(s for s in result.spec.slots if s.mid == "4")
    assert [ssrc.ssrc for ssrc in reader.media[4].ssrc] == [slot.ssrc, slot.rtx_ssrc]
    assert reader.media[-1].ice_candidates[0].ip == "192.0.2.1"
    assert reader.media[1].dtls.role == "server"


@pytest.mark.parametrize(
    ("name", "publish", "seats", "expected"),
    [
        ("chromium_phone", {}, 8, [SPEAKER_SEAT, SCREEN_SEAT]),
        ("chromium_largest", STAGE, 16, [*range(1, 17), SCREEN_SEAT]),
        ("chromium_attendee", {}, 9, [*range(1, 10)]),
        ("chromium_attendee", {}, 12, [SPEAKER_SEAT, SCREEN_SEAT, *range(1, 8)]),
        ("chromium_attendee", {}, 4, [1, 2, 3, 4, SCREEN_SEAT]),
    ],
)
def test_which_seat_feeds_which_video_slot(
    name: str, publish: Mapping[Use, str], seats: int, expected: list[int]
) -> None:
    result = negotiate(load(name), publish, seats=seats)
    assert [s.seat for s in result.spec.slots if s.kind == "video"] == expected
    answer = answered(result)
    left_over = [s for s in answer.sections if s.port == 0]
    assert len(answer.bundle) + len(left_over) == len(answer.sections)
    assert not {s.mid for s in left_over} & set(answer.bundle)


def test_slots_that_follow_the_speaker_have_streams_of_their_own() -> None:
    answer = answered(negotiate(load("chromium_phone")))
    streams = [s.msid.split()[0] for s in answer.sections]
    assert len(set(streams)) == len(streams)


def test_no_answer_ever_repeats_an_ssrc_of_the_offer_or_its_own() -> None:
    offer = load("firefox_stage")
    theirs = {ssrc for section in offer.sections for ssrc in section.ssrcs}
    source = iter([*theirs, 70_000, 70_000, *range(70_001, 70_100)])
    result = negotiation.negotiate(offer, publish={}, terms=TERMS, credentials=OURS, ssrc_source=lambda: next(source))
    ours = [n for slot in result.spec.slots for n in (slot.ssrc, slot.rtx_ssrc) if n]
    assert len(set(ours)) == len(ours)
    assert not theirs & set(ours)
    assert all(65_536 <= negotiation.new_ssrc() < 2**32 for _ in range(100))


def test_what_nobody_here_speaks_is_answered_with_port_0() -> None:
    data = Section(kind="application", port=9, proto="UDP/DTLS/SCTP", formats=("webrtc-datachannel",), mid="d")
    offer = load("chromium_attendee")
    offer = msgspec.structs.replace(offer, sections=(data, *offer.sections), bundle=("d", *offer.bundle))
    h264 = sdp.Codec(96, "h264", 90_000)
    offer = with_section(offer, 12, codecs=(h264,))
    over = Section(kind="video", port=0, proto="UDP/TLS/RTP/SAVPF", formats=("0",))
    offer = msgspec.structs.replace(offer, sections=(*offer.sections, over))
    answer = answered(negotiate(offer))
    assert [i for i, s in enumerate(answer.sections) if s.port == 0] == [0, 12, 19]
    assert answer.sections[0].formats == ("webrtc-datachannel",)
    assert answer.bundle == tuple(s.mid for i, s in enumerate(offer.sections) if i not in {0, 12, 19})
    assert "a=candidate" in sdp.write(negotiate(offer).render(1)).split("m=")[2]


def test_a_slot_without_rtx_gets_none() -> None:
    offer = load("chromium_attendee")
    vp8 = next(c for c in offer.sections[9].codecs if c.name == "vp8")
    result = negotiate(with_section(offer, 9, codecs=(vp8,)))
    assert [s.rtx_ssrc == 0 for s in result.spec.slots if s.kind == "video"] == [True] + [False] * 8
    assert len(answered(result).sections[9].ssrcs) == 1


def test_extension_ids_that_contradict_each_other_or_do_not_fit_are_left_out() -> None:
    offer = load("chromium_attendee")
    clash = tuple(
        msgspec.structs.replace(e, id=4 if "abs-send" in e.uri else e.id) for e in offer.sections[1].extensions
    )
    wide = tuple(msgspec.structs.replace(e, id=15) for e in offer.sections[2].extensions)
    answer = answered(negotiate(with_section(with_section(offer, 1, extensions=clash), 2, extensions=wide)))
    assert [e.id for e in answer.sections[0].extensions] == [1, 2, 4]
    assert [e.id for e in answer.sections[1].extensions] == [1, 4]
    assert answer.sections[2].extensions == ()


@pytest.mark.parametrize(
    ("publish", "reason"),
    [
        ({"microphone": "99"}, "does not have"),
        ({"microphone": "1"}, "sends no audio"),
        ({"camera": "12"}, "sends no video"),
        ({"camera": "1", "screen": "1"}, "does not have"),
        ({"telescope": "1"}, "telescope"),
    ],
)
def test_publish_must_name_sections_that_send(publish: Mapping[Use, str], reason: str) -> None:
    with pytest.raises(RoomError, match=reason) as error:
        negotiate(load("chromium_stage"), publish)
    assert error.value.code == "offer_malformed"


def test_offers_that_cannot_make_a_transport() -> None:
    offer = load("chromium_attendee")
    assert refused(lambda: negotiate(with_section(offer, 0, ice=None))) == "offer_malformed"
    assert refused(lambda: negotiate(with_section(offer, 0, setup="passive"))) == "offer_malformed"
    assert refused(lambda: negotiate(with_section(offer, 0, rtcp_mux=False))) == "offer_malformed"
    assert refused(lambda: negotiate(msgspec.structs.replace(offer, bundle=()))) == "no_media"
    assert refused(lambda: negotiate(msgspec.structs.replace(offer, sections=()))) == "no_media"
    camera_less = with_section(load("chromium_stage"), 1, codecs=(sdp.Codec(96, "h264", 90_000),))
    assert refused(lambda: negotiate(camera_less, STAGE)) == "offer_malformed"


@pytest.mark.parametrize(
    "fingerprints",
    [
        (),
        (Fingerprint("sha-1", ":".join(["AB"] * 20)),),
        (Fingerprint("sha-256", ":".join(["AB"] * 20)),),
        (Fingerprint("sha-256", DIGEST), Fingerprint("sha-512", DIGEST)),
    ],
)
def test_a_certificate_must_be_named_by_sha_256_or_better(fingerprints: tuple[Fingerprint, ...]) -> None:
    offer = with_section(load("chromium_attendee"), 0, fingerprints=fingerprints)
    assert refused(lambda: negotiate(offer)) == "offer_fingerprint"


def test_an_answer_reads_back_as_it_was_written() -> None:
    for name, publish in {"chromium_stage": STAGE, "firefox_stage": {"camera": "1"}, "aiortc_stage": {}}.items():
        description = negotiate(load(name), publish).answer
        again = sdp.parse(sdp.write(description))
        assert sdp.write(again).lower() == sdp.write(description).lower()


def restart_of(offer: Description) -> Description:
    theirs = Credentials("newu", "n" * 24)
    return msgspec.structs.replace(
        offer, sections=tuple(msgspec.structs.replace(s, ice=theirs) for s in offer.sections)
    )


def test_a_restart_is_answered_with_the_stored_answer_under_new_credentials() -> None:
    offer = load("chromium_stage")
    first = negotiate(offer, STAGE)
    stored = first.render(5004)
    remote = negotiation.check_restart(restart_of(offer), first.remote)
    assert remote.ice.ufrag == "newu"
    fresh = Credentials("vvvvvvvv", "q" * 24)
    old, new = sdp.write(stored), sdp.write(negotiation.restarted(stored, fresh))
    assert new.replace(fresh.ufrag, OURS.ufrag).replace(fresh.pwd, OURS.pwd) == old.replace(" 1 IN IP4", " 2 IN IP4", 1)
    again = negotiation.check_restart(offer, remote)
    assert again.ice == first.remote.ice


def test_a_restart_may_have_lost_the_mids_of_sections_that_were_turned_down() -> None:
    offer = with_section(load("chromium_stage"), 20, codecs=())
    first = negotiate(offer, STAGE)
    later = with_section(restart_of(offer), 20, port=0, mid="")
    assert negotiation.check_restart(later, first.remote).ice.ufrag == "newu"


def test_what_is_no_restart() -> None:
    offer = load("chromium_stage")
    first = negotiate(offer, STAGE).remote
    restart = restart_of(offer)

    def check(changed: Description) -> str:
        return refused(lambda: negotiation.check_restart(changed, first))

    assert check(offer) == "offer_not_a_restart"
    assert check(msgspec.structs.replace(restart, sections=restart.sections[:-1])) == "offer_not_a_restart"
    assert check(msgspec.structs.replace(restart, sections=())) == "offer_not_a_restart"
    assert check(with_section(restart, 3, mid="other")) == "offer_not_a_restart"
    assert check(with_section(restart, 3, kind="video")) == "offer_not_a_restart"
    assert check(with_section(restart, 0, fingerprints=(Fingerprint("sha-256", DIGEST),))) == "offer_fingerprint"


def test_credentials_are_ice_characters_and_differ() -> None:
    made = [negotiation.new_credentials() for _ in range(50)]
    assert len({c.ufrag for c in made}) == 50
    text = offers.load("aiortc_stage")
    offer = sdp.parse(text)
    assert offer.sections[0].ice is not None
    random_one = random.Random(1).choice(made)
    replaced = text.replace(offer.sections[0].ice.ufrag, random_one.ufrag)
    assert sdp.parse(replaced).sections[0].ice == Credentials(random_one.ufrag, offer.sections[0].ice.pwd)
