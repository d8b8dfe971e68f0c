"""The asyncio face of the native relay: its events, read when its eventfd says so, go to whoever they concern.

Handshakes are the loop's only heavy guests: DTLS datagrams are handed on a few per loop turn, so that 200 people who
arrive together delay nobody's command.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from itertools import count
from typing import TYPE_CHECKING, Any, Final, Protocol

if TYPE_CHECKING:
    from room_server._relay import Relay

_DTLS_PER_TURN: Final = 8
"""Each may be most of a handshake, 0.4 ms: a turn stays below 5 ms."""

log = logging.getLogger(__name__)


class PeerSink(Protocol):
    """What a session hears from the relay."""

    def on_dtls(self, datagram: bytes) -> None: ...
    def on_media(self, flowing: bool) -> None: ...
    def on_layers(self, index: int, rids: list[str]) -> None: ...
    def on_gone(self, reason: str) -> None: ...


class RelayEngine:
    """Gives ids to peers and halls, and dispatches events by them."""

    def __init__(self, relay: "Relay") -> None:
        self.relay = relay
        self._peer_ids = count(1)
        self._hall_ids = count(1)
        self._peers: dict[int, PeerSink] = {}
        self._speakers: dict[int, Callable[[int], None]] = {}
        self._handshakes: deque[tuple[int, bytes]] = deque()
        self._turn: asyncio.Handle | None = None

    def start(self) -> None:
        """Begin to read events, on the running loop."""
        asyncio.get_running_loop().add_reader(self.relay.event_fd, self._read)

    def stop(self) -> None:
        """Read no more; the relay itself is its owner's to close."""
        asyncio.get_running_loop().remove_reader(self.relay.event_fd)
        if self._turn is not None:
            self._turn.cancel()
            self._turn = None
        self._handshakes.clear()

    def new_peer(self) -> int:
        """An id that no other peer had or will have."""
        return next(self._peer_ids)

    def attach(self, peer: int, sink: PeerSink) -> None:
        """Send this peer's events there."""
        self._peers[peer] = sink

    def detach(self, peer: int) -> None:
        """Events still on their way for this peer are dropped."""
        self._peers.pop(peer, None)

    def new_hall(self, on_speaker: Callable[[int], None]) -> int:
        """An id that no other hall had or will have; its active speaker is told to `on_speaker`."""
        hall = next(self._hall_ids)
        self._speakers[hall] = on_speaker
        return hall

    def forget_hall(self, hall: int) -> None:
        """Its speaker is nobody's business any more."""
        self._speakers.pop(hall, None)

    def _read(self) -> None:
        for name, target, value in self.relay.poll():
            try:
                self._dispatch(name, target, value)
            except Exception:
                # One listener's bug must not cost the events behind it.
                log.exception("relay event %s for %s could not be handled", name, target)

    def _dispatch(self, name: str, target: int, value: Any) -> None:
        match name:
            case "dtls":
                self._handshakes.append((target, value))
                self._schedule()
            case "speaker":
                if (on_speaker := self._speakers.get(target)) is not None:
                    on_speaker(value)
            case "panic":
                log.error("relay worker %s broke and was rebuilt: %s", target, value)
            case "address":
                log.debug("peer %s is reached at another address now", target)
            case _:
                if (sink := self._peers.get(target)) is not None:
                    _tell(sink, name, value)

    def _schedule(self) -> None:
        if self._turn is None and self._handshakes:
            self._turn = asyncio.get_running_loop().call_soon(self._hand_on)

    def _hand_on(self) -> None:
        self._turn = None
        for _ in range(min(_DTLS_PER_TURN, len(self._handshakes))):
            peer, datagram = self._handshakes.popleft()
            if (sink := self._peers.get(peer)) is not None:
                sink.on_dtls(datagram)
        self._schedule()


def _tell(sink: PeerSink, name: str, value: Any) -> None:
    match name:
        case "media":
            sink.on_media(value)
        case "layers":
            sink.on_layers(*value)
        case "gone":
            sink.on_gone(value)
        case _:
            log.error("the relay tells of a %r, which nobody here knows", name)
