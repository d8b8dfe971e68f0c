//! Why a packet went no further. Every reason is a counter's label in `/metrics`.

macro_rules! reasons {
    ($($(#[$doc:meta])* $name:ident = $label:literal),+ $(,)?) => {
        /// Why a packet went no further.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[repr(u8)]
        pub enum Drop { $($(#[$doc])* $name),+ }

        impl Drop {
            /// All reasons, in counter order.
            pub const ALL: &'static [Drop] = &[$(Drop::$name),+];

            /// The counter's label.
            pub fn label(self) -> &'static str {
                match self { $(Drop::$name => $label),+ }
            }
        }
    };
}

reasons! {
    /// First byte is none of STUN, DTLS, RTP, RTCP (RFC 7983).
    NotOurs = "not_ours",
    /// Shorter or otherwise not as its header says.
    Malformed = "malformed",
    /// From an address that no STUN check has validated.
    UnknownAddress = "unknown_address",
    /// STUN for a user name fragment that no peer has.
    StunUnknownUser = "stun_unknown_user",
    /// STUN whose MESSAGE-INTEGRITY does not fit.
    StunBadIntegrity = "stun_bad_integrity",
    /// DTLS beyond what a handshake may need.
    DtlsLimit = "dtls_limit",
    /// More DTLS than everybody behind one network may send together.
    NetworkLimit = "network_limit",
    /// Media before the handshake has given keys.
    NoKeys = "no_keys",
    /// SRTP or SRTCP that does not authenticate.
    BadAuth = "bad_auth",
    /// Seen before, or older than the replay window.
    Replay = "replay",
    /// An SSRC that no section claims.
    UnknownSsrc = "unknown_ssrc",
    /// A payload type that was not negotiated.
    UnknownPayloadType = "unknown_payload_type",
    /// A layer that the answer did not accept.
    TooManyLayers = "too_many_layers",
    /// More RTP packets than a peer may send, or more audio than a microphone makes.
    RateLimit = "rate_limit",
    /// More RTCP than a peer may send.
    RtcpLimit = "rtcp_limit",
    /// More checks than a peer may send, though they authenticate.
    StunLimit = "stun_limit",
    /// A layer that changes its SSRC again and again.
    SsrcLimit = "ssrc_limit",
    /// The same media packet again (retransmission used as probing).
    Duplicate = "duplicate",
    /// Padding only; nothing to forward.
    Padding = "padding",
    /// Its publisher sits on no seat.
    OffStage = "off_stage",
    /// Its publisher, or a moderator, has muted it.
    Muted = "muted",
    /// The town hall is not on air for this subscriber.
    NotOnAir = "not_on_air",
    /// Would go back to its own publisher or echo group.
    Echo = "echo",
    /// The subscriber wants another layer.
    LayerNotWanted = "layer_not_wanted",
    /// The slot waits for a keyframe.
    NotKeyframe = "not_keyframe",
    /// Older than the switch, or than what the rewriter can still number.
    TooOld = "too_old",
    /// The subscriber has no payload type for this codec.
    CodecMissing = "codec_missing",
    /// Asked for again too soon or too often, or beyond the share of retransmissions.
    RepairLimit = "repair_limit",
    /// Asked for again but no longer in the cache.
    NotCached = "not_cached",
    /// The queue to another worker, or to a hall's subscribers, was full.
    QueueFull = "queue_full",
    /// The kernel refused the datagram.
    SendFailed = "send_failed",
}
