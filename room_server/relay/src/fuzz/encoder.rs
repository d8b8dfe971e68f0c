//! What the publishers of the fuzz body `slot` send.

use crate::client::vp8_payload;
use crate::codec::Codec;
use crate::codec::vp8::Descriptor;
use crate::forward::packet::{Packet, Source};
use crate::ids::Seq;
use crate::time::Time;

/// What the relay kept of a camera's parameter sets; here they are only carried.
pub(super) const SETS: [u8; 5] = [0x67, 1, 2, 3, 4];

/// What one encoding counts.
#[derive(Clone, Copy)]
pub(super) struct Encoder {
    pub codec: Codec,
    pub seq: u64,
    pub timestamp: u32,
    pub picture: u16,
}

/// The packet that the encoder sends now; each has other bytes.
pub(super) fn made(
    source: Source,
    encoder: Encoder,
    (begins, key): (bool, bool),
    arrival: Time,
    padding: bool,
) -> Packet {
    let mut payload = match encoder.codec {
        Codec::Vp8 => vp8_payload(begins, key, encoder.picture, 20),
        _ => vec![0x78],
    };
    payload.extend(encoder.seq.to_be_bytes());
    payload.push(source.track.peer.0 as u8);
    payload.push(source.layer);
    if padding {
        payload.clear();
    }
    let descriptor = Descriptor::parse(&payload).filter(|_| encoder.codec == Codec::Vp8);
    // A camera of H.264 that sends its parameter sets seldom: the relay sends what it kept.
    let bare = encoder.codec == Codec::H264 && begins && key && !padding;
    Packet {
        source,
        seq: Seq(encoder.seq),
        timestamp: encoder.timestamp,
        marker: false,
        codec: encoder.codec,
        key_start: bare || descriptor.is_some_and(|d| d.key_start()),
        pictures: descriptor.map(|d| d.pictures),
        dependency: None,
        parameter_sets: bare.then(|| SETS.into()),
        level: None,
        arrival,
        capture: None,
        payload: payload.into(),
    }
}
