"""An offer that follows a precedent gets exactly what it would get if it were negotiated by itself."""

import itertools
import random
import re
from collections.abc import Callable, Mapping

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from room_server.errors import RoomError
from room_server.session import negotiation, precedents, sdp
from room_server.session.negotiation import Negotiated
from room_server.session.plane import Use
from tests.unit.session import hostile, offers
from tests.unit.session.test_negotiation import OURS, STAGE, TERMS, refused

FIREFOX: Mapping[Use, str] = {"microphone": "0", "camera": "1"}
OTHER_TERMS = msgspec.structs.replace(TERMS, peer=8, hall=4, staff=False, echo_group=0)


def by_itself(offer: str, publish: Mapping[Use, str], terms: negotiation.Terms = TERMS) -> Negotiated:
    ssrcs = itertools.count(1 << 20)
    return negotiation.negotiate(
        sdp.parse(offer), publish=publish, terms=terms, credentials=OURS, ssrc_source=ssrcs.__next__
    )


def by_precedent(offer: str, publish: Mapping[Use, str], terms: negotiation.Terms = TERMS) -> Negotiated:
    ssrcs = itertools.count(1 << 20)
    return precedents.negotiate(offer, publish=publish, terms=terms, credentials=OURS, ssrc_source=ssrcs.__next__)


def somebody_elses(offer: str, seed: int) -> str:
    """The same page's offer in another browser of the same version."""
    source = random.Random(seed)
    others: dict[str, str] = {}

    def token(found: re.Match[str]) -> str:
        return found[1] + others.setdefault(found[0], source.randbytes(18).hex())

    def digest(found: re.Match[str]) -> str:
        return found[1] + others.setdefault(found[0], source.randbytes(32).hex(":").upper())

    def ssrc(found: re.Match[str]) -> str:
        return others.setdefault(found[0], str(source.randrange(1 << 21, 1 << 32)))

    offer = re.sub(r"(a=ice-(?:ufrag|pwd):)[^\r]*", token, offer)
    offer = re.sub(r"(a=fingerprint:sha-256 )[^\r]*", digest, offer)
    offer = re.sub(
        r"(a=msid:)[^\r]*|( cname:)[^\r]*", lambda found: (found[1] or found[2]) + source.randbytes(8).hex(), offer
    )
    mentioned = set(re.findall(r"a=ssrc:([0-9]+)", offer))
    offer = re.sub(
        r"(?<=ssrc:)[0-9]+|(?<=FID )[0-9]+|(?<= )[0-9]+(?=\r\n)",
        lambda f: ssrc(f) if f[0] in mentioned else f[0],
        offer,
    )
    return re.sub(r"(?<=\no=- )[0-9]+", str(source.randrange(1 << 62)), offer)


@pytest.mark.parametrize("name", [*offers.NAMES, *offers.OTHERS])
@pytest.mark.parametrize("publish", [{}, STAGE, FIREFOX])
def test_it_is_what_negotiating_gives(name: str, publish: Mapping[Use, str]) -> None:
    text = offers.load(name)
    assert outcome(lambda: by_precedent(text, publish)) == outcome(lambda: by_itself(text, publish))
    other = somebody_elses(text, seed=1)
    assert outcome(lambda: by_precedent(other, publish)) == outcome(lambda: by_itself(other, publish))


@pytest.mark.parametrize(
    ("name", "publish"), [("chromium_attendee", {}), ("chromium_stage", STAGE), ("firefox_stage", FIREFOX)]
)
def test_browsers_of_one_version_share_a_precedent_and_nothing_of_their_own(
    name: str, publish: Mapping[Use, str]
) -> None:
    text = offers.load(name)
    first = by_precedent(text, publish)
    known = precedents._precedent.cache_info().currsize
    others = [by_precedent(somebody_elses(text, seed), publish, OTHER_TERMS) for seed in range(5)]
    assert precedents._precedent.cache_info().currsize == known
    assert len({negotiated.remote for negotiated in (first, *others)}) == 6
    assert {negotiated.spec.peer for negotiated in others} == {8}


def test_other_terms_are_another_case() -> None:
    text = offers.load("chromium_attendee")
    fewer = msgspec.structs.replace(TERMS, seats=4)
    assert by_precedent(text, {}) != by_precedent(text, {}, fewer)
    assert by_precedent(text, {}, fewer) == by_itself(text, {}, fewer)


def test_an_offer_longer_than_any_pages_is_negotiated_by_itself() -> None:
    text = offers.load("chromium_attendee") + "a=x:" + "y" * 65_536 + "\r\n"
    known = precedents._precedent.cache_info()
    assert by_precedent(text, {}) == by_itself(text, {})
    assert precedents._precedent.cache_info() == known


def test_what_no_browser_writes_is_refused_as_ever() -> None:
    text = offers.load("chromium_stage")
    for line, bad in {
        r"a=ice-pwd:[^\r]*": "a=ice-pwd:short",
        r"a=fingerprint:sha-256 [^\r]*": "a=fingerprint:sha-256 AB:CD",
        r"a=ssrc:[0-9]+": "a=ssrc:4294967296",
        r"o=- [0-9]+": "o=- 99999999999999999999",
    }.items():
        broken = re.sub(line, bad, text)
        assert refused(lambda text=broken: by_precedent(text, STAGE)) == refused(
            lambda text=broken: by_itself(text, STAGE)
        )


@settings(max_examples=300, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(hostile.any_offer(), st.sampled_from([{}, {"microphone": "0"}, {"microphone": "0", "camera": "1"}]))
def test_hostile_offers_have_no_other_outcome(text: str, publish: Mapping[Use, str]) -> None:
    assert outcome(lambda: by_precedent(text, publish)) == outcome(lambda: by_itself(text, publish))


def outcome(action: Callable[[], Negotiated]) -> Negotiated | str:
    """What comes of it, or the code of its refusal."""
    try:
        return action()
    except RoomError as refusal:
        return refusal.code
