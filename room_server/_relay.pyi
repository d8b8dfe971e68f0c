"""The native media relay: worker threads with one UDP port each. Nothing per packet enters Python.

All calls return at once: they check their arguments, then queue a command for the worker that owns
the peer (or for all workers). Unknown peers and halls are ignored, since a peer may have just gone.
`ValueError` says what is wrong with an argument. Ids are given by the caller and never reused.
"""

from collections.abc import Sequence
from typing import Protocol, final, type_check_only

__all__ = ["VERSION", "Relay", "self_check"]

VERSION: str

@type_check_only
class Extensions(Protocol):
    """RTP header extension ids negotiated with this peer; 0 where absent (RFC 8285)."""

    @property
    def mid(self) -> int: ...
    @property
    def rid(self) -> int: ...
    @property
    def rrid(self) -> int: ...
    @property
    def audio_level(self) -> int: ...
    @property
    def abs_send_time(self) -> int: ...
    @property
    def transport_cc(self) -> int: ...
    @property
    def dependency_descriptor(self) -> int: ...  # AV1's; written only where `two_byte`

@type_check_only
class CodecMap(Protocol):
    """A codec's payload types at this peer: `codec` is "opus", "vp8", "h264" (packetization-mode 1), "vp9" or "av1";
    `rtx` 0 where there is none. Of several for one codec all are taken from the peer, and the first is sent to it."""

    @property
    def codec(self) -> str: ...
    @property
    def pt(self) -> int: ...
    @property
    def rtx(self) -> int: ...

@type_check_only
class SendSection(Protocol):
    """An m-section on which the peer sends. `rids` in the order of its layers, smallest first."""

    @property
    def index(self) -> int: ...
    @property
    def mid(self) -> str: ...
    @property
    def kind(self) -> str: ...  # "audio" | "video"
    @property
    def rids(self) -> Sequence[str]: ...
    @property
    def feedback(self) -> str: ...  # "transport-cc" | "goog-remb" | "none": what the relay sends back
    @property
    def ssrcs(self) -> Sequence[int]: ...  # from the offer's a=ssrc lines, media first, then RTX; may be empty

@type_check_only
class SlotSection(Protocol):
    """An m-section on which the peer receives, fed by `seat` from the start."""

    @property
    def index(self) -> int: ...
    @property
    def mid(self) -> str: ...
    @property
    def kind(self) -> str: ...  # "audio" | "video"
    @property
    def ssrc(self) -> int: ...
    @property
    def rtx_ssrc(self) -> int: ...  # 0: the client offers no RTX
    @property
    def seat(self) -> int: ...  # 0 follows the speaker, 1..16 stage seats, 100 the shared screen, 200.. languages
    @property
    def cname(self) -> str: ...  # of its sender reports; both slots of a lip-synced pair share one

@type_check_only
class PeerSpec(Protocol):
    """One participant's transport, as the one offer and the one answer say."""

    @property
    def peer(self) -> int: ...
    @property
    def hall(self) -> int: ...
    @property
    def ufrag(self) -> str: ...  # ours; STUN USERNAME is "ufrag:remote_ufrag"
    @property
    def pwd(self) -> str: ...
    @property
    def remote_ufrag(self) -> str: ...
    @property
    def staff(self) -> bool: ...  # receives while backstage
    @property
    def echo_group(self) -> int: ...  # 0: none; audio never crosses within one group
    @property
    def extensions(self) -> Extensions: ...
    @property
    def two_byte(self) -> bool: ...  # takes two-byte header extensions: a=extmap-allow-mixed (RFC 8285, 6)
    @property
    def codecs(self) -> Sequence[CodecMap]: ...  # video of a codec that is not here is not sent to it
    @property
    def sends(self) -> Sequence[SendSection]: ...
    @property
    def slots(self) -> Sequence[SlotSection]: ...

