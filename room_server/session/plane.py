"""The media plane as signalling sees it: halls, seats, gates, and one session per participant."""

from collections.abc import Callable, Mapping, Sequence
from typing import Literal, Protocol

import msgspec

from room_server.townhall.values import VideoCodec

Air = Literal["off", "backstage", "on_air"]
Kind = Literal["audio", "video"]
Use = Literal["microphone", "camera", "screen"]

SPEAKER_SEAT = 0
SCREEN_SEAT = 100
LANGUAGE_SEAT = 200


class SlotInfo(msgspec.Struct, frozen=True):
    """A receive m-section and the seat that feeds it."""

    mid: str
    kind: Kind
    seat: int


class SlotView(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What one slot shall show: `layer` 0..3 is the largest wanted, None the best, -1 pauses it."""

    mid: str
    seat: int
    layer: int | None = None


class SessionListener(Protocol):
    """Told, on the event loop, what becomes of a session's media."""

    def media_state(self, connected: bool) -> None:
        """Authenticated media flows, or has been silent for 5 s."""

    def media_gone(self, reason: str) -> None:
        """The transport is no more ("closed", "no_stun", "silent", "handshake", "worker"); a new offer is needed."""


class MediaSession(Protocol):
    """One participant's transport."""

    @property
    def answer(self) -> str:
        """The SDP in force."""

    @property
    def slots(self) -> Sequence[SlotInfo]:
        """All slots in m-line order, with the seats that feed them now."""

    @property
    def shown(self) -> Sequence[VideoCodec]:
        """The codecs that its video slots can carry; empty where it has none."""

    def sends(self, use: Use) -> VideoCodec | None:
        """What its camera or screen is sent in; None where it has none."""

    def restart(self, offer: str) -> str:
        """Answer an ICE restart. `RoomError`: offer_malformed, offer_not_a_restart, offer_fingerprint."""

    def view(self, slots: Sequence[SlotView]) -> Sequence[SlotInfo]:
        """Change what slots show; all slots after the change. `RoomError`: view_invalid (nothing changed)."""

    async def counters(self) -> Mapping[str, int]:
        """What the relay has counted for it, as `_relay.pyi` names it; empty once it has ended."""

    def set_staff(self, staff: bool) -> None:
        """Whether it receives while backstage."""

    def close(self) -> None:
        """Free the transport at once; no listener call follows. Idempotent."""


class MediaPlane(Protocol):
    """All halls of this process. Calls return at once unless async; unknown halls are ignored."""

    def hall_open(
        self, hall: str, *, seats: int, on_speaker: Callable[[int], None], video_codec: VideoCodec = "vp8"
    ) -> None:
        """`seats` stage seats; `on_speaker(seat)` on every change of the active speaker, 0 for nobody.

        `video_codec`: what cameras and screens send where the client can; VP8 from the others.
        """

    def hall_air(self, hall: str, air: Air) -> None: ...

    def hall_close(self, hall: str) -> None:
        """Frees all its sessions."""

    async def join(
        self,
        hall: str,
        *,
        offer: str,
        publish: Mapping[Use, str],
        staff: bool,
        network: str,
        listener: SessionListener,
        echo_group: str | None = None,
    ) -> MediaSession:
        """Make a transport. Waits its turn in the join gate (fair per `network`, the client's address prefix).

        `RoomError`: offer_malformed, offer_fingerprint, no_media, too_many.
        """

    def seat_assign(self, hall: str, seat: int, session: MediaSession, *, audio: Use | None, video: Use | None) -> None:
        """Feed `seat` from this session's sections of these uses (those it has); shuts the seat's gates."""

    def seat_clear(self, hall: str, seat: int) -> None: ...

    def seat_gate(self, hall: str, seat: int, *, audio: bool, video: bool) -> None:
        """Open or shut what leaves the seat."""

    def seat_counters(self, hall: str) -> Mapping[int, Mapping[str, int]]:
        """Packets in and out per seat, as `_relay.pyi` names them."""
