//! One decrypted media packet, shared and immutable: the same buffer serves every slot of
//! every worker, and the retransmission cache of each.

use crate::codec::vp8;
use crate::ids::{Seq, TrackId};
use crate::time::Time;

/// What the forwarding path needs to know of a codec.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Codec {
    /// RFC 7587, 48 kHz.
    Opus,
    /// RFC 7741, 90 kHz.
    Vp8,
}

/// Audio level of RFC 6464: 0 is the loudest, 127 silence (-dBov), and the voice-activity bit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Level {
    /// -dBov, 0..=127.
    pub dbov: u8,
    /// The sender believes that this is speech.
    pub voice: bool,
}

/// A packet after `unprotect`, parsed once. RTX is already undone: `seq`, `timestamp` and
/// payload are those of the original packet.
#[derive(Debug)]
pub struct Packet {
    /// Whose it is.
    pub track: TrackId,
    /// Index of the simulcast encoding, 0 the smallest; 0 for audio and single streams.
    pub layer: u8,
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
    /// VP8 payload descriptor, with the offsets of what is rewritten.
    pub vp8: Option<vp8::Descriptor>,
    /// Audio level extension, clamped.
    pub level: Option<Level>,
    /// When the kernel received it.
    pub arrival: Time,
    /// Payload without RTP header, extensions and padding.
    pub payload: Box<[u8]>,
}
