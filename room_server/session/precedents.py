"""Offers of one page in one version of a browser differ in a few random values only: the first is negotiated, the
others get its answer under their own values. That is what negotiating each would give, for a third of the work.
"""

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from itertools import count
from typing import Final

from msgspec.structs import replace

from room_server.session import answer, negotiation, sdp
from room_server.session.negotiation import Negotiated, Remote, Ssrcs, Terms
from room_server.session.plane import Use
from room_server.session.sdp import Credentials, Fingerprint

_KINDS: Final = 32
"""Precedents kept: browsers in their versions, attendees and speakers, town halls of other sizes and codecs."""
_LARGEST: Final = 64 * 1024
"""Characters: no page offers more. With `_KINDS` it bounds what strangers can have kept."""
_MOST_SSRC: Final = (1 << 32) - 1
_NOBODYS: Final = Credentials("none", "none")

# What is a client's own, in the form that browsers give it. Whatever is written otherwise is left for the reader to
# judge, and makes a precedent of its own.
_OWN: Final = re.compile(
    r"(?<=\n)(?:"
    r"o=[^ \r\n]+ (?P<session>[0-9]{1,19})(?= )"
    r"|a=ice-ufrag:(?P<ufrag>[0-9A-Za-z+/]{4,256})(?=\r?\n)"
    r"|a=ice-pwd:(?P<pwd>[0-9A-Za-z+/]{22,256})(?=\r?\n)"
    r"|a=fingerprint:sha-256 (?P<digest>(?:[0-9A-F]{2}:){31}[0-9A-F]{2})(?=\r?\n)"
    r"|a=msid:(?P<msid>[^\r\n]*)"
    r"|a=ssrc:(?P<ssrc>[0-9]{1,10})(?: [^\r\n]*)?(?=\r?\n)"
    r"|a=ssrc-group:FID (?P<group>[0-9]{1,10} [0-9]{1,10})(?=\r?\n)"
    r")"
)
# How the first, second.. value of a kind is written where the client's own has been taken out.
_STAND_INS: Final[dict[str, Callable[[int], str]]] = {
    "session": str,
    "ufrag": lambda number: f"{number:04}",
    "pwd": lambda number: f"{number:022}",
    "digest": lambda number: number.to_bytes(32, "big").hex(":").upper(),
    "ssrc": str,
}


def negotiate(
    offer: str,
    *,
    publish: Mapping[Use, str],
    terms: Terms,
    credentials: Credentials,
    ssrc_source: Callable[[], int] = negotiation.new_ssrc,
) -> Negotiated:
    """As `negotiation.negotiate`, of an offer's text. `RoomError`: offer_malformed, offer_fingerprint, no_media."""
    if len(offer) > _LARGEST:
        return negotiation.negotiate(
            sdp.parse(offer), publish=publish, terms=terms, credentials=credentials, ssrc_source=ssrc_source
        )
    own = _Own()
    shape = _OWN.sub(own.take_out, offer)
    common = replace(terms, peer=0, hall=0, staff=False, echo_group=0, announce=tuple(terms.announce))
    found = _precedent(shape, tuple(publish.items()), common)
    return _followed(found, own, terms, credentials, Ssrcs(own.ssrcs, ssrc_source))


class _Own:
    """A client's own values, by what stands for each of them in the shape of its offer."""

    def __init__(self) -> None:
        self._stand_ins: dict[tuple[str, str], str] = {}
        self._values: dict[tuple[str, str], str] = {}

    @property
    def ssrcs(self) -> list[int]:
        """All that the offer mentions."""
        return [int(value) for kind, value in self._stand_ins if kind == "ssrc"]

    def take_out(self, found: re.Match[str]) -> str:
        """What the shape has instead of a line of the offer, or of its beginning."""
        line, kind = found[0], str(found.lastgroup)
        match kind:
            case "msid":
                return "a=msid:-"  # nothing in an answer depends on it
            case "ssrc" | "group":
                numbers = [int(number) for number in found[kind].split(" ")]
                if max(numbers) > _MOST_SSRC:
                    return line
                written = " ".join(self._stand_in("ssrc", str(number)) for number in numbers)
                return f"a=ssrc:{written}" if kind == "ssrc" else f"a=ssrc-group:FID {written}"
            case "session":
                return f"o=- {self._stand_in(kind, str(int(found[kind])))}"
        return line.removesuffix(found[kind]) + self._stand_in(kind, found[kind])

    def back(self, kind: str, stand_in: str) -> str:
        """The value that this stands for; itself where it stands for none."""
        return self._values.get((kind, stand_in), stand_in)

    def _stand_in(self, kind: str, value: str) -> str:
        if (known := self._stand_ins.get((kind, value))) is None:
            known = self._stand_ins[kind, value] = _STAND_INS[kind](len(self._stand_ins) + 1)
            self._values[kind, known] = value
        return known


@lru_cache(maxsize=_KINDS)
def _precedent(shape: str, publish: tuple[tuple[Use, str], ...], terms: Terms) -> Negotiated:
    first = negotiation.LEAST_SSRC
    return negotiation.negotiate(
        sdp.parse(shape), publish=dict(publish), terms=terms, credentials=_NOBODYS, ssrc_source=count(first).__next__
    )


def _followed(found: Negotiated, own: _Own, terms: Terms, credentials: Credentials, ssrcs: Ssrcs) -> Negotiated:
    remote = _remote(found.remote, own)
    sends = tuple(
        replace(send, ssrcs=tuple(int(own.back("ssrc", str(ssrc))) for ssrc in send.ssrcs)) for send in found.spec.sends
    )
    slots = tuple(
        replace(slot, ssrc=ssrcs.take(), rtx_ssrc=ssrcs.take() if slot.rtx_ssrc else 0) for slot in found.spec.slots
    )
    spec = replace(
        found.spec,
        peer=terms.peer,
        hall=terms.hall,
        ufrag=credentials.ufrag,
        pwd=credentials.pwd,
        remote_ufrag=remote.ice.ufrag,
        staff=terms.staff,
        echo_group=terms.echo_group,
        sends=sends,
        slots=slots,
    )
    session_id = int(own.back("session", str(found.answer.session_id)))
    renewed = answer.renewed(found.answer, credentials, slots, session_id=session_id)
    return replace(found, spec=spec, answer=renewed, remote=remote)


def _remote(found: Remote, own: _Own) -> Remote:
    return replace(
        found,
        ice=Credentials(own.back("ufrag", found.ice.ufrag), own.back("pwd", found.ice.pwd)),
        fingerprints=tuple(Fingerprint(f.algorithm, own.back("digest", f.value)) for f in found.fingerprints),
    )
