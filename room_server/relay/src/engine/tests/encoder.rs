//! What cameras of the tests send: frames as the payload format of each codec cuts them.

use super::*;
use crate::codec::Codec;

/// Payload types of retransmissions at every peer.
pub(crate) const RTX: [Pt; 4] = [Pt(97), Pt(103), Pt(99), Pt(46)];

/// Parameter sets of Chromium's H.264 encoder, in a STAP-A as it sends them.
pub(crate) const SETS: [u8; 27] = [
    0x78, 0x00, 0x12, 0x67, 0x42, 0xc0, 0x15, 0x8c, 0x8d, 0x40, 0xa0, 0xf9, 0x35, 0x06, 0x06, 0x06,
    0x07, 0x84, 0x42, 0x35, 0x00, 0x00, 0x04, 0x68, 0xce, 0x3c, 0x80,
];

/// Of Chromium's AV1 encoder with three temporal layers: the template structure of a keyframe.
pub(crate) const STRUCTURE: [u8; 20] = [
    0x80, 0x00, 0x01, 0x80, 0x02, 0x14, 0xea, 0xa8, 0x60, 0x41, 0x4d, 0x14, 0x10, 0x20, 0x84, 0x27,
    0x01, 0x3f, 0x00, 0xef,
];

/// Payload size of a test's packet.
const SIZE: usize = 200;

/// How a camera encodes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Encoder {
    pub codec: Codec,
    /// H.264: keyframes come without parameter sets.
    pub bare: bool,
}

/// One packet of a frame.
#[derive(Debug, Default)]
pub(crate) struct Encoded {
    pub payload: Vec<u8>,
    pub dependency: Vec<u8>,
}

impl Default for Encoder {
    fn default() -> Encoder {
        Encoder::of(Codec::Vp8)
    }
}

impl Encoder {
    pub const ALL: [Encoder; 5] = [
        Encoder::of(Codec::Vp8),
        Encoder::of(Codec::H264),
        Encoder::of(Codec::Vp9),
        Encoder::of(Codec::Av1),
        Encoder::BARE,
    ];

    pub const BARE: Encoder = Encoder {
        codec: Codec::H264,
        bare: true,
    };

    pub const fn of(codec: Codec) -> Encoder {
        Encoder { codec, bare: false }
    }

    pub fn pt(self) -> Pt {
        match self.codec {
            Codec::Opus => OPUS,
            Codec::Vp8 => Pt(96),
            Codec::H264 => Pt(102),
            Codec::Vp9 => Pt(98),
            Codec::Av1 => Pt(45),
        }
    }

    /// The packets of one frame.
    pub fn frame(self, key: bool, picture: u16, count: usize) -> Vec<Encoded> {
        let packet = |n: usize| {
            let (first, last) = (n == 0, n + 1 == count);
            let dependency = match self.codec {
                Codec::Av1 => dependency(key, picture, first, last),
                _ => vec![],
            };
            let mut payload = match self.codec {
                Codec::H264 => self.h264(key, n, count),
                Codec::Vp9 => vp9(key, picture, first, last),
                Codec::Av1 => av1(key, first, last),
                Codec::Opus | Codec::Vp8 => vp8_payload(first, key, picture, SIZE),
            };
            // Aggregates end with their last unit.
            if payload[0] & 0x1f != 24 || self.codec != Codec::H264 {
                payload.resize(SIZE, 0x55);
            }
            Encoded {
                payload,
                dependency,
            }
        };
        (0..count).map(packet).collect()
    }

    /// A keyframe's parameter sets, then its slice in as many fragments as are left.
    fn h264(self, key: bool, n: usize, count: usize) -> Vec<u8> {
        let kind = if key { 5 } else { 1 };
        let sets = usize::from(key && !self.bare && count > 1);
        match (n.checked_sub(sets), count - sets) {
            (None, _) => SETS.to_vec(),
            (Some(_), 1) => vec![0x60 | kind, 0x88],
            (Some(0), _) => vec![0x7c, 0x80 | kind, 0x88],
            (Some(n), parts) => vec![0x7c, u8::from(n + 1 == parts) << 6 | kind, 0x9a],
        }
    }
}

/// Not flexible, one spatial layer, a keyframe of profile 0.
fn vp9(key: bool, picture: u16, first: bool, last: bool) -> Vec<u8> {
    let [high, low] = (picture | 0x8000).to_be_bytes();
    let flags = 0xa0 | u8::from(!key) << 6 | u8::from(first) << 3 | u8::from(last) << 2;
    let frame = if key { 0x82 } else { 0x86 };
    vec![flags, high, low, 0x00, picture as u8, frame]
}

/// A sequence header and a frame in fragments.
fn av1(key: bool, first: bool, last: bool) -> Vec<u8> {
    match (key, first) {
        (true, true) => vec![0x28 | u8::from(!last) << 6, 2, 0x08, 0, 0x30],
        _ => vec![u8::from(!first) << 7 | u8::from(!last) << 6 | 0x10, 0x30],
    }
}

fn dependency(key: bool, picture: u16, first: bool, last: bool) -> Vec<u8> {
    let mut value = if key && first {
        STRUCTURE.to_vec()
    } else {
        vec![0; 3]
    };
    value[0] = u8::from(first) << 7 | u8::from(last) << 6;
    value[1..3].copy_from_slice(&picture.to_be_bytes());
    value
}
