"""One participant's transport from answer to end: DTLS, keys, views, ICE restarts. Implements `MediaSession`."""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Final

import msgspec

from room_server.errors import RoomError
from room_server.session import negotiation, sdp, seating
from room_server.session.certificate import Certificate
from room_server.session.dtls import DtlsEndpoint, Keys
from room_server.session.engine import RelayEngine
from room_server.session.negotiation import Negotiated
from room_server.session.plane import SessionListener, SlotInfo, SlotView, Use
from room_server.townhall.values import VideoCodec

_BEST_LAYER: Final = 255
_PAUSED: Final = 254
_LARGEST_LAYER: Final = 3

log = logging.getLogger(__name__)


class Session:
    """Made by `RelayPlane.join`; ends once: by `close`, by the relay, or by DTLS."""

    def __init__(
        self,
        engine: RelayEngine,
        negotiated: Negotiated,
        *,
        port: int,
        seats: int,
        certificate: Certificate,
        listener: SessionListener,
        on_end: Callable[["Session"], None],
    ) -> None:
        spec = negotiated.spec
        self.peer = spec.peer
        self.layers: dict[str, tuple[str, ...]] = {}
        """mid -> the rids that the relay is receiving on it now."""
        self._engine = engine
        self._relay = engine.relay
        self._listener = listener
        self._on_end = on_end
        self._seats = seats
        self._publish = negotiated.publish
        self._sent = negotiated.sent
        self.shown = negotiated.shown
        """The codecs that its video slots can carry."""
        self._send_mids = {section.index: section.mid for section in spec.sends}
        self._slots = {slot.mid: (slot.index, SlotInfo(slot.mid, slot.kind, slot.seat)) for slot in spec.slots}
        self._remote = negotiated.remote
        self._answer = negotiated.render(port)
        self._over = False
        self._dtls = DtlsEndpoint(
            certificate,
            self._remote.fingerprints,
            send=self._send_dtls,
            on_keys=self._take_keys,
            on_end=self._end,
        )
        engine.attach(self.peer, self)

    @property
    def answer(self) -> str:
        """The SDP that is in force, with the latest ICE credentials."""
        return sdp.write(self._answer)

    @property
    def slots(self) -> Sequence[SlotInfo]:
        """All slots in m-line order, with the seats that feed them now."""
        return [info for _, info in self._slots.values()]

    def sends(self, use: Use) -> VideoCodec | None:
        """What its camera or screen is sent in; None where it has none."""
        return self._sent.get(use)

    def section_of(self, use: Use | None) -> int | None:
        """The m-section on which this participant publishes that; None where it cannot."""
        return None if use is None else self._publish.get(use)

    def restart(self, offer: str) -> str:
        """Answer an ICE restart. `RoomError`: offer_malformed, offer_not_a_restart, offer_fingerprint."""
        remote = negotiation.check_restart(sdp.parse(offer), self._remote)
        if self._over:
            raise RoomError("no_media", "The media connection has ended: resume with a new offer.")
        credentials = negotiation.new_credentials()
        self._relay.peer_restart(self.peer, credentials.ufrag, credentials.pwd, remote.ice.ufrag)
        self._remote = remote
        self._answer = negotiation.restarted(self._answer, credentials)
        return self.answer

    def view(self, slots: Sequence[SlotView]) -> Sequence[SlotInfo]:
        """Change what slots show; all slots after the change. `RoomError`: view_invalid (nothing changed)."""
        changes = [self._change(view) for view in slots]
        if len({view.mid for view in slots}) != len(slots):
            raise RoomError("view_invalid", "A view may name each slot once.")
        if changes and not self._over:
            self._relay.peer_view(self.peer, changes)
        for view in slots:
            index, info = self._slots[view.mid]
            self._slots[view.mid] = index, msgspec.structs.replace(info, seat=view.seat)
        return self.slots

    async def counters(self) -> Mapping[str, int]:
        """What the relay has counted for it; empty once it has ended."""
        if self._over:
            return {}
        # The relay's worker answers between two batches, which may take it a while.
        return await asyncio.to_thread(self._relay.peer_counters, self.peer)

    def set_staff(self, staff: bool) -> None:
        """Whether it receives while backstage."""
        if not self._over:
            self._relay.peer_staff(self.peer, staff)

    def close(self) -> None:
        """Free the transport at once; no listener call follows. Idempotent."""
        self._finish()

    def on_dtls(self, datagram: bytes) -> None:
        self._dtls.receive(datagram)

    def on_media(self, flowing: bool) -> None:
        if not self._over:
            self._listener.media_state(flowing)

    def on_layers(self, index: int, rids: list[str]) -> None:
        self.layers[self._send_mids[index]] = tuple(rids)

    def on_gone(self, reason: str) -> None:
        self._end(reason)

    def _send_dtls(self, datagram: bytes) -> None:
        self._relay.peer_dtls(self.peer, datagram)

    def _take_keys(self, keys: Keys) -> None:
        self._relay.peer_keys(self.peer, keys.profile, keys.client, keys.server)

    def _change(self, view: SlotView) -> tuple[int, int, int]:
        if (slot := self._slots.get(view.mid)) is None:
            raise RoomError("view_invalid", f"There is no slot {view.mid!r:.32}: name slots by the mids of the answer.")
        index, info = slot
        if not seating.seat_fits(info.kind, view.seat, self._seats):
            raise RoomError("view_invalid", f"No seat {view.seat} feeds {info.kind} slots in this town hall.")
        if view.layer is None:
            return index, view.seat, _BEST_LAYER
        if not -1 <= view.layer <= _LARGEST_LAYER:
            raise RoomError("view_invalid", f"A layer is 0 to {_LARGEST_LAYER}, or -1 to pause the slot.")
        return index, view.seat, _PAUSED if view.layer < 0 else view.layer

    def _end(self, reason: str) -> None:
        if self._finish():
            log.debug("peer %s ended: %s", self.peer, reason)
            self._listener.media_gone(reason)

    def _finish(self) -> bool:
        if self._over:
            return False
        self._over = True
        self._engine.detach(self.peer)
        self._dtls.close()
        self._relay.peer_close(self.peer)
        self._on_end(self)
        return True
