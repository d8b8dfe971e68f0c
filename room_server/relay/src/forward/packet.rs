//! One decrypted media packet, shared and immutable: the same buffer serves every slot of
//! every worker, and the retransmission cache of each.

pub use crate::codec::Codec;
use crate::codec::Pictures;
use crate::ids::{Kind, Seq, TrackId};
pub use crate::rtp::Level;
use crate::time::Time;
use std::sync::Arc;

/// Layers one track may have: browsers send at most three simulcast encodings, one is spare.
pub const MAX_LAYERS: usize = 4;

/// One encoding of one track, that is one received SSRC: what a slot is fed from, and whose
/// packets one ring holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Source {
    /// Whose it is.
    pub track: TrackId,
    /// Index of the simulcast encoding, 0 the smallest; 0 for audio and single streams.
    pub layer: u8,
}

/// RTP clock rate of a kind of media in Hz (RFC 7587 section 4.1, RFC 7741 section 4.1).
pub const fn clock_rate(kind: Kind) -> u32 {
    match kind {
        Kind::Audio => 48_000,
        Kind::Video => 90_000,
    }
}

/// A packet after `unprotect`, parsed once. RTX is already undone: `seq`, `timestamp` and
/// payload are those of the original packet.
#[derive(Debug)]
pub struct Packet {
    /// Which encoding of which track it belongs to.
    pub source: Source,
    /// The publisher's own number, extended.
    pub seq: Seq,
    /// The publisher's RTP time stamp.
    pub timestamp: u32,
    /// RTP marker bit.
    pub marker: bool,
    /// Codec of the payload.
    pub codec: Codec,
    /// First packet of a keyframe's access unit: where a slot may open (rule of `outgoing`).
    pub key_start: bool,
    /// Counters of the payload descriptor (VP8, VP9), with the offsets at which they are rewritten.
    pub pictures: Option<Pictures>,
    /// Dependency descriptor extension (AV1), at least its mandatory fields.
    pub dependency: Option<Box<[u8]>>,
    /// H.264: what goes out before this packet where a slot opens with it.
    pub parameter_sets: Option<Arc<[u8]>>,
    /// Audio level extension, clamped.
    pub level: Option<Level>,
    /// When the kernel received it.
    pub arrival: Time,
    /// When the publisher captured it, on the relay's timeline as [`super::sync`] says; none until
    /// a sender report has come. Lets every worker align layers and write sender reports
    /// without asking the publisher's worker.
    pub capture: Option<Time>,
    /// Payload without RTP header, extensions and padding; empty if the packet was padding only
    /// (still offered to slots, whose numbering must close up over it).
    pub payload: Box<[u8]>,
}

/// Packets for the tests of this crate.
#[cfg(any(test, feature = "fuzzing"))]
#[cfg_attr(not(test), allow(dead_code))] // fuzz bodies take only some
pub(crate) mod testing {
    use super::{Codec, Packet, Source};
    use crate::codec::vp8::Descriptor;
    use crate::ids::{PeerId, Seq, TrackId};
    use crate::time::Time;

    /// Milliseconds on the relay's timeline.
    pub fn at(ms: u64) -> Time {
        Time(ms * 1_000_000)
    }

    /// A layer of track 1 of peer `peer`.
    pub fn source(peer: u32, layer: u8) -> Source {
        let track = TrackId {
            peer: PeerId(peer),
            section: 1,
        };
        Source { track, layer }
    }

    /// A delta packet of peer 1, layer 0, without picture id.
    pub fn video(seq: u64, timestamp: u32) -> Packet {
        Packet {
            source: source(1, 0),
            seq: Seq(seq),
            timestamp,
            marker: false,
            codec: Codec::Vp8,
            key_start: false,
            pictures: None,
            dependency: None,
            parameter_sets: None,
            level: None,
            arrival: at(0),
            capture: None,
            payload: Box::new([0x10, 1, 0, 0]),
        }
    }

    /// The same with a 15-bit picture id and TL0PICIDX.
    pub fn picture(seq: u64, timestamp: u32, id: u16, tl0: u8) -> Packet {
        let [high, low] = (id | 0x8000).to_be_bytes();
        let payload = [0x90, 0xc0, high, low, tl0, 1, 0, 0];
        Packet {
            pictures: Descriptor::parse(&payload).map(|d| d.pictures),
            payload: Box::new(payload),
            ..video(seq, timestamp)
        }
    }

    /// A 20 ms packet of peer 1.
    pub fn audio(seq: u64, timestamp: u32) -> Packet {
        Packet {
            codec: Codec::Opus,
            ..video(seq, timestamp)
        }
    }
}
