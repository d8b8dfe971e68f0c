//! Codec payload headers: only what forwarding needs.

pub mod av1;
pub mod h264;
pub mod opus;
mod pictures;
#[cfg(test)]
mod real;
pub mod vp8;
pub mod vp9;

use crate::ids::Kind;
pub use pictures::Pictures;

/// The codecs that are forwarded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Codec {
    /// RFC 7587, 48 kHz.
    Opus,
    /// RFC 7741, 90 kHz.
    Vp8,
    /// RFC 6184, packetization mode 1, 90 kHz.
    H264,
    /// RFC 9628, 90 kHz.
    Vp9,
    /// RTP payload format for AV1 of the Alliance for Open Media, 90 kHz.
    Av1,
}

impl Codec {
    /// How many there are.
    pub const COUNT: usize = Codec::Av1 as usize + 1;

    /// A codec is for one kind of media.
    pub const fn kind(self) -> Kind {
        match self {
            Codec::Opus => Kind::Audio,
            Codec::Vp8 | Codec::H264 | Codec::Vp9 | Codec::Av1 => Kind::Video,
        }
    }
}