@final
class Relay:
    """Starts its worker threads on construction; `OSError` names the address that could not be bound."""

    def __new__(cls, *, bind: Sequence[str], port: int, workers: int) -> Relay:
        """`bind`: addresses (IPv4, IPv6) each worker binds, worker i on `port + i`; `port` 0 lets the kernel choose."""

    @property
    def ports(self) -> list[int]:
        """The UDP port of each worker."""

    @property
    def event_fd(self) -> int:
        """Readable while `poll` has something (an eventfd; do not read it, `poll` does)."""

    def poll(self) -> list[tuple[str, int, object]]:
        """Events since the last call, oldest first, as (name, id, value):

        ("dtls", peer, bytes)            a DTLS datagram from an address that STUN has validated
        ("address", peer, str)           the peer's send address became this "ip:port"
        ("media", peer, bool)            media flows: first authenticated SRTP or SRTCP; False after 5 s of silence
        ("gone", peer, str)              the relay has freed the peer: "no_stun" | "silent" | "worker"
        ("speaker", hall, int)           the active speaker's seat; 0: nobody
        ("layers", peer, tuple[int, list[str]])   section index, the rids (or "") being received on it now
        ("panic", worker, str)           a worker was rebuilt; its peers follow as ("gone", peer, "worker")
        """

    def hall_open(self, hall: int) -> None:
        """Make a town hall: nothing on its seats, off air."""

    def hall_air(self, hall: int, air: str) -> None:
        """ "off" (nobody receives), "backstage" (staff receive), "on_air" (everybody)."""

    def hall_close(self, hall: int) -> None:
        """Forget the hall and free its peers."""

    def seat_assign(self, hall: int, seat: int, peer: int, audio: int | None, video: int | None) -> None:
        """Feed `seat` from this peer's m-sections (indices); whoever sat there is off it."""

    def seat_clear(self, hall: int, seat: int) -> None:
        """Nobody sits there."""

    def seat_gate(self, hall: int, seat: int, *, audio: bool, video: bool) -> None:
        """Open or shut what leaves the seat. `seat_assign` shuts both: nothing leaves until this opens it."""

    def peer_open(self, spec: PeerSpec) -> int:
        """Make a transport; returns the index of its worker, whose port goes into the answer."""

    def peer_restart(self, peer: int, ufrag: str, pwd: str, remote_ufrag: str) -> None:
        """ICE restart: new credentials; the old ones hold until the first check on the new."""

    def peer_keys(self, peer: int, profile: str, rx: bytes, tx: bytes) -> None:
        """SRTP keys (key + salt) from DTLS; profile is the IANA name, e.g. "SRTP_AEAD_AES_256_GCM"."""

    def peer_dtls(self, peer: int, datagram: bytes) -> None:
        """Send a DTLS datagram to the peer's current address."""

    def peer_staff(self, peer: int, staff: bool) -> None:
        """Roles changed: whether it receives while backstage."""

    def peer_view(self, peer: int, slots: Sequence[tuple[int, int, int]]) -> None:
        """(m-section index, seat, largest layer wanted: 0.., 255 the best, 254 paused) for each slot that changes."""

    def peer_close(self, peer: int) -> None:
        """Free the transport, at once."""

    def metrics(self) -> dict[str, int]:
        """Counters over all workers since start: "rtp_in", "rtp_out", "bytes_in", "bytes_out", "send_calls",
        "messages" (runs of datagrams the kernel took), "moves" (send addresses of peers that became others),
        "gso_fallback", "kernel_drops" (full receive buffer),
        "nack_in", "nack_out", "rtx_out", "pli_in", "pli_out", "twcc_out", "remb_in", "sr_out", "stun_in", "dtls_in",
        "peers", "halls", and "drop_<reason>" for every named drop."""

    def distributions(self) -> dict[str, tuple[list[float], list[int], float]]:
        """Reports of all links over all workers since start, in SI units: name -> (the buckets' upper bounds, values in
        each bucket and one more for those above the last bound, sum of all values). "rtt_seconds", "loss_down_ratio",
        "loss_up_ratio", "jitter_down_seconds", "jitter_up_seconds", "estimate_bits_per_second"; down: towards
        subscribers, by their reports; up: from publishers, as reported to them; per report and stream."""

    def seat_counters(self, hall: int) -> dict[int, dict[str, int]]:
        """seat -> {"audio_in", "video_in", "audio_out", "video_out", "keyframe_requests"} in packets; "in" counts what
        the seat's occupant sent while seated, "out" what left for subscribers."""

    def peer_counters(self, peer: int) -> dict[str, int]:
        """{"audio_in", "video_in", "audio_out", "video_out", "rtx_out", "bytes_in", "bytes_out", "pli_out", "nack_out",
        "remb_bps", "rtt_us", "addresses" (send addresses it has had), and for "down" as for "up": "reports_down",
        "loss_down_ppm" (mean of all reports), "worst_loss_down_ppm", "jitter_down_us" (the latest)}; empty for an
        unknown peer. Waits for the worker at most 1 s."""

    def close(self) -> None:
        """Stop the workers and free the ports. Idempotent."""

def self_check() -> None:
    """Encrypt and decrypt one packet per SRTP profile; `RuntimeError` if the build is broken."""
