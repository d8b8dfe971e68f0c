//! One continuous stream out of many sources: sequence numbers, time stamps and VP8 counters
//! of one slot. What may switch and when is decided in [`super::outgoing`].
//!
//! Sequence numbers are piecewise linear: a [`Piece`] begins at a switch, at a swallowed packet
//! or at a leap of the source, and maps source numbers from there on by a constant offset. A
//! packet that comes late is numbered by the piece it belongs to, so it gets the number that
//! was left free for it. As the number is also the SRTP index, none is given twice.

use std::collections::VecDeque;

use super::packet::{Packet, clock_rate};
use super::window::{Insert, WINDOW, Window};
use crate::drop::Drop;
use crate::ids::{Kind, Seq};
use crate::time::Time;

/// Pieces kept: what lies before the oldest is too old to be worth forwarding.
const PIECES: usize = 16;

/// A source that leaps further ahead than this has lost more than any receiver repairs (Chromium
/// gives up at 200 missing packets), and a leap near 2^15 would break the receiver's rollover guess.
const MAX_LEAP: u64 = 1000;

/// Capture times further than this from what arrival times say are not believed: two paths to
/// the relay differ by tens of milliseconds, and sender reports may lie.
const MAX_SKEW_NANOS: i64 = 500_000_000;

/// Largest step of a time stamp at a switch, in ticks: after a pause of hours the difference must
/// still read as forward modulo 2^32.
const MAX_STEP: i64 = 1 << 30;

/// Least step from one frame to the next in ticks: 20 ms of Opus, or a frame at 30 per second.
const fn frame_ticks(kind: Kind) -> i64 {
    match kind {
        Kind::Audio => 960,
        Kind::Video => 3000,
    }
}

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
    pieces: VecDeque<Piece>,
    /// Highest source number of this run, sent or swallowed.
    newest: Seq,
    first: Seq,
    ts_offset: u32,
    counter_offset: Counters,
    last: Option<Last>,
    /// Ticks by which this run is ahead of its true time, because a frame must follow the one
    /// before it; taken back at the next switch so that it does not add up.
    ahead: i64,
}

/// The newest frame given out: what a switch continues from.
#[derive(Clone, Copy, Debug)]
struct Last {
    timestamp: u32,
    arrival: Time,
    capture: Option<Time>,
    counters: Counters,
}

/// From source number `from` on, outgoing numbers count up from `to`.
#[derive(Clone, Copy, Debug)]
struct Piece {
    from: u64,
    to: u64,
}

impl Rewriter {
    /// `random` seeds the first time stamp and the first sequence number. The latter is below 2^15:
    /// a late joiner must not meet a rollover it cannot know of (RFC 3711 section 3.3.1).
    pub fn new(kind: Kind, random: u64) -> Rewriter {
        Rewriter {
            kind,
            used: Window::default(),
            pieces: VecDeque::new(),
            newest: Seq(0),
            first: Seq(random & 0x7fff),
            ts_offset: (random >> 16) as u32,
            counter_offset: Counters::default(),
            last: None,
            ahead: 0,
        }
    }

    /// Continue with `packet`, of another source or after a pause: the next number, and the time
    /// stamp that its distance from the last frame gives, but at least one frame on.
    pub fn switch(&mut self, packet: &Packet) -> Rewritten {
        let seq = self.next();
        self.pieces.clear();
        self.open_piece(packet.seq.0, seq.0);
        self.newest = packet.seq;
        if let Some(last) = self.last {
            let step = self.step(&last, packet);
            self.ts_offset = last
                .timestamp
                .wrapping_add(step as u32)
                .wrapping_sub(packet.timestamp);
            let source = counters(packet);
            self.counter_offset = Counters {
                picture_id: last
                    .counters
                    .picture_id
                    .wrapping_add(1)
                    .wrapping_sub(source.picture_id),
                tl0: last.counters.tl0.wrapping_add(1).wrapping_sub(source.tl0),
            };
        }
        self.used.insert(seq);
        let mut rewritten = self.rewritten(seq, packet);
        rewritten.switched = true;
        // RFC 3551 section 4.1: the marker of an audio packet begins a talkspurt, where a
        // receiver may adjust its playout.
        rewritten.marker |= self.kind == Kind::Audio;
        self.remember(&rewritten, packet);
        rewritten
    }

    /// A further packet of the source that was switched to; it may be late. `TooOld` if no number
    /// was left for it, `Duplicate` if it has had its number.
    pub fn forward(&mut self, packet: &Packet) -> Result<Rewritten, Drop> {
        self.leap(packet.seq);
        let seq = self.number(packet.seq).ok_or(Drop::TooOld)?;
        let insert = self.used.insert(seq);
        let rewritten = self.rewritten(seq, packet);
        match insert {
            Insert::Ahead(_) => self.remember(&rewritten, packet),
            Insert::Behind => {}
            Insert::Duplicate => return Err(Drop::Duplicate),
            Insert::TooOld => return Err(Drop::TooOld),
        }
        self.newest = self.newest.max(packet.seq);
        Ok(rewritten)
    }

