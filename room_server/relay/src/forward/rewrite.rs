//! One continuous stream out of many sources: sequence numbers, time stamps and VP8 counters
//! of one slot. What may switch and when is decided in [`super::outgoing`].
//!
//! Sequence numbers are piecewise linear: a [`Piece`] begins at a switch, at a swallowed packet
//! or at a leap of the source, and maps source numbers from there on by a constant offset. A
//! packet that comes late is numbered by the piece it belongs to, so it gets the number that
//! was left free for it. As the number is also the SRTP index, none is given twice.

use super::packet::{Packet, clock_rate};
use super::window::{Insert, WINDOW, Window};
use crate::drop::Drop;
use crate::ids::{Kind, Seq};
use crate::time::{Duration, Time};

/// Pieces kept: padding that is swallowed comes in bursts, and what lies before the oldest
/// piece is too old to be worth forwarding.
const PIECES: usize = 16;

/// A source that leaps further ahead than this has lost more than any receiver repairs (Chromium
/// gives up at 200 missing packets), and a leap near 2^15 would break the receiver's rollover guess.
const MAX_LEAP: u64 = 1000;

/// Capture times further than this from what arrival times say are not believed: two paths to
/// the relay differ by tens of milliseconds, and sender reports may lie.
const MAX_SKEW: Duration = Duration::from_millis(500);

/// VP8 counters as they go out; the descriptor's `patch` writes those that the packet has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Picture id, 15 bits.
    pub picture_id: u16,
    /// TL0PICIDX.
    pub tl0: u8,
}

/// What of a packet is different on its way out of a slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rewritten {
    /// Sequence number, and with it the SRTP index: never given twice by one rewriter.
    pub seq: Seq,
    /// RTP time stamp.
    pub timestamp: u32,
    /// RTP marker bit.
    pub marker: bool,
    /// VP8 counters, for packets that carry a VP8 descriptor.
    pub vp8: Option<Counters>,
    /// First packet of another source, or after a pause: a sender report is due now.
    pub switched: bool,
}

/// The numbering of one slot; lives as long as the slot's SSRC.
#[derive(Clone, Debug)]
pub struct Rewriter {
    kind: Kind,
    used: Window,
    first: Seq,
    pieces: Pieces,
    ts_offset: u32,
    counters_offset: Counters,
    last: Option<Last>,
}

/// The newest packet given out: what a switch continues from.
#[derive(Clone, Copy, Debug)]
struct Last {
    timestamp: u32,
    arrival: Time,
    capture: Option<Time>,
    counters: Counters,
    /// Ticks by which this run is ahead of its true time, because a frame must follow the one
    /// before it; taken back at the next switch so that it does not add up.
    ahead: u32,
}

impl Rewriter {
    /// `random` seeds the first sequence number, which is below 2^15: a late joiner must not meet a
    /// rollover before it has seen the number near it (RFC 3711 section 3.3.1), and the first time stamp.
    pub fn new(kind: Kind, random: u64) -> Rewriter {
        Rewriter {
            kind,
            used: Window::default(),
            first: Seq(random & 0x7fff),
            pieces: Pieces::default(),
            ts_offset: (random >> 16) as u32,
            counters_offset: Counters::default(),
            last: None,
        }
    }

    /// Continue with this packet, of another source or after a pause: the next number, and the
    /// time stamp that its distance from the last packet gives, at least one frame.
    pub fn switch(&mut self, packet: &Packet) -> Rewritten {
        todo!()
    }

    /// A further packet of the source that was switched to; it may be late.
    pub fn forward(&mut self, packet: &Packet) -> Result<Rewritten, Drop> {
        todo!()
    }

    /// A packet of the current source that is not sent: later numbers close up over it, unless one is already out.
    pub fn swallow(&mut self, seq: Seq) {
        todo!()
    }

    /// The time stamp of the slot at `now`, extrapolated from the newest packet: for sender reports.
    pub fn timestamp_at(&self, now: Time) -> Option<u32> {
        todo!()
    }
}

/// From source number `from` on, outgoing numbers count up from `to`.
#[derive(Clone, Copy, Debug)]
struct Piece {
    from: u64,
    to: u64,
}

/// The latest pieces, oldest first.
#[derive(Clone, Debug, Default)]
struct Pieces {
    list: [Option<Piece>; PIECES],
}
