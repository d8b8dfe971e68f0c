"""Whatever an offer says, it is refused by a known code or answered in good form, and soon."""

import time
from collections.abc import Callable
from itertools import count
from typing import ParamSpec, TypeVar

import aiortc.sdp
import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from room_server.errors import RoomError
from room_server.session import negotiation, precedents, sdp
from room_server.session.negotiation import Negotiated
from room_server.session.sdp import Description, Section
from room_server.townhall.values import VideoCodec
from tests.unit.session import hostile, offers
from tests.unit.session.test_negotiation import OURS, TERMS

T = TypeVar("T")
P = ParamSpec("P")

REFUSALS = {"offer_malformed", "offer_fingerprint", "no_media"}
# Seconds of one core. A join costs 3 to 4 ms; what a stranger may make of that must stay far from what people notice.
WORST_ANSWER = 0.2
WORST_REFUSAL = 0.05

# Where ours begin here: fixed, so that answers can be compared.
FIRST_SSRC = 1 << 31

_HEAD = "v=0\r\no=- 1 2 IN IP4 0.0.0.0\r\n"
_BUNDLE = "a=group:BUNDLE " + " ".join(map(str, range(sdp.MAX_SECTIONS))) + "\r\n"
_TRANSPORT = (
    f"a=ice-ufrag:abcd\r\na=ice-pwd:{'p' * 24}\r\na=fingerprint:sha-256 {':'.join(['AB'] * 32)}\r\n"
    "a=setup:actpass\r\na=rtcp-mux\r\n"
)
_VP8 = "a=rtpmap:96 VP8/90000\r\n"
_EVERY_PT = " ".join(map(str, range(128)))
_EVERY_MAP = "".join(f"a=rtpmap:{pt} H264/90000\r\n" for pt in range(127)) + "a=rtpmap:127 VP8/90000\r\n"

_thorough = settings(max_examples=400, suppress_health_check=[HealthCheck.too_slow], deadline=None)
"""The time of one example is measured where it matters, on this thread's own clock."""


@_thorough
@given(
    hostile.any_offer(),
    st.sampled_from(["vp8", "h264", "vp9", "av1"]),
    st.sampled_from([{}, {"microphone": "0"}, {"microphone": "0", "camera": "1"}, {"camera": "cam"}]),
)
def test_any_offer_is_refused_by_a_known_code_or_answered_in_good_form(
    text: str, codec: VideoCodec, publish: dict[str, str]
) -> None:
    began = time.thread_time()
    outcome = _outcome(lambda: _answer(sdp.parse(text), codec, publish))
    if time.thread_time() - began > WORST_ANSWER:  # or a collection of hypothesis' own garbage fell into it
        again = min(_seconds(lambda: _outcome(lambda: _answer(sdp.parse(text), codec, publish))) for _ in range(3))
        assert again < WORST_ANSWER
    _check_precedent(text, outcome, codec, publish)
    if isinstance(outcome, RoomError):
        _check_refusal(outcome, REFUSALS)
    else:
        _check_answer(sdp.parse(text), outcome, codec)


@given(hostile.any_offer(), st.sampled_from(["chromium_phone", "gateway", "compact"]))
def test_any_offer_is_a_restart_of_the_first_or_refused(text: str, name: str) -> None:
    first = negotiation.negotiate(sdp.parse(offers.load(name)), publish={}, terms=TERMS, credentials=OURS).remote
    outcome = _outcome(lambda: negotiation.check_restart(sdp.parse(text), first))
    if isinstance(outcome, RoomError):
        _check_refusal(outcome, {"offer_malformed", "offer_not_a_restart", "offer_fingerprint"})
    else:
        assert (outcome.shape, set(outcome.fingerprints)) == (first.shape, set(first.fingerprints))
        assert outcome.ice.ufrag != first.ice.ufrag


@given(st.text(alphabet=st.characters(exclude_categories=()), max_size=400))
def test_any_text_is_refused_or_read(text: str) -> None:
    for before in ("", f"{_HEAD}m=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:0\r\n", f"{_HEAD}a="):
        if isinstance(outcome := _outcome(sdp.parse, before + text), RoomError):
            _check_refusal(outcome, {"offer_malformed"})


@pytest.mark.parametrize(
    "text",
    [
        _HEAD + "m=video 9 UDP/TLS/RTP/SAVPF 96\r\n" * 10_000,
        _HEAD + "m=video 9 UDP/TLS/RTP/SAVPF 96\r\n" * 160_000,
        _HEAD + "a=x:" + "y" * 5_000_000,
        _HEAD + "a=x:" + "\u202e" * 5_000_000,
        _HEAD + "a=x\n" * 100_000,
        _HEAD + "a=group:BUNDLE " + "x " * 250_000,
    ],
    ids=["10,000 sections", "5 MB of sections", "5 MB in a line", "5 MB of marks", "100,000 lines", "250,000 mids"],
)
def test_what_is_too_large_is_refused_at_once(text: str) -> None:
    def refuse() -> None:
        outcome = _outcome(sdp.parse, text)
        assert isinstance(outcome, RoomError)
        _check_refusal(outcome, {"offer_malformed"})

    assert min(_seconds(refuse) for _ in range(3)) < WORST_REFUSAL


def _sections(lines: str, count: int = sdp.MAX_SECTIONS, formats: str = "96", session: str = "") -> str:
    """As many sections as an offer may have, no two alike, so that each is read."""
    each = (
        f"m=video 9 UDP/TLS/RTP/SAVPF {formats}\r\na=mid:{i}\r\na=unlike:{i}\r\n{_TRANSPORT}{lines}"
        for i in range(count)
    )
    return _HEAD + session + _BUNDLE + "".join(each)


