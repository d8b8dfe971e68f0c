//! Newtypes for the numbers that must not be mixed up.

/// A participant's transport, given by the control side; never reused within a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PeerId(pub u32);

/// A town hall, given by the control side.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct HallId(pub u32);

/// An output of a town hall: 1..=16 are stage seats, [`SeatId::SPEAKER`] follows the
/// active speaker, [`SeatId::SCREEN`] is the shared screen, 200.. are languages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SeatId(pub u16);

impl SeatId {
    /// The seat that shows whoever speaks; moved by the relay itself.
    pub const SPEAKER: SeatId = SeatId(0);
    /// The shared screen.
    pub const SCREEN: SeatId = SeatId(100);

    /// Whether this is one of the numbered seats of the stage: only these can be the active speaker.
    pub fn is_stage(self) -> bool {
        (1..=16).contains(&self.0)
    }
}

/// One media source of a publisher: the n-th m-section of its offer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TrackId {
    /// Who sends it.
    pub peer: PeerId,
    /// Index of the m-section in the offer.
    pub section: u8,
}

/// RTP synchronisation source (RFC 3550 section 3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Ssrc(pub u32);

/// RTP payload type, 0..=127.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Pt(pub u8);

/// A sequence number extended once at the door: rollovers counted in, so that a u16 wrap cannot be typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Seq(pub u64);

impl Seq {
    /// The 16 bits that go on the wire.
    pub fn wire(self) -> u16 {
        (self.0 & 0xffff) as u16
    }
}

/// Audio or video.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Opus.
    Audio,
    /// One of the video codecs.
    Video,
}