    /// A packet of the source that was switched to is not sent: later numbers close up over it,
    /// unless one of them is out already.
    pub fn swallow(&mut self, seq: Seq) {
        self.leap(seq);
        let Some(free) = self.number(seq) else { return };
        if seq <= self.newest {
            return;
        }
        self.newest = seq;
        match self.pieces.back_mut() {
            // A burst of padding is one hole, not one piece each.
            Some(piece) if piece.from == seq.0 => piece.from += 1,
            _ => self.open_piece(seq.0 + 1, free.0),
        }
    }

    /// Whether `seq` lies so far back that it is no late packet: its publisher has begun to count anew.
    pub fn restarted(&self, seq: Seq) -> bool {
        seq.0 + WINDOW < self.newest.0
    }

    /// The slot's time stamp at `now`, extrapolated from the newest frame; none before the first.
    pub fn timestamp_at(&self, now: Time) -> Option<u32> {
        let last = self.last?;
        let elapsed = nanos(last.capture.unwrap_or(last.arrival), now);
        Some(last.timestamp.wrapping_add(self.ticks(elapsed) as u32))
    }

    fn next(&self) -> Seq {
        self.used
            .highest()
            .map_or(self.first, |highest| Seq(highest.0 + 1))
    }

    /// The number that belongs to source number `seq`, if any was left for it.
    fn number(&self, seq: Seq) -> Option<Seq> {
        let mut limit = u64::MAX;
        for piece in self.pieces.iter().rev() {
            if let Some(distance) = seq.0.checked_sub(piece.from) {
                return Some(Seq(piece.to + distance)).filter(|number| number.0 < limit);
            }
            limit = piece.to;
        }
        None
    }

    fn leap(&mut self, seq: Seq) {
        if seq.0 > self.newest.0 + MAX_LEAP && !self.pieces.is_empty() {
            self.open_piece(seq.0, self.next().0);
        }
    }

    fn open_piece(&mut self, from: u64, to: u64) {
        if self.pieces.len() == PIECES {
            self.pieces.pop_front();
        }
        self.pieces.push_back(Piece { from, to });
    }

    fn rewritten(&self, seq: Seq, packet: &Packet) -> Rewritten {
        let source = counters(packet);
        let offset = self.counter_offset;
        Rewritten {
            seq,
            timestamp: packet.timestamp.wrapping_add(self.ts_offset),
            marker: packet.marker,
            vp8: packet.vp8.map(|_| Counters {
                picture_id: source.picture_id.wrapping_add(offset.picture_id) & 0x7fff,
                tl0: source.tl0.wrapping_add(offset.tl0),
            }),
            switched: false,
        }
    }

    fn remember(&mut self, out: &Rewritten, packet: &Packet) {
        let counters = out
            .vp8
            .or(self.last.map(|l| l.counters))
            .unwrap_or_default();
        match &mut self.last {
            // Further packets of a frame come later than it was captured; the first is nearest.
            Some(last) if last.timestamp == out.timestamp => last.counters = counters,
            last => {
                *last = Some(Last {
                    timestamp: out.timestamp,
                    arrival: packet.arrival,
                    capture: packet.capture,
                    counters,
                });
            }
        }
    }

    /// Ticks from the last frame to `packet`, and what that runs ahead of the true time.
    fn step(&mut self, last: &Last, packet: &Packet) -> i64 {
        let frame = frame_ticks(self.kind);
        let truth = self.ticks(elapsed_nanos(last, packet)) - self.ahead;
        let mut step = truth.clamp(frame, MAX_STEP);
        if self.kind == Kind::Audio {
            // Opus decoders count in whole frames; an odd step would be heard as a gap.
            step = (step + frame / 2) / frame * frame;
        }
        self.ahead = (step - truth).clamp(-frame, i64::from(clock_rate(self.kind)));
        step
    }

    fn ticks(&self, nanos: i64) -> i64 {
        (i128::from(nanos) * i128::from(clock_rate(self.kind)) / 1_000_000_000) as i64
    }
}

/// Capture times if both are known and credible, for then two layers of one frame are the same
/// instant whatever their ways took; arrival times otherwise.
fn elapsed_nanos(last: &Last, packet: &Packet) -> i64 {
    let by_arrival = nanos(last.arrival, packet.arrival);
    let by_capture = last
        .capture
        .zip(packet.capture)
        .map(|(from, to)| nanos(from, to));
    by_capture
        .filter(|by_capture| by_capture.abs_diff(by_arrival) <= MAX_SKEW_NANOS as u64)
        .unwrap_or(by_arrival)
}

fn nanos(from: Time, to: Time) -> i64 {
    to.0.wrapping_sub(from.0) as i64
}

fn counters(packet: &Packet) -> Counters {
    packet
        .vp8
        .map_or(Counters::default(), |descriptor| Counters {
            picture_id: descriptor.picture_id.unwrap_or(0),
            tl0: descriptor.tl0.unwrap_or(0),
        })
}