@pytest.mark.parametrize(
    "text",
    [
        _sections(_EVERY_MAP + "a=rtcp-fb:* nack\r\n" * 110, formats=_EVERY_PT),
        _sections(_VP8 + "a=fmtp:96 " + "a=1;" * 1_800 + "\r\n"),
        _sections(_EVERY_MAP + "a=fmtp:5 " + ";" * 440_000 + "\r\n", count=1, formats=_EVERY_PT),
        _sections(
            _EVERY_MAP.replace("H264", "rtx") + "".join(f"a=fmtp:{pt} apt=1;;;;;;;;;;;;;;\r\n" for pt in range(120)),
            count=60,
            formats=_EVERY_PT,
        ),
        _sections(_VP8 + "".join(f"a=extmap:{i % 14 + 1} urn:x:{i}\r\n" for i in range(230))),
        _sections(_VP8 + "".join(f"a=ssrc:{i} cname:x\r\n" for i in range(240))),
        _sections(_VP8 + "a=ssrc-group:FID " + "1 " * 3_800 + "1\r\n"),
        _sections(_VP8 + "a=simulcast:send " + ";".join(f"r{i}" for i in range(1_400)) + "\r\n"),
        _sections(_VP8, session="".join(f"a=extmap:{i % 14 + 1} urn:x\r\n" for i in range(12_000))),
    ],
    ids=["feedback", "parameters", "one fmtp", "rtx", "extmap", "ssrc", "ssrc-group", "simulcast", "session extmap"],
)
def test_the_most_that_an_offer_may_hold_is_answered_in_bounded_time(text: str) -> None:
    assert len(text) <= sdp.MAX_SIZE

    def join() -> None:
        offer = sdp.parse(text)
        sdp.write(_answer(offer, "h264", {}).render(5004))

    assert min(_seconds(join) for _ in range(3)) < WORST_ANSWER


def test_parameters_that_lead_nowhere_are_no_error_and_never_come_back() -> None:
    dangling = "".join(f"a=fmtp:{pt} apt={pt - 1};secret\r\n" for pt in range(97, 128))
    dangling += "a=rtcp-fb:99 nack\r\na=ssrc-group:FID 1 2\r\na=rid:q send pt=99\r\na=simulcast:send q;gone\r\n"
    result = _answer(sdp.parse(_sections(_VP8 + dangling, count=2)), "vp9", {"camera": "0"})
    assert (result.spec.codecs[0].rtx, result.spec.sends[0].rids) == (0, ())
    assert "secret" not in sdp.write(result.render(1))


def _answer(offer: Description, codec: VideoCodec, publish: dict[str, str]) -> Negotiated:
    terms = msgspec.structs.replace(TERMS, video_codec=codec)
    source = count(FIRST_SSRC).__next__
    return negotiation.negotiate(offer, publish=publish, terms=terms, credentials=OURS, ssrc_source=source)


def _outcome(action: Callable[P, T], *arguments: P.args, **more: P.kwargs) -> T | RoomError:
    try:
        return action(*arguments, **more)
    except RoomError as refusal:
        return refusal


def _check_refusal(refusal: RoomError, codes: set[str]) -> None:
    assert refusal.code in codes
    assert len(refusal.message) < 300
    refusal.message.encode()  # it goes out as UTF-8


def _check_precedent(text: str, outcome: Negotiated | RoomError, codec: VideoCodec, publish: dict[str, str]) -> None:
    """By the shorter way that joins take it comes to the same."""
    terms = msgspec.structs.replace(TERMS, video_codec=codec)
    shorter = _outcome(
        lambda: precedents.negotiate(
            text,
            publish=publish,
            terms=terms,
            credentials=OURS,
            ssrc_source=count(FIRST_SSRC).__next__,
        )
    )
    if isinstance(outcome, RoomError):
        assert isinstance(shorter, RoomError)
        assert shorter.code == outcome.code
    else:
        assert isinstance(shorter, Negotiated)
        assert sdp.write(shorter.render(5004)) == sdp.write(outcome.render(5004))


def _check_answer(offer: Description, result: Negotiated, codec: VideoCodec) -> None:
    text = sdp.write(result.render(5004))
    assert text.isascii()
    assert all(line == "" or line[1] == "=" for line in text.split("\r\n"))
    # What an independent reader makes of it: the offer's sections in their order.
    read = aiortc.sdp.SessionDescription.parse(text)
    assert [media.kind for media in read.media] == [section.kind for section in offer.sections]
    answer = sdp.parse(text)
    assert [s.mid for s in answer.sections] == [s.mid for s in offer.sections]
    accepted = {section.index for section in (*result.spec.sends, *result.spec.slots)}
    assert accepted == {index for index, section in enumerate(answer.sections) if section.port}
    for send in result.spec.sends:
        sent = _codecs(answer.sections[send.index], send.kind)
        assert len(sent) == 1
        assert sent <= ({"opus"} if send.kind == "audio" else {codec, "vp8"})
    for slot in result.spec.slots:
        shown = _codecs(answer.sections[slot.index], slot.kind)
        assert shown <= ({"opus"} if slot.kind == "audio" else {codec, "vp8"})


def _codecs(section: Section, kind: str) -> set[str]:
    """The codecs of an accepted section, of which each is there once, with RTX for video only."""
    names = [codec.name for codec in section.codecs if codec.name != "rtx"]
    assert len(set(names)) == len(names) > 0
    assert kind == "video" or len(section.codecs) == 1
    return set(names)


def _seconds(action: Callable[[], object]) -> float:
    began = time.thread_time()
    action()
    return time.thread_time() - began
